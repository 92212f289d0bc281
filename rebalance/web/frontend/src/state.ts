// What the page knows, and what a person can do. Everything shown follows from here.

import { batch, computed, effect, signal } from "@preact/signals";
import { api, RoomError, type Hearing, type Prescription, type Recording, type Separation, type Setup, type SimulatedLoss } from "./api";
import { amplitude, editWeights, LARGEST_GAIN_DB, loudnessLufs, MUTED_DB, rowLength, soloWeights, type Overview } from "./balance";
import type { Report } from "./engine/protocol";
import { readPlace, writePlace } from "./link";
import { Player, type Mix } from "./player";
import type { Ears, Settings } from "./settings";
import { readable } from "./wav";

/** Loudness at which every recording plays at volume 0, and what that is taken to be at the ear. */
export const REFERENCE_LUFS = -23;
export const REFERENCE_DB_SPL = 65;
/** Safe for 40 hours a week: WHO-ITU H.870. */
export const SAFE_DB_SPL = 80;

const WARNED_UNTIL_DB = 3;
const POLL_MS = 400;
const POLL_WHEN_AWAY_MS = 1500;
const POLL_WHEN_READY_MS = 3000;
const SETTLED_MS = 250;
const SAME_CHANGE_MS = 700;

const QUIET: Report = { position: 0, playing: false, waiting: false, ended: false, stemLevels: [], loudness: -Infinity, limitedDb: 0 };

export const setup = signal<Setup | null>(null);
export const recording = signal<Recording | null>(null);
export const demoName = signal<string | null>(null);
export const separation = signal<Separation | null>(null);
export const overview = signal<Overview>({ rows: new Float32Array(), nSignals: 1 });
export const settings = signal<Settings>({ gainsDb: [], muted: [], ears: { left: [], right: [] }, amplified: false, simulated: false });
export const solo = signal<boolean[]>([]);
export const original = signal(false);
export const matched = signal(true);
export const volumeDb = signal(0);
export const loop = signal<[number, number] | null>(null);
export const prescription = signal<Prescription | null>(null);
export const simulatedLoss = signal<SimulatedLoss | null>(null);
export const report = signal<Report>(QUIET);
export const busy = signal<string | null>(null);
export const problem = signal<string | null>(null);
export const away = signal(false);
export const announcement = signal("");
export const past = signal<Settings[]>([]);
export const future = signal<Settings[]>([]);

/** By how much the aid makes the music louder, and the gains of the bands this was measured with. */
const aided = signal<{ louderDb: number; gainsDb: number[] } | null>(null);
let player: Player | null = null;
let playAwaited = false;
let pollTimer = 0;
let lastChange = { what: "", at: 0 };

export const instruments = signal<string[]>([]);
export const separatorName = signal("default");

export const isOpen = computed(() => {
  const stage = separation.value?.stage;
  return stage === "waiting" || stage === "separating" || stage === "ready";
});

export const frequenciesHz = computed(() => setup.value?.frequencies_hz ?? []);

export const hearing = computed<Hearing>(() => ({
  frequencies_hz: frequenciesHz.value,
  left_db_hl: settings.value.ears.left,
  right_db_hl: settings.value.ears.right,
  name: "listener",
}));

/** Gains as the command line takes them: muted players have the lowest there is. */
export const gainsDb = computed(() => settings.value.gainsDb.map((gain, i) => (settings.value.muted[i] ? MUTED_DB : gain)));

export const isSolo = computed(() => solo.value.some(Boolean));

export const weights = computed(() => {
  const found = separation.value;
  if (!found) return [1];
  const plain = [1, ...found.players.map(() => 0)];
  if (original.value) return plain;
  return isSolo.value ? soloWeights(gainsDb.value, solo.value) : editWeights(gainsDb.value, found.shrinkage);
});

const originalLufs = computed(() => loudnessLufs(overview.value, [1, ...new Array(overview.value.nSignals - 1).fill(0)]));

const mixLufs = computed(() => {
  if (isSolo.value && !original.value) return originalLufs.value;
  const loudness = weights.value.length === overview.value.nSignals ? loudnessLufs(overview.value, weights.value) : -Infinity;
  return Number.isFinite(loudness) ? loudness : originalLufs.value;
});

const damagedEars = computed<Mix["loss"]>(() => {
  const loss = simulatedLoss.value;
  return settings.value.simulated && loss ? [loss.left, loss.right] : null;
});

const mix = computed<Mix>(() => {
  const input = setup.value?.aid.input_lufs ?? -40;
  const own = Number.isFinite(mixLufs.value) ? mixLufs.value : REFERENCE_LUFS;
  const before = Number.isFinite(originalLufs.value) ? originalLufs.value : REFERENCE_LUFS;
  const fitted = prescription.value;
  const louderDb = matched.value && fitted ? mostLouderDb(fitted) : 0;
  return {
    weights: weights.value,
    levels: {
      plain: amplitude(REFERENCE_LUFS - (matched.value ? own : before)),
      aidInput: amplitude(input - own),
      aidOutput: amplitude(REFERENCE_LUFS - input - louderDb),
      aidUnmatched: amplitude(REFERENCE_LUFS - input),
      volume: amplitude(volumeDb.value),
    },
    ears: fitted && [
      { ratios: fitted.left.ratios, gainsDb: fitted.left.gains_db },
      { ratios: fitted.right.ratios, gainsDb: fitted.right.gains_db },
    ],
    amplified: settings.value.amplified && fitted !== null,
    loss: damagedEars.value,
  };
});

const bandGainsDb = (fitted: Prescription) => [...fitted.left.gains_db, ...fitted.right.gains_db];

/** By how much the aid makes the music louder; until the room has measured it, the most it can be: never a jump. */
function mostLouderDb(fitted: Prescription): number {
  const gains = bandGainsDb(fitted);
  const known = aided.value;
  if (!known) return Math.max(...gains);
  return known.louderDb + Math.max(0, ...gains.map((gain, band) => gain - known.gainsDb[band]));
}

/** Level at the ear, had the device been set so that the recording as it is sounds comfortable at volume 0. */
export const levelDbSpl = computed(() =>
  report.value.playing ? report.value.loudness - REFERENCE_LUFS + REFERENCE_DB_SPL : -Infinity,
);
/** Warned of from the safe level on, until it is clearly below: a warning that flickers is not read. */
export const isTooLoud = signal(false);

// ---- what a person does ----

export async function begin(): Promise<void> {
  await trying("Opening the room", async () => {
    const offered = await api.setup();
    const place = readPlace(location.hash);
    batch(() => {
      setup.value = offered;
      separatorName.value = offered.separators.some((s) => s.name === place.separator)
        ? place.separator!
        : offered.separators[0].name;
      const flat = offered.frequencies_hz.map(() => 0);
      settings.value = { ...settings.value, ears: { left: flat, right: flat }, ...place.settings };
    });
    await restore(place, offered);
  });
}

async function restore(place: ReturnType<typeof readPlace>, offered: Setup): Promise<void> {
  try {
    if (place.demo && offered.demos.includes(place.demo)) await openDemo(place.demo, true);
    else if (place.recording) setRecording(await api.recording(place.recording), null, true);
    else if (offered.opened) setRecording(await api.recording(offered.opened), null, true);
  } catch (error) {
    if (!(error instanceof RoomError) || error.status !== 404) throw error;
    problem.value = `The room was closed since. Please choose ${place.name ?? "the music"} again; your settings are kept.`;
    instruments.value = place.instruments;
    return;
  }
  if (!recording.value) return;
  if (place.instruments.length) {
    instruments.value = place.instruments;
    await separate();
  } else if (offered.opened_separation && recording.value.id === offered.opened) {
    follow(await api.separation(offered.opened_separation));
  }
}

export async function openFile(file: File): Promise<void> {
  const limit = setup.value?.largest_upload ?? Infinity;
  await trying(`Reading ${file.name}`, async () => {
    if (file.size > limit) throw new Error(`${file.name}: larger than ${Math.round(limit / 2 ** 20)} MB`);
    if (file.size === 0) throw new Error(`${file.name}: the file is empty`);
    const { content, name } = await readable(file);
    setRecording(await api.upload(content, name), null, false);
  });
}

export async function openDemo(name: string, keep = false): Promise<void> {
  await trying("Opening the example", async () => setRecording(await api.demo(name), name, keep));
}

function setRecording(found: Recording, demo: string | null, keep: boolean): void {
  batch(() => {
    problem.value = null;
    recording.value = found;
    demoName.value = demo;
    if (!keep || !instruments.value.length) instruments.value = found.suggested;
    announcement.value = `${found.name} is open. Say who plays.`;
  });
}

/** Leaves the music and begins anew. */
export function leave(): void {
  if (separation.value && separation.value.stage !== "ready") void api.cancel(separation.value.id).catch(() => undefined);
  stopFollowing();
  batch(() => {
    recording.value = separation.value = demoName.value = null;
    instruments.value = [];
    report.value = QUIET;
    past.value = future.value = [];
    settings.value = { ...settings.value, gainsDb: [], muted: [] };
  });
  history.replaceState(null, "", location.pathname);
}

/** Back to the question who plays. */
export function changePlayers(): void {
  if (separation.value && separation.value.stage !== "ready") void api.cancel(separation.value.id).catch(() => undefined);
  stopFollowing();
  separation.value = null;
  report.value = QUIET;
}

export async function separate(): Promise<void> {
  const music = recording.value;
  if (!music) return;
  await trying("Beginning to separate", async () =>
    follow(await api.separate(music.id, instruments.value, separatorName.value)),
  );
}

function stopFollowing(): void {
  clearTimeout(pollTimer);
  player?.close();
  player = null;
  playAwaited = false;
}

function follow(found: Separation): void {
  stopFollowing();
  const n = found.players.length;
  batch(() => {
    problem.value = null;
    overview.value = { rows: new Float32Array(), nSignals: n + 1 };
    const same = settings.value.gainsDb.length === n;
    settings.value = {
      ...settings.value,
      gainsDb: same ? settings.value.gainsDb : new Array(n).fill(0),
      muted: same && settings.value.muted.length === n ? settings.value.muted : new Array(n).fill(false),
    };
    solo.value = new Array(n).fill(false);
    original.value = false;
    loop.value = null;
    past.value = future.value = [];
    instruments.value = found.instruments;
    separatorName.value = found.separator;
    separation.value = found;
    aided.value = null;
    askedKey = "";
  });
  void poll(found.id);
}

async function poll(id: string): Promise<void> {
  let wait = POLL_MS;
  try {
    const found = await api.separation(id);
    if (separation.value?.id !== id) return;
    away.value = false;
    await fetchOverview(found);
    if (separation.value?.id !== id) return;
    const wasReady = separation.value.stage === "ready";
    separation.value = found;
    if (found.n_ready > 0 && !player) await openPlayer(found);
    else player?.update(found);
    if (found.stage === "ready") {
      if (!wasReady) announcement.value = "The players are separated.";
      wait = POLL_WHEN_READY_MS;
    }
    if (found.stage === "failed") problem.value = found.error;
    if (found.stage === "cancelled") problem.value = "The separation was stopped: another one of this music was begun.";
    if (found.stage === "failed" || found.stage === "cancelled") {
      stopFollowing();
      return;
    }
  } catch (error) {
    if (separation.value?.id !== id) return;
    if (error instanceof RoomError && error.status === 404) return void comeBack();
    away.value = true;
    wait = POLL_WHEN_AWAY_MS;
  }
  pollTimer = window.setTimeout(() => void poll(id), wait);
}

/** The room was closed and opened again: begin where we were, as far as the music can be had. */
async function comeBack(): Promise<void> {
  away.value = false;
  const demo = demoName.value;
  const name = recording.value?.name;
  stopFollowing();
  separation.value = null;
  recording.value = null;
  if (demo) {
    await openDemo(demo, true);
    await separate();
  } else {
    problem.value = `The room was closed since. Please choose ${name} again; your settings are kept.`;
  }
}

async function fetchOverview(found: Separation): Promise<void> {
  const length = rowLength(found.players.length + 1);
  const have = overview.value.rows.length / length;
  if (found.n_hops <= have) return;
  const more = await api.overview(found.id, have);
  const rows = new Float32Array(have * length + more.length);
  rows.set(overview.value.rows.subarray(0, have * length));
  rows.set(more, have * length);
  overview.value = { rows, nSignals: found.players.length + 1 };
}

async function openPlayer(found: Separation): Promise<void> {
  player = new Player(
    setup.value!,
    found,
    (news) => (report.value = news),
    (error) => {
      if (error instanceof RoomError && error.status === 404) void comeBack();
      else if (error instanceof RoomError && error.status === 0) away.value = true;
    },
  );
  const opened = player;
  player.mix(mix.value);
  await player.open();
  if (player !== opened) return;
  player.mix(mix.value);
  if (playAwaited) await play(true);
}

export const sampleRate = () => recording.value?.sample_rate ?? 1;

/** Plays or pauses; what is asked before the sound is open is done when it is. */
export async function play(on: boolean): Promise<void> {
  playAwaited = on && !player?.isOpen;
  await player?.play(on);
}

export function seek(seconds: number): void {
  const sample = Math.round(Math.max(0, Math.min(seconds, durationS() - 0.05)) * sampleRate());
  report.value = { ...report.value, position: sample };
  player?.seek(sample);
}

export const durationS = () => (recording.value ? recording.value.n_samples / recording.value.sample_rate : 0);
export const positionS = () => report.value.position / sampleRate();

export function setLoop(range: [number, number] | null): void {
  loop.value = range;
  player?.loop(range && [Math.round(range[0] * sampleRate()), Math.round(range[1] * sampleRate())]);
}

/** Changes settings so that undo can take it back; changes of the same thing in a row are one. */
export function change(what: string, next: Partial<Settings>): void {
  const now = performance.now();
  if (what !== lastChange.what || now - lastChange.at > SAME_CHANGE_MS) past.value = [...past.value, settings.value].slice(-100);
  lastChange = { what, at: now };
  batch(() => {
    future.value = [];
    settings.value = { ...settings.value, ...next };
  });
}

export function undo(): void {
  const before = past.value.at(-1);
  if (!before) return;
  batch(() => {
    future.value = [settings.value, ...future.value];
    past.value = past.value.slice(0, -1);
    settings.value = before;
    announcement.value = "Undone.";
  });
  lastChange = { what: "", at: 0 };
}

export function redo(): void {
  const [next, ...rest] = future.value;
  if (!next) return;
  batch(() => {
    past.value = [...past.value, settings.value];
    future.value = rest;
    settings.value = next;
    announcement.value = "Done again.";
  });
  lastChange = { what: "", at: 0 };
}

export function setGain(index: number, gainDb: number): void {
  const limited = Math.max(-LARGEST_GAIN_DB, Math.min(LARGEST_GAIN_DB, gainDb));
  change(`gain ${index}`, { gainsDb: settings.value.gainsDb.map((old, i) => (i === index ? limited : old)) });
}

export function toggleMuted(index: number): void {
  change(`muted ${index} ${performance.now()}`, { muted: settings.value.muted.map((old, i) => (i === index ? !old : old)) });
}

export function toggleSolo(index: number): void {
  solo.value = solo.value.map((old, i) => (i === index ? !old : old));
}

export function setThreshold(ear: keyof Ears, index: number, thresholdDbHl: number): void {
  const limited = Math.max(-10, Math.min(120, Math.round(thresholdDbHl)));
  const ears = settings.value.ears;
  change(`${ear} ${index}`, { ears: { ...ears, [ear]: ears[ear].map((old, i) => (i === index ? limited : old)) } });
}

export function setEars(what: string, ears: Ears): void {
  change(`${what} ${performance.now()}`, { ears });
}

export async function loadListener(file: File): Promise<void> {
  await trying(`Reading ${file.name}`, async () => {
    const [first] = await api.listeners(file);
    setEars("file", { left: first.left_db_hl.map(Math.round), right: first.right_db_hl.map(Math.round) });
    announcement.value = `The audiogram of ${first.name} is loaded.`;
  });
}

/** Does something that may take a while or fail, and says so. */
export async function trying(what: string, work: () => Promise<void>): Promise<void> {
  batch(() => {
    busy.value = what;
    problem.value = null;
  });
  try {
    await work();
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  } finally {
    busy.value = null;
  }
}

export function renderOffline(startS: number, durationS: number) {
  return player?.render(startS, durationS);
}

// ---- what follows by itself ----

effect(() => {
  const next = mix.value;
  player?.mix(next);
});

effect(() => {
  if (levelDbSpl.value >= SAFE_DB_SPL) isTooLoud.value = true;
  else if (levelDbSpl.value < SAFE_DB_SPL - WARNED_UNTIL_DB) isTooLoud.value = false;
});

let prescribing = 0;
effect(() => {
  const asked = hearing.value;
  if (!asked.frequencies_hz.length) return;
  clearTimeout(prescribing);
  prescribing = window.setTimeout(() => {
    api.prescription(asked).then((found) => (prescription.value = found)).catch(() => undefined);
  }, 60);
});

let simulating = 0;
let simulatedKey = "";
effect(() => {
  const music = recording.value;
  const asked = hearing.value;
  if (!music || !settings.value.simulated || !asked.frequencies_hz.length) return;
  const key = JSON.stringify([asked, music.sample_rate]);
  if (key === simulatedKey) return;
  simulatedKey = key;
  clearTimeout(simulating);
  simulating = window.setTimeout(() => {
    api
      .simulatedLoss(asked, music.sample_rate)
      .then((found) => {
        if (key === simulatedKey) simulatedLoss.value = found;
      })
      .catch(() => (simulatedKey = ""));
  }, SETTLED_MS);
});

let asking = 0;
let askedKey = "";
effect(() => {
  const found = separation.value;
  const fitted = prescription.value;
  if (!found || !found.n_hops || !fitted || !settings.value.amplified) return;
  const asked = hearing.value;
  const used = isSolo.value && !original.value ? [1, ...found.players.map(() => 0)] : weights.value;
  const key = JSON.stringify([found.id, found.n_hops, used.map((w) => w.toFixed(3)), fitted]);
  if (key === askedKey) return;
  askedKey = key;
  clearTimeout(asking);
  asking = window.setTimeout(() => {
    api
      .aidedLoudness(found.id, used, asked)
      .then(({ input_lufs, output_lufs }) => {
        if (key === askedKey) aided.value = { louderDb: output_lufs - input_lufs, gainsDb: bandGainsDb(fitted) };
      })
      .catch(() => (askedKey = ""));
  }, SETTLED_MS);
});

effect(() => {
  const place = {
    recording: recording.value?.id ?? null,
    demo: demoName.value,
    name: recording.value?.name ?? null,
    instruments: separation.value ? instruments.value : [],
    separator: separatorName.value,
  };
  const fragment = writePlace(place, settings.value);
  if (place.recording) history.replaceState(null, "", fragment);
});
