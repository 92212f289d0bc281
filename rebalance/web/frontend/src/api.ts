// What the room on this machine answers. Nothing else is ever asked.

import type { LossFilters } from "./engine/protocol";

export interface Hearing {
  frequencies_hz: number[];
  left_db_hl: number[];
  right_db_hl: number[];
  name: string;
}

export interface Setup {
  version: string;
  instruments: string[];
  separators: { name: string; title: string }[];
  demos: string[];
  standard_hearing: Record<string, Hearing>;
  frequencies_hz: number[];
  aid: {
    crossover_frequencies_hz: number[];
    thresholds_db: number[];
    attacks_ms: number[];
    releases_ms: number[];
    band_frequencies_hz: number[];
    input_lufs: number;
  };
  largest_upload: number;
  n_players: number;
  opened: string | null;
  opened_separation: string | null;
}

export interface Recording {
  id: string;
  name: string;
  sample_rate: number;
  n_channels: number;
  n_samples: number;
  remarks: string[];
  suggested: string[];
}

export interface Separation {
  id: string;
  recording: Recording;
  instruments: string[];
  players: string[];
  separator: string;
  shrinkage: number[];
  stage: "waiting" | "separating" | "ready" | "failed" | "cancelled";
  n_ready: number;
  n_hops: number;
  left_s: number | null;
  error: string | null;
  hardly_heard: string[];
  n_block: number;
}

export interface EarPrescription {
  ratios: number[];
  gains_db: number[];
}

export interface Prescription {
  left: EarPrescription;
  right: EarPrescription;
  severity: string;
}

/** What simulates the loss of both ears. */
export interface SimulatedLoss {
  left: LossFilters;
  right: LossFilters;
}

export interface SaveRequest {
  gains_db: Record<string, number>;
  hearing: Hearing | null;
  format: "flac" | "wav";
  bits: 16 | 24;
}

/** What the room refused, in its own words. */
export class RoomError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new RoomError("The room does not answer. Start it again with: rebalance listen", 0);
  }
  if (response.ok) return response;
  const text = await response.text();
  let message = text;
  try {
    const body = JSON.parse(text) as { error?: string; detail?: unknown };
    message = body.error ?? (body.detail ? JSON.stringify(body.detail) : text);
  } catch {
    // not JSON: the text itself says what is wrong
  }
  throw new RoomError(message || `the room answered ${response.status}`, response.status);
}

const json = <T>(response: Response) => response.json() as Promise<T>;

function post(path: string, body: unknown): Promise<Response> {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

const part = encodeURIComponent;

export const api = {
  setup: async () => json<Setup>(await ask("/api/setup")),
  recording: async (id: string) => json<Recording>(await ask(`/api/recordings/${part(id)}`)),
  demo: async (name: string) => json<Recording>(await ask(`/api/demos/${part(name)}`, { method: "POST" })),
  upload: async (content: Blob, name: string) =>
    json<Recording>(await ask(`/api/recordings?name=${part(name)}`, { method: "POST", body: content })),
  separate: async (recording: string, instruments: string[], separator: string) =>
    json<Separation>(await post("/api/separations", { recording, instruments, separator })),
  separation: async (id: string) => json<Separation>(await ask(`/api/separations/${part(id)}`)),
  cancel: async (id: string) => json<Separation>(await ask(`/api/separations/${part(id)}`, { method: "DELETE" })),
  overview: async (id: string, first: number) =>
    new Float32Array(await (await ask(`/api/separations/${part(id)}/overview?first=${first}`)).arrayBuffer()),
  block: async (id: string, index: number) =>
    (await ask(`/api/separations/${part(id)}/blocks/${index}`)).arrayBuffer(),
  prescription: async (hearing: Hearing) => json<Prescription>(await post("/api/prescription", hearing)),
  simulatedLoss: async (hearing: Hearing, sampleRate: number) =>
    json<SimulatedLoss>(await post("/api/simulated-loss", { hearing, sample_rate: sampleRate })),
  aidedLoudness: async (id: string, weights: number[], hearing: Hearing) =>
    json<{ input_lufs: number; output_lufs: number }>(
      await post(`/api/separations/${part(id)}/aided-loudness`, { weights, hearing }),
    ),
  listeners: async (file: File) =>
    json<Hearing[]>(await ask(`/api/listeners?name=${part(file.name)}`, { method: "POST", body: file })),
  remix: (id: string, request: SaveRequest) => post(`/api/separations/${part(id)}/remix`, request),
  stems: (id: string) => ask(`/api/separations/${part(id)}/stems`, { method: "POST" }),
  gains: (id: string, request: SaveRequest) => post(`/api/separations/${part(id)}/gains`, request),
  listenerFile: (hearing: Hearing) => post("/api/listener-file", hearing),
};
