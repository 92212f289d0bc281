// From gains to weights of the recording and its stems, and the loudness of their sum: see `rebalance.audio`.

export const LARGEST_GAIN_DB = 10;
export const MUTED_DB = -60;

const HOPS_PER_BLOCK = 4;
const OFFSET_LU = -0.691;
const ABSOLUTE_GATE_LUFS = -70;
const RELATIVE_GATE_LU = 10;

export const amplitude = (db: number) => 10 ** (db / 20);
export const decibels = (factor: number) => 20 * Math.log10(factor);

/** The gain that keeps the mean power of the gains at one, in dB. */
export function normalisingGainDb(gainsDb: number[]): number {
  return -10 * Math.log10(gainsDb.reduce((sum, gain) => sum + 10 ** (gain / 10), 0) / gainsDb.length);
}

/** The remix as an edit of the recording: its own weight, then that of every stem. */
export function editWeights(gainsDb: number[], shrinkage: number[]): number[] {
  if (gainsDb.every((gain) => gain === gainsDb[0])) return [1, ...gainsDb.map(() => 0)];
  const total = normalisingGainDb(gainsDb);
  return [1, ...gainsDb.map((gain, i) => (shrinkage[i] ?? 0) * (amplitude(gain + total) - 1))];
}

/** Only some players, as they were separated, each with its gain. */
export function soloWeights(gainsDb: number[], solo: boolean[]): number[] {
  return [0, ...gainsDb.map((gain, i) => (solo[i] ? amplitude(gain) : 0))];
}

export interface Overview {
  rows: Float32Array;
  nSignals: number;
}

const pairsOf = (nSignals: number) => (nSignals * (nSignals + 1)) / 2;
export const rowLength = (nSignals: number) => pairsOf(nSignals) + nSignals;
export const hopsOf = (overview: Overview) => overview.rows.length / rowLength(overview.nSignals);

/** The peak of a signal in a tenth of a second. */
export function peakOf(overview: Overview, hop: number, signal: number): number {
  return overview.rows[hop * rowLength(overview.nSignals) + pairsOf(overview.nSignals) + signal];
}

function hopPowers({ rows, nSignals }: Overview, weights: number[]): Float64Array {
  const length = rowLength(nSignals);
  const powers = new Float64Array(rows.length / length);
  for (let hop = 0; hop < powers.length; hop++) {
    let at = hop * length;
    let power = 0;
    for (let i = 0; i < nSignals; i++) {
      for (let j = i; j < nSignals; j++) power += rows[at++] * weights[i] * weights[j] * (i === j ? 1 : 2);
    }
    powers[hop] = Math.max(power, 0);
  }
  return powers;
}

/** Integrated loudness in LUFS of a weighted sum of the signals (ITU-R BS.1770-4), minus infinity for silence. */
export function loudnessLufs(overview: Overview, weights: number[]): number {
  const powers = hopPowers(overview, weights);
  const level = (power: number) => OFFSET_LU + 10 * Math.log10(power);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const blocks: number[] = [];
  for (let hop = 0; hop + HOPS_PER_BLOCK <= powers.length; hop++) {
    blocks.push(mean(Array.from(powers.subarray(hop, hop + HOPS_PER_BLOCK))));
  }
  const above = blocks.filter((power) => level(power) >= ABSOLUTE_GATE_LUFS);
  if (!above.length) return -Infinity;
  const gate = level(mean(above)) - RELATIVE_GATE_LU;
  const kept = above.filter((power) => level(power) > gate);
  return kept.length ? level(mean(kept)) : -Infinity;
}
