// Plays the room's music: fetches stretches as they are needed and hands them to the engine.

import { api, type Separation, type Setup } from "./api";
import type { AidSettings, Command, EarSettings, Levels, LossFilters, Report } from "./engine/protocol";

const ENGINE = "/engine.js";
const NAME = "rebalance-engine";
const KEPT_BYTES = 256 * 2 ** 20;
const AHEAD_S = 30;

export interface Mix {
  weights: number[];
  levels: Levels;
  ears: [EarSettings, EarSettings] | null;
  amplified: boolean;
  /** What simulates a loss of hearing, where it is heard. */
  loss: [LossFilters, LossFilters] | null;
}

/** A stretch as the room sends it: see `rebalance.web.listening_room._blocks`. */
export function decodeBlock(content: ArrayBuffer): { signals: Int16Array[]; scales: number[] } {
  const [nSignals, nChannels, nSamples] = new Uint32Array(content, 0, 3);
  const scales = Array.from(new Float32Array(content, 12, nSignals));
  const first = 12 + 4 * nSignals;
  const signals = Array.from(
    { length: nSignals * nChannels },
    (_, row) => new Int16Array(content, first + 2 * row * nSamples, nSamples),
  );
  return { signals, scales };
}

export class Player {
  private context: AudioContext | null = null;
  private node: AudioWorkletNode | null = null;
  private readonly held = new Set<number>();
  private fetching = false;
  private position = 0;
  private latest: Mix | null = null;
  private sentLoss: Mix["loss"] = null;
  private closed = false;

  constructor(
    private readonly setup: Setup,
    private separation: Separation,
    private readonly onReport: (report: Report) => void,
    private readonly onProblem: (problem: unknown) => void,
  ) {}

  /** Prepares the sound; needs no gesture, it stays silent until `play`. */
  async open(): Promise<void> {
    const context = new AudioContext({ sampleRate: this.separation.recording.sample_rate, latencyHint: "interactive" });
    this.context = context;
    await context.audioWorklet.addModule(ENGINE);
    if (this.closed) return;
    this.node = new AudioWorkletNode(context, NAME, { numberOfInputs: 0, outputChannelCount: [2] });
    this.node.port.onmessage = (event: MessageEvent<Report>) => {
      this.position = event.data.position;
      this.onReport(event.data);
      void this.fetchAhead();
    };
    this.node.connect(context.destination);
    this.send(this.music());
    if (this.latest) this.mix(this.latest);
    void this.fetchAhead();
  }

  /** Whether commands reach the sound. */
  get isOpen(): boolean {
    return this.node !== null;
  }

  close(): void {
    this.closed = true;
    this.node?.disconnect();
    void this.context?.close();
  }

  /** Takes news of how far the separation is. */
  update(separation: Separation): void {
    this.separation = separation;
    void this.fetchAhead();
  }

  mix(mix: Mix): void {
    this.latest = mix;
    for (const command of mixCommands(mix)) this.send(command);
    if (this.node && mix.loss !== this.sentLoss) {
      this.send({ kind: "loss", ears: mix.loss });
      this.sentLoss = mix.loss;
    }
  }

  async play(on: boolean): Promise<void> {
    if (on) await this.context?.resume();
    this.send({ kind: "play", on });
  }

  seek(sample: number): void {
    this.position = sample;
    this.send({ kind: "seek", sample });
    void this.fetchAhead();
  }

  loop(range: [number, number] | null): void {
    this.send({ kind: "loop", range });
  }

  /** Renders what would be heard from a time on, without playing it: both ears, and by how many samples they are late. */
  async render(startS: number, durationS: number): Promise<{ ears: [Float32Array, Float32Array]; late: number }> {
    const { recording, n_block, id } = this.separation;
    const late = Math.round(0.005 * recording.sample_rate);
    const first = Math.round(startS * recording.sample_rate);
    const n = Math.round(durationS * recording.sample_rate) + late;
    const last = Math.min(first + n + n_block, recording.n_samples - 1);
    const commands: Command[] = [this.music()];
    for (let index = Math.floor(first / n_block); index <= Math.floor(last / n_block); index++) {
      commands.push({ kind: "block", index, ...decodeBlock(await api.block(id, index)) });
    }
    if (this.latest) commands.push(...mixCommands(this.latest), { kind: "loss", ears: this.latest.loss });
    commands.push({ kind: "seek", sample: first }, { kind: "play", on: true });
    const context = new OfflineAudioContext(2, n, recording.sample_rate);
    await context.audioWorklet.addModule(ENGINE);
    const processorOptions = { commands, immediate: true };
    new AudioWorkletNode(context, NAME, { numberOfInputs: 0, outputChannelCount: [2], processorOptions }).connect(
      context.destination,
    );
    const rendered = await context.startRendering();
    return { ears: [rendered.getChannelData(0), rendered.getChannelData(1)], late };
  }

  private music(): Command {
    const { recording, players, n_block } = this.separation;
    return {
      kind: "music",
      nSignals: players.length + 1,
      nChannels: recording.n_channels,
      nSamples: recording.n_samples,
      blockLength: n_block,
      aid: aidSettings(this.setup),
    };
  }

  private send(command: Command, transfer: Transferable[] = []): void {
    this.node?.port.postMessage(command, transfer);
  }

  /** Fetches the nearest stretch that is missing, then the next; forgets the farthest where there are too many. */
  private async fetchAhead(): Promise<void> {
    if (this.fetching || !this.node) return;
    this.fetching = true;
    try {
      for (let index = this.wanted(); index !== null && !this.closed; index = this.wanted()) {
        const block = decodeBlock(await api.block(this.separation.id, index));
        this.held.add(index);
        this.send({ kind: "block", index, ...block }, [block.signals[0].buffer as ArrayBuffer]);
        this.forgetFarthest();
      }
    } catch (problem) {
      this.onProblem(problem);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    } finally {
      this.fetching = false;
    }
  }

  private wanted(): number | null {
    const { n_block, n_ready, recording } = this.separation;
    const nBlocks = Math.ceil(recording.n_samples / n_block);
    const nReady = n_ready >= recording.n_samples ? nBlocks : Math.floor(n_ready / n_block);
    const now = Math.min(Math.floor(this.position / n_block), nBlocks - 1);
    const reach = Math.max(Math.ceil((AHEAD_S * recording.sample_rate) / n_block), this.capacity() - 2);
    for (let step = 0; step < Math.min(reach, nBlocks); step++) {
      const index = (now + step) % nBlocks;
      if (index < nReady && !this.held.has(index)) return index;
    }
    return null;
  }

  private capacity(): number {
    const { n_block, players, recording } = this.separation;
    return Math.max(8, Math.floor(KEPT_BYTES / (2 * n_block * recording.n_channels * (players.length + 1))));
  }

  private forgetFarthest(): void {
    const { n_block, recording } = this.separation;
    const nBlocks = Math.ceil(recording.n_samples / n_block);
    const now = Math.floor(this.position / n_block);
    const ahead = (index: number) => (index - now + nBlocks) % nBlocks;
    while (this.held.size > this.capacity()) {
      const farthest = [...this.held].reduce((a, b) => (ahead(a) > ahead(b) ? a : b));
      this.held.delete(farthest);
      this.send({ kind: "drop", index: farthest });
    }
  }
}

function aidSettings({ aid }: Setup): AidSettings {
  return {
    crossoverFrequenciesHz: aid.crossover_frequencies_hz,
    thresholdsDb: aid.thresholds_db,
    attacksMs: aid.attacks_ms,
    releasesMs: aid.releases_ms,
  };
}

function mixCommands(mix: Mix): Command[] {
  return [
    { kind: "mix", weights: mix.weights, levels: mix.levels },
    { kind: "aid", on: mix.amplified, ears: mix.ears },
  ];
}
