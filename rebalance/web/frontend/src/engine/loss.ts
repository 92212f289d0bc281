// What an ear with a loss of hearing hears: see `rebalance.hearing.live_loss_filters`.

import { Biquad } from "./biquad";
import { Fft } from "./fft";
import type { LossFilter, LossFilters } from "./protocol";

const FFT_SIZE = 512;
const N_BINS = FFT_SIZE / 2;
const FRAME = 256;
const HOP = 64;
const STEP = 16;
const MIN_ENVELOPE = 1e-9;

/** Changes the power spectrum of overlapping frames; late by three hops. */
class Smearer {
  private readonly rows: [number, Float64Array][];
  private readonly fft = new Fft(FFT_SIZE);
  private readonly window = Float64Array.from(
    { length: FRAME },
    (_, i) => (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / FRAME)) / Math.sqrt(1.5),
  );
  private readonly frame = new Float64Array(FRAME);
  private readonly sum = new Float64Array(FRAME);
  private readonly real = new Float64Array(FFT_SIZE);
  private readonly imaginary = new Float64Array(FFT_SIZE);
  private readonly powers = new Float64Array(N_BINS);

  constructor(rows: [number, number[]][]) {
    this.rows = rows.map(([first, weights]) => [first, Float64Array.from(weights)]);
  }

  /** Replaces n samples, a whole number of hops. */
  process(signal: Float64Array, n: number): void {
    for (let at = 0; at < n; at += HOP) {
      const hop = signal.subarray(at, at + HOP);
      this.frame.copyWithin(0, HOP);
      this.frame.set(hop, FRAME - HOP);
      this.addFrame();
      hop.set(this.sum.subarray(0, HOP));
      this.sum.copyWithin(0, HOP);
      this.sum.fill(0, FRAME - HOP);
    }
  }

  private addFrame(): void {
    const { real, imaginary, frame, window, sum } = this;
    real.fill(0);
    imaginary.fill(0);
    for (let i = 0; i < FRAME; i++) real[i] = frame[i] * window[i];
    this.fft.forward(real, imaginary);
    this.smear();
    // The upper half mirrors the lower one, so that the signal is real.
    real[N_BINS] = imaginary[N_BINS] = imaginary[0] = 0;
    for (let bin = 1; bin < N_BINS; bin++) {
      real[FFT_SIZE - bin] = real[bin];
      imaginary[FFT_SIZE - bin] = -imaginary[bin];
    }
    this.fft.backward(real, imaginary);
    for (let i = 0; i < FRAME; i++) sum[i] += real[i] * window[i];
  }

  /** Changes the magnitudes of the lower half of the spectrum; the phases stay, but for negative powers. */
  private smear(): void {
    const { real, imaginary, powers, rows } = this;
    for (let bin = 0; bin < N_BINS; bin++) powers[bin] = real[bin] ** 2 + imaginary[bin] ** 2;
    for (let bin = 0; bin < N_BINS; bin++) {
      const first = rows[bin][0];
      const weights = rows[bin][1];
      let power = 0;
      for (let i = 0; i < weights.length; i++) power += weights[i] * powers[first + i];
      const factor = powers[bin] > 0 ? Math.sqrt(Math.abs(power) / powers[bin]) : 0;
      const re = real[bin] * factor;
      const im = imaginary[bin] * factor;
      real[bin] = power < 0 ? -im : re;
      imaginary[bin] = power < 0 ? re : im;
    }
  }
}

/** One filter of the cochlea, whose output is fainter the fainter it is. */
class Channel {
  private readonly sections: Biquad[];
  private readonly output: Float64Array;
  private readonly taps: Float64Array;
  /** Means of the rectified output; twice the same, so that the latest lie side by side. */
  private readonly means: Float64Array;
  private readonly history: Float64Array;
  private newest = 0;
  private gain = 0;
  private at = 0;
  /** How late the gain is known: after half of the taps and half a step. */
  readonly late: number;

  constructor(private readonly filter: LossFilter, private readonly largest: number, blockLength: number) {
    this.sections = filter.sections.map(([b0, b1, b2, a1, a2]) => new Biquad(b0, b1, b2, a1, a2));
    this.output = new Float64Array(blockLength);
    this.taps = Float64Array.from(filter.envelope);
    this.means = new Float64Array(2 * this.taps.length);
    const envelopeLate = STEP * ((this.taps.length - 1) / 2) + STEP / 2;
    this.history = new Float64Array(envelopeLate + 1);
    this.late = filter.late + envelopeLate;
  }

  /** Adds the output to a ring, so many samples after now. */
  addTo(ring: Float64Array, after: number, signal: Float64Array, n: number): void {
    const { output, history } = this;
    output.set(signal.subarray(0, n));
    for (const section of this.sections) section.process(output, n);
    let { gain, at } = this;
    let to = after % ring.length;
    for (let from = 0; from < n; from += STEP) {
      const wanted = this.nextGain(output, from);
      const step = (wanted - gain) / STEP;
      for (let i = from; i < from + STEP; i++) {
        gain += step;
        history[at] = output[i];
        at = at + 1 === history.length ? 0 : at + 1;
        ring[to] += history[at] * gain;
        to = to + 1 === ring.length ? 0 : to + 1;
      }
      gain = wanted;
    }
    this.gain = gain;
    this.at = at;
  }

  private nextGain(output: Float64Array, from: number): number {
    const { taps, means, largest } = this;
    let mean = 0;
    for (let i = from; i < from + STEP; i++) mean += Math.abs(output[i]);
    means[this.newest] = means[this.newest + taps.length] = mean / STEP;
    this.newest = (this.newest + 1) % taps.length;
    let envelope = 0;
    for (let i = 0; i < taps.length; i++) envelope += taps[i] * means[this.newest + i];
    return (Math.min(Math.max(envelope, MIN_ENVELOPE), largest) / largest) ** this.filter.exponent;
  }
}

/** Simulates one ear, late by `delay` samples. */
class LossSimulator {
  private readonly smearer: Smearer;
  private readonly restorer: Smearer;
  private readonly channels: Channel[];
  private readonly ring: Float64Array;
  private readonly latest: number;
  private start = 0;
  readonly delay: number;

  constructor(private readonly filters: LossFilters, blockLength: number) {
    this.smearer = new Smearer(filters.smearing);
    this.restorer = new Smearer(filters.restoring);
    this.channels = filters.filters.map((filter) => new Channel(filter, filters.largest_envelope, blockLength));
    this.latest = Math.max(...this.channels.map((channel) => channel.late));
    this.ring = new Float64Array(this.latest + blockLength);
    this.delay = this.latest + 2 * (FRAME - HOP);
  }

  /** Replaces the first n samples of a signal by what the ear hears. */
  process(signal: Float64Array, n: number): void {
    const { ring, filters } = this;
    this.smearer.process(signal, n);
    for (const channel of this.channels) channel.addTo(ring, this.start + this.latest - channel.late, signal, n);
    for (let i = 0; i < n; i++) {
      const at = (this.start + i) % ring.length;
      signal[i] = ring[at] * filters.gain;
      ring[at] = 0;
    }
    this.start = (this.start + n) % ring.length;
    this.restorer.process(signal, n);
  }
}

/** An ear whose loss may change while it hears: the new one takes over when it has heard as much as it is late. */
export class LossEar {
  private current: LossSimulator;
  private next: LossSimulator | null = null;
  private left = 0;
  private readonly heard: Float64Array;

  constructor(filters: LossFilters, private readonly blockLength: number) {
    this.current = new LossSimulator(filters, blockLength);
    this.heard = new Float64Array(blockLength);
  }

  set(filters: LossFilters): void {
    this.next = new LossSimulator(filters, this.blockLength);
    this.left = this.next.delay + this.blockLength;
  }

  /** Replaces the first n samples of a signal by what the ear hears. */
  process(signal: Float64Array, n: number): void {
    const { next, heard } = this;
    if (next === null) {
      this.current.process(signal, n);
      return;
    }
    heard.set(signal.subarray(0, n));
    this.current.process(signal, n);
    next.process(heard, n);
    this.left -= n;
    if (this.left > 0) return;
    for (let i = 0; i < n; i++) signal[i] += ((heard[i] - signal[i]) * (i + 1)) / n;
    this.current = next;
    this.next = null;
  }
}
