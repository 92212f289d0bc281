// The sound of the room, on the audio thread: weighted sum of recording and stems, hearing aid, simulated loss of hearing,
// volume, limiter.

import { MultibandCompressor } from "./compressor";
import { Limiter } from "./limiter";
import { LossEar } from "./loss";
import { LoudnessMeter } from "./loudness-meter";
import type { AidSettings, Command, EarSettings, EngineOptions, Levels, LossFilters, Report, Samples } from "./protocol";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, kind: new (options: { processorOptions?: EngineOptions }) => AudioWorkletProcessor): void;

const QUANTUM = 128;
const GLIDE_S = 0.012;
const FADE_S = 0.012;
const FIRST_FADE_S = 0.4;
const REPORT_EVERY = 12;

interface Block {
  signals: Samples[];
  scales: number[];
}

/** A value that glides to its target, linearly within a quantum. */
class Glide {
  target: number;
  private step = 0;
  constructor(public value: number) {
    this.target = value;
  }
  /** Whether it is, or has just been, above zero. */
  get isOn(): boolean {
    return this.value > 0 || this.step !== 0;
  }
  /** Advances by one quantum. */
  advance(share: number): void {
    let next = this.value + (this.target - this.value) * share;
    if (Math.abs(next - this.target) <= 1e-5 * Math.max(1e-3, Math.abs(this.target))) next = this.target;
    this.step = (next - this.value) / QUANTUM;
    this.value = next;
  }
  /** The value at one of n samples. */
  at(i: number, n: number): number {
    return this.value - this.step * (n - 1 - i);
  }
}

/** Everything between music and ears. */
class Engine extends AudioWorkletProcessor {
  private readonly share: number;
  private readonly immediate: boolean;
  private readonly blocks = new Map<number, Block>();
  private readonly ears = [new Float64Array(QUANTUM), new Float64Array(QUANTUM)];
  private readonly aided = [new Float64Array(QUANTUM), new Float64Array(QUANTUM)];
  private readonly simulated = [new Float64Array(QUANTUM), new Float64Array(QUANTUM)];
  private readonly limiter = new Limiter(sampleRate);
  private readonly meter = new LoudnessMeter(sampleRate);
  private readonly levels: Record<keyof Levels, Glide> = {
    plain: new Glide(0),
    aidInput: new Glide(0),
    aidOutput: new Glide(0),
    aidUnmatched: new Glide(0),
    volume: new Glide(0),
  };
  private readonly aidShare = new Glide(0);
  private readonly lossShare = new Glide(0);
  private weights: Glide[] = [];
  private aid: AidSettings | null = null;
  private fitted: [EarSettings, EarSettings] | null = null;
  private compressors: MultibandCompressor[] | null = null;
  private damaged: LossEar[] | null = null;
  private nChannels = 1;
  private nSamples = 0;
  private blockLength = 1;
  private position = 0;
  private playing = false;
  private waiting = false;
  private ended = false;
  private loop: [number, number] | null = null;
  private jump: number | null = null;
  private fade = 0;
  private begun = false;
  private quanta = 0;
  private stemPowers: number[] = [];
  private smallestGain = 1;

  constructor(options: { processorOptions?: EngineOptions }) {
    super();
    this.immediate = options.processorOptions?.immediate ?? false;
    this.share = this.immediate ? 1 : 1 - Math.exp(-QUANTUM / (GLIDE_S * sampleRate));
    this.port.onmessage = (event: MessageEvent<Command>) => this.obey(event.data);
    for (const command of options.processorOptions?.commands ?? []) this.obey(command);
    if (this.immediate) this.settle();
  }

  /** Lets every value be at its target. */
  private settle(): void {
    for (const glide of [...this.weights, ...Object.values(this.levels), this.aidShare, this.lossShare]) glide.value = glide.target;
    this.fade = this.playing ? 1 : 0;
    this.begun = true;
  }

  private obey(command: Command): void {
    switch (command.kind) {
      case "music":
        this.blocks.clear();
        this.weights = Array.from({ length: command.nSignals }, (_, i) => new Glide(i === 0 ? 1 : 0));
        this.stemPowers = new Array(command.nSignals - 1).fill(0);
        this.nChannels = command.nChannels;
        this.nSamples = command.nSamples;
        this.blockLength = command.blockLength;
        this.aid = command.aid;
        this.position = 0;
        this.playing = this.ended = this.begun = false;
        this.loop = this.jump = null;
        this.fade = 0;
        break;
      case "block":
        this.blocks.set(command.index, command);
        break;
      case "drop":
        this.blocks.delete(command.index);
        break;
      case "mix":
        command.weights.forEach((weight, i) => (this.weights[i].target = weight));
        for (const name of Object.keys(command.levels) as (keyof Levels)[]) this.levels[name].target = command.levels[name];
        break;
      case "aid":
        this.setAid(command.on, command.ears);
        break;
      case "loss":
        this.setLoss(command.ears);
        break;
      case "play":
        if (command.on && this.ended) this.position = this.loop?.[0] ?? 0;
        this.ended = false;
        this.playing = command.on;
        break;
      case "seek":
        this.ended = false;
        this.goTo(command.sample);
        break;
      case "loop":
        this.loop = command.range;
        if (this.loop && (this.position < this.loop[0] || this.position >= this.loop[1])) this.goTo(this.loop[0]);
        break;
    }
  }

  /** Jumps at once in silence, otherwise when the sound has faded. */
  private goTo(sample: number): void {
    if (this.fade === 0) this.position = sample;
    else this.jump = sample;
  }

  private setAid(on: boolean, ears: [EarSettings, EarSettings] | null): void {
    this.fitted = ears ?? this.fitted;
    const usable = on && this.fitted !== null && this.aid !== null;
    if (usable && this.compressors === null) {
      this.compressors = this.fitted!.map((ear) => new MultibandCompressor(this.aid!, ear, sampleRate, QUANTUM));
    } else if (usable) {
      this.fitted!.forEach((ear, i) => this.compressors![i].set(ear));
    }
    this.aidShare.target = usable ? 1 : 0;
  }

  private setLoss(ears: [LossFilters, LossFilters] | null): void {
    if (ears && this.damaged === null) this.damaged = ears.map((filters) => new LossEar(filters, QUANTUM));
    else if (ears) ears.forEach((filters, i) => this.damaged![i].set(filters));
    this.lossShare.target = ears ? 1 : 0;
  }

  process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0];
    const n = output[0].length;
    for (const ear of this.ears) ear.fill(0);
    if (this.weights.length) this.advance(n);
    this.applyLevels(n);
    this.smallestGain = Math.min(this.smallestGain, this.limiter.process(this.ears[0], this.ears[1], n));
    this.meter.add(this.ears, n);
    output.forEach((channel, i) => channel.set(this.ears[Math.min(i, 1)].subarray(0, n)));
    if (++this.quanta % REPORT_EVERY === 0) this.report();
    return true;
  }

  /** Writes the weighted sum of this quantum, faded where the sound begins, ends or jumps. */
  private advance(n: number): void {
    for (const weight of this.weights) weight.advance(this.share);
    const fadeSamples = (this.begun ? FADE_S : FIRST_FADE_S) * sampleRate;
    const end = this.loop && this.position < this.loop[1] ? this.loop[1] : this.nSamples;
    // Whatever lies within a fade of the position has to be there, so that the sound never breaks off.
    const needed = Math.min(this.position + n + FADE_S * sampleRate, this.nSamples - 1);
    this.waiting = this.playing && (!this.has(this.position) || !this.has(needed));
    const atLoopEnd = this.loop !== null && end === this.loop[1] && this.position + FADE_S * sampleRate >= end;
    if (atLoopEnd && this.jump === null && this.playing) this.jump = this.loop![0];
    const up = this.playing && !this.waiting && this.jump === null;
    const target = up ? 1 : 0;
    if (this.fade === 0 && !up) {
      if (this.jump !== null) {
        this.position = this.jump;
        this.jump = null;
      }
      return;
    }
    for (let i = 0; i < n; i++) {
      if (this.position + i >= this.nSamples) {
        this.playing = false;
        this.ended = true;
        this.fade = 0;
        this.position = this.nSamples;
        return;
      }
      const step = 1 / fadeSamples;
      this.fade = this.immediate ? target : target > this.fade ? Math.min(1, this.fade + step) : Math.max(0, this.fade - step);
      this.addSample(i, n);
    }
    if (this.fade === 1) this.begun = true;
    this.position += n;
  }

  private has(sample: number): boolean {
    return this.blocks.has(Math.floor(sample / this.blockLength));
  }

  private addSample(i: number, n: number): void {
    const sample = this.position + i;
    const index = Math.floor(sample / this.blockLength);
    const block = this.blocks.get(index);
    if (!block) return;
    const at = sample - index * this.blockLength;
    for (let signal = 0; signal < this.weights.length; signal++) {
      const weight = this.weights[signal].at(i, n);
      const scale = block.scales[signal];
      for (let channel = 0; channel < this.nChannels; channel++) {
        const x = block.signals[signal * this.nChannels + channel][at] * scale;
        this.ears[channel][i] += weight * x * this.fade;
        if (signal > 0) this.stemPowers[signal - 1] += x * x;
      }
    }
    if (this.nChannels === 1) this.ears[1][i] = this.ears[0][i];
  }

  /** Plain or aided, as it is or as a damaged ear hears it, or a little of both while a switch glides; then the volume. */
  private applyLevels(n: number): void {
    const { plain, aidInput, aidOutput, aidUnmatched, volume } = this.levels;
    for (const glide of [plain, aidInput, aidOutput, aidUnmatched, volume, this.aidShare, this.lossShare]) {
      glide.advance(this.share);
    }
    const isAided = this.compressors !== null && this.aidShare.isOn;
    const isSimulated = this.damaged !== null && this.lossShare.isOn;
    this.ears.forEach((ear, index) => {
      const aided = this.aided[index];
      const simulated = this.simulated[index];
      if (isAided) {
        for (let i = 0; i < n; i++) aided[i] = ear[i] * aidInput.at(i, n);
        this.compressors![index].process(aided, n);
      }
      for (let i = 0; i < n; i++) {
        const share = this.aidShare.at(i, n);
        const unaided = ear[i] * plain.at(i, n) * (1 - share);
        ear[i] = unaided + (isAided ? aided[i] * aidOutput.at(i, n) * share : 0);
        if (isSimulated) simulated[i] = unaided + (isAided ? aided[i] * aidUnmatched.at(i, n) * share : 0);
      }
      if (isSimulated) this.damaged![index].process(simulated, n);
      for (let i = 0; i < n; i++) {
        const share = this.lossShare.at(i, n);
        const y = isSimulated ? ear[i] * (1 - share) + simulated[i] * share : ear[i];
        ear[i] = y * volume.at(i, n);
      }
    });
    if (!isAided && this.aidShare.target === 0) this.compressors = null;
    if (!isSimulated && this.lossShare.target === 0) this.damaged = null;
  }

  private report(): void {
    const n = REPORT_EVERY * QUANTUM * this.nChannels;
    const report: Report = {
      position: Math.min(this.position, this.nSamples),
      playing: this.playing,
      waiting: this.waiting,
      ended: this.ended,
      stemLevels: this.stemPowers.map((power) => Math.sqrt(power / n)),
      loudness: this.meter.lufs,
      limitedDb: -20 * Math.log10(this.smallestGain),
    };
    this.stemPowers.fill(0);
    this.smallestGain = 1;
    this.port.postMessage(report);
  }
}

registerProcessor("rebalance-engine", Engine);
