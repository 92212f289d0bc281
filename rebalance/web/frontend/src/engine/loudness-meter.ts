import { Biquad } from "./biquad";

const OFFSET_LU = -0.691;
const WINDOW_S = 0.4;

/** The two filters of BS.1770 for any rate, as pyloudnorm designs them. */
function kWeighting(sampleRate: number): [Biquad, Biquad] {
  const shelf = (() => {
    const a = 10 ** (4 / 40);
    const w = (2 * Math.PI * 1500) / sampleRate;
    const alpha = Math.sin(w) / Math.SQRT2;
    const c = Math.cos(w);
    const root = 2 * Math.sqrt(a) * alpha;
    const a0 = a + 1 - (a - 1) * c + root;
    return new Biquad(
      (a * (a + 1 + (a - 1) * c + root)) / a0,
      (-2 * a * (a - 1 + (a + 1) * c)) / a0,
      (a * (a + 1 + (a - 1) * c - root)) / a0,
      (2 * (a - 1 - (a + 1) * c)) / a0,
      (a + 1 - (a - 1) * c - root) / a0,
    );
  })();
  const w = (2 * Math.PI * 38) / sampleRate;
  const alpha = Math.sin(w);
  const c = Math.cos(w);
  const a0 = 1 + alpha;
  const pass = new Biquad((1 + c) / 2 / a0, -(1 + c) / a0, (1 + c) / 2 / a0, (-2 * c) / a0, (1 - alpha) / a0);
  return [shelf, pass];
}

/** Momentary loudness of what reaches both ears. */
export class LoudnessMeter {
  private readonly filters: [Biquad, Biquad][];
  private readonly scratch = new Float64Array(128);
  private readonly keep: number;
  private power = 0;

  constructor(sampleRate: number) {
    this.filters = [kWeighting(sampleRate), kWeighting(sampleRate)];
    this.keep = Math.exp(-128 / (WINDOW_S * sampleRate));
  }

  add(ears: Float64Array[], n: number): void {
    let power = 0;
    ears.forEach((ear, index) => {
      this.scratch.set(ear.subarray(0, n));
      for (const filter of this.filters[index]) filter.process(this.scratch, n);
      for (let i = 0; i < n; i++) power += this.scratch[i] * this.scratch[i];
    });
    this.power = this.keep * this.power + (1 - this.keep) * (power / n);
  }

  get lufs(): number {
    return this.power > 1e-12 ? OFFSET_LU + 10 * Math.log10(this.power) : -Infinity;
  }
}
