const LOOK_AHEAD_S = 0.005;
const RELEASE_S = 0.2;
const CEILING = 10 ** (-1 / 20);

/**
 * Keeps both ears below -1 dB re full scale: the smallest gain needed within the look-ahead, held, released slowly and
 * averaged over the look-ahead, so that it is there before the peak is and never steps.
 */
export class Limiter {
  readonly delay: number;
  private readonly left: Float64Array;
  private readonly right: Float64Array;
  private readonly needed: Float64Array;
  private readonly averaged: Float64Array;
  private readonly release: number;
  private at = 0;
  private held = 1;
  private sum: number;

  constructor(sampleRate: number) {
    this.delay = Math.round(LOOK_AHEAD_S * sampleRate);
    this.left = new Float64Array(this.delay);
    this.right = new Float64Array(this.delay);
    this.needed = new Float64Array(this.delay).fill(1);
    this.averaged = new Float64Array(this.delay).fill(1);
    this.release = Math.exp(-1 / (RELEASE_S * sampleRate));
    this.sum = this.delay;
  }

  /** Limits both ears in place; returns the smallest gain used. */
  process(left: Float64Array, right: Float64Array, n: number): number {
    let smallest = 1;
    for (let i = 0; i < n; i++) {
      const peak = Math.max(Math.abs(left[i]), Math.abs(right[i]));
      const leaving = this.needed[this.at];
      this.needed[this.at] = peak > CEILING ? CEILING / peak : 1;
      this.held = this.lowest(leaving);
      this.sum += this.held - this.averaged[this.at];
      this.averaged[this.at] = this.held;
      const gain = Math.min(1, this.sum / this.delay);
      const l = this.left[this.at];
      const r = this.right[this.at];
      this.left[this.at] = left[i];
      this.right[this.at] = right[i];
      left[i] = l * gain;
      right[i] = r * gain;
      if (gain < smallest) smallest = gain;
      this.at = (this.at + 1) % this.delay;
    }
    this.sum = this.averaged.reduce((total, value) => total + value, 0); // no rounding adds up
    return smallest;
  }

  /** The smallest gain needed from the sample that leaves to the newest, or on its way back from there. */
  private lowest(leaving: number): number {
    const floor = this.held;
    if (this.needed[this.at] <= floor) return this.needed[this.at];
    if (floor === 1) return 1;
    const lowest = Math.min(this.scan(), leaving);
    if (lowest <= floor) return lowest;
    const released = lowest - (lowest - floor) * this.release;
    return released > 1 - 1e-7 ? 1 : released;
  }

  private scan(): number {
    let lowest = 1;
    for (let i = 0; i < this.delay; i++) if (this.needed[i] < lowest) lowest = this.needed[i];
    return lowest;
  }
}
