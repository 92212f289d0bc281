/** One second-order section, transposed direct form II, in double precision. */
export class Biquad {
  private z1 = 0;
  private z2 = 0;

  constructor(
    private readonly b0: number,
    private readonly b1: number,
    private readonly b2: number,
    private readonly a1: number,
    private readonly a2: number,
  ) {}

  process(samples: Float64Array, n: number): void {
    const { b0, b1, b2, a1, a2 } = this;
    let { z1, z2 } = this;
    for (let i = 0; i < n; i++) {
      const x = samples[i];
      const y = b0 * x + z1;
      z1 = b1 * x - a1 * y + z2;
      z2 = b2 * x - a2 * y;
      samples[i] = y;
    }
    // What is left of a sound long gone must not slow the processor down.
    this.z1 = Math.abs(z1) < 1e-200 ? 0 : z1;
    this.z2 = Math.abs(z2) < 1e-200 ? 0 : z2;
  }
}

interface Prototype {
  k: number;
  norm: number;
  a1: number;
  a2: number;
}

function butterworth(frequencyHz: number, sampleRate: number): Prototype {
  const k = Math.tan((Math.PI * frequencyHz) / sampleRate);
  const norm = 1 / (1 + Math.SQRT2 * k + k * k);
  return { k, norm, a1: 2 * (k * k - 1) * norm, a2: (1 - Math.SQRT2 * k + k * k) * norm };
}

export function lowPass(frequencyHz: number, sampleRate: number): Biquad {
  const { k, norm, a1, a2 } = butterworth(frequencyHz, sampleRate);
  return new Biquad(k * k * norm, 2 * k * k * norm, k * k * norm, a1, a2);
}

export function highPass(frequencyHz: number, sampleRate: number): Biquad {
  const { norm, a1, a2 } = butterworth(frequencyHz, sampleRate);
  return new Biquad(norm, -2 * norm, norm, a1, a2);
}

/** The sum of a low-pass and a high-pass, each a Butterworth filter applied twice. */
export function allPass(frequencyHz: number, sampleRate: number): Biquad {
  const { a1, a2 } = butterworth(frequencyHz, sampleRate);
  return new Biquad(a2, a1, 1, a1, a2);
}
