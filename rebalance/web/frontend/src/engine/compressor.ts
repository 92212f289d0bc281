import { allPass, Biquad, highPass, lowPass } from "./biquad";
import type { AidSettings, EarSettings } from "./protocol";

const DB_PER_NEPER = 20 / Math.LN10;
const GLIDE_S = 0.05;
const NO_REDUCTION_DB = 1e-9;

/**
 * Splits one ear by Linkwitz-Riley crossovers of fourth order into bands whose sum is an all-pass:
 * band k is low-passed at crossover k, high-passed at those below and all-passed at those above.
 */
class Crossover {
  private readonly lows: Biquad[][];
  private readonly highs: Biquad[][];

  constructor(frequenciesHz: number[], sampleRate: number) {
    this.lows = frequenciesHz.map((f, k) => [
      lowPass(f, sampleRate),
      lowPass(f, sampleRate),
      ...frequenciesHz.slice(k + 1).map((above) => allPass(above, sampleRate)),
    ]);
    this.highs = frequenciesHz.map((f) => [highPass(f, sampleRate), highPass(f, sampleRate)]);
  }

  /** Fills the bands; the last one holds the signal at first. */
  split(bands: Float64Array[], n: number): void {
    const rest = bands[bands.length - 1];
    for (let k = 0; k < this.lows.length; k++) {
      bands[k].set(rest.subarray(0, n));
      for (const section of this.lows[k]) section.process(bands[k], n);
      for (const section of this.highs[k]) section.process(rest, n);
    }
  }
}

/** Feed-forward compressor with a hard knee; the gain reduction is smoothed, then the make-up gain added. */
class BandCompressor {
  private reductionDb = 0;
  private gainDb: number;

  constructor(
    private readonly thresholdDb: number,
    private readonly attack: number,
    private readonly release: number,
    private readonly glide: number,
    private ratio: number,
    private wantedGainDb: number,
  ) {
    this.gainDb = wantedGainDb;
  }

  set(ratio: number, gainDb: number): void {
    this.ratio = ratio;
    this.wantedGainDb = gainDb;
  }

  /** Adds the compressed band to the output. */
  addTo(output: Float64Array, band: Float64Array, n: number): void {
    const { thresholdDb, attack, release, glide, wantedGainDb } = this;
    const slope = 1 - 1 / this.ratio;
    const knee = Math.exp(thresholdDb / DB_PER_NEPER);
    let { reductionDb, gainDb } = this;
    let factor = Math.exp((gainDb - reductionDb) / DB_PER_NEPER);
    for (let i = 0; i < n; i++) {
      const x = band[i];
      const magnitude = x < 0 ? -x : x;
      const wantedDb = magnitude > knee ? (DB_PER_NEPER * Math.log(magnitude) - thresholdDb) * slope : 0;
      if (wantedDb > 0 || reductionDb > NO_REDUCTION_DB || gainDb !== wantedGainDb) {
        const keep = wantedDb > reductionDb ? attack : release;
        reductionDb = keep * reductionDb + (1 - keep) * wantedDb;
        gainDb = wantedGainDb + (gainDb - wantedGainDb) * glide;
        if (Math.abs(gainDb - wantedGainDb) < 1e-4) gainDb = wantedGainDb;
        factor = Math.exp((gainDb - reductionDb) / DB_PER_NEPER);
      }
      output[i] += x * factor;
    }
    this.reductionDb = reductionDb;
    this.gainDb = gainDb;
  }
}

/** The hearing aid of one ear: the same as `rebalance.hearing.MultibandCompressor`. */
export class MultibandCompressor {
  private readonly crossover: Crossover;
  private readonly compressors: BandCompressor[];
  private readonly bands: Float64Array[];

  constructor(aid: AidSettings, ear: EarSettings, sampleRate: number, blockLength: number) {
    const usable = aid.crossoverFrequenciesHz.filter((f) => f < sampleRate / 2);
    const smoothing = (timeMs: number) => Math.exp(-1 / (0.001 * sampleRate * timeMs));
    this.crossover = new Crossover(usable, sampleRate);
    this.compressors = [...usable, Infinity].map(
      (_, band) =>
        new BandCompressor(
          aid.thresholdsDb[band],
          smoothing(aid.attacksMs[band]),
          smoothing(aid.releasesMs[band]),
          smoothing(1000 * GLIDE_S),
          ear.ratios[band],
          ear.gainsDb[band],
        ),
    );
    this.bands = this.compressors.map(() => new Float64Array(blockLength));
  }

  /** Takes other settings; the gains glide to them. */
  set(ear: EarSettings): void {
    this.compressors.forEach((compressor, band) => compressor.set(ear.ratios[band], ear.gainsDb[band]));
  }

  /** Replaces the first n samples of a signal by the amplified ones. */
  process(signal: Float64Array, n: number): void {
    this.bands[this.bands.length - 1].set(signal.subarray(0, n));
    this.crossover.split(this.bands, n);
    signal.fill(0, 0, n);
    this.compressors.forEach((compressor, band) => compressor.addTo(signal, this.bands[band], n));
  }
}
