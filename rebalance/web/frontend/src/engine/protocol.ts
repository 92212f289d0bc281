// What the page tells the engine, and what the engine reports.

export interface EarSettings {
  ratios: number[];
  gainsDb: number[];
}

/** What every aid has in common, one value per band. */
export interface AidSettings {
  crossoverFrequenciesHz: number[];
  thresholdsDb: number[];
  attacksMs: number[];
  releasesMs: number[];
}

/** See `rebalance.hearing.LiveLossFilter`. */
export interface LossFilter {
  sections: number[][];
  late: number;
  envelope: number[];
  exponent: number;
}

/** See `rebalance.hearing.LiveLossFilters`. */
export interface LossFilters {
  smearing: [number, number[]][];
  filters: LossFilter[];
  restoring: [number, number[]][];
  gain: number;
  largest_envelope: number;
}

/** Amplitude factors on the way from the weighted sum to the ears. */
export interface Levels {
  plain: number;
  aidInput: number;
  aidOutput: number;
  /** Instead of `aidOutput`, where the loss is simulated: as loud as the aid makes it. */
  aidUnmatched: number;
  volume: number;
}

export type Samples = Int16Array | Float32Array;

export type Command =
  | { kind: "music"; nSignals: number; nChannels: number; nSamples: number; blockLength: number; aid: AidSettings }
  | { kind: "block"; index: number; signals: Samples[]; scales: number[] }
  | { kind: "drop"; index: number }
  | { kind: "mix"; weights: number[]; levels: Levels }
  | { kind: "aid"; on: boolean; ears: [EarSettings, EarSettings] | null }
  | { kind: "loss"; ears: [LossFilters, LossFilters] | null }
  | { kind: "play"; on: boolean }
  | { kind: "seek"; sample: number }
  | { kind: "loop"; range: [number, number] | null };

export interface Report {
  position: number;
  playing: boolean;
  waiting: boolean;
  ended: boolean;
  /** Root mean square of every stem since the last report, without its gain. */
  stemLevels: number[];
  /** Momentary loudness at the output in LUFS. */
  loudness: number;
  /** By how much the limiter turns down, in dB, at least 0. */
  limitedDb: number;
}

export interface EngineOptions {
  /** Commands carried out before the first sample; how sound is rendered offline. */
  commands?: Command[];
  /** Whether changes take effect at once instead of gliding, and the sound begins without a fade. */
  immediate?: boolean;
}
