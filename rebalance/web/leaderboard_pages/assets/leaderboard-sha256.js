// SHA-256 of what comes in pieces: the browser's own takes only whole messages, and an archive may have gigabytes.
// Source: FIPS 180-4, section 6.2.
const primes = [];
for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
const fraction = (value) => ((value - Math.floor(value)) * 2 ** 32) | 0;
const CONSTANTS = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

export class Sha256 {
  constructor() {
    this.state = START.slice();
    this.schedule = new Int32Array(64);
    this.rest = new Uint8Array(64);
    this.nRest = 0;
    this.nBytes = 0;
  }

  update(bytes) {
    this.nBytes += bytes.length;
    let from = 0;
    if (this.nRest) {
      from = Math.min(64 - this.nRest, bytes.length);
      this.rest.set(bytes.subarray(0, from), this.nRest);
      this.nRest += from;
      if (this.nRest < 64) return this;
      this.block(this.rest, 0);
      this.nRest = 0;
    }
    for (; from + 64 <= bytes.length; from += 64) this.block(bytes, from);
    this.rest.set(bytes.subarray(from));
    this.nRest = bytes.length - from;
    return this;
  }

  hex() {
    const nBits = this.nBytes * 8;
    const end = new Uint8Array((this.nRest < 56 ? 64 : 128) - this.nRest);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(nBits / 2 ** 32));
    view.setUint32(end.length - 4, nBits >>> 0);
    this.update(end);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  block(bytes, from) {
    const w = this.schedule;
    for (let t = 0; t < 16; t += 1) {
      const i = from + 4 * t;
      w[t] = (bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3];
    }
    for (let t = 16; t < 64; t += 1) {
      const x = w[t - 15];
      const y = w[t - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.state;
    for (let t = 0; t < 64; t += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const first = (h + s1 + ((e & f) ^ (~e & g)) + CONSTANTS[t] + w[t]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    const state = this.state;
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}
