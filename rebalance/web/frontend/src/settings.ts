// What a person sets.

export interface Ears {
  left: number[];
  right: number[];
}

/** What undo brings back and a link keeps. */
export interface Settings {
  gainsDb: number[];
  muted: boolean[];
  ears: Ears;
  amplified: boolean;
  /** Whether people who hear well hear what these ears hear. */
  simulated: boolean;
}
