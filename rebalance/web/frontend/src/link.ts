// The address of the page holds the settings, so that a link brings them back. It never leaves this machine.

import type { Settings } from "./settings";

export interface Place {
  recording: string | null;
  demo: string | null;
  name: string | null;
  instruments: string[];
  separator: string | null;
  settings: Partial<Settings>;
}

const numbers = (text: string | null) => (text ? text.split(",").map(Number) : null);
const flags = (text: string | null) => (text ? [...text].map((c) => c === "1") : null);
const bounded = (values: number[] | null, low: number, high: number) =>
  values && values.every((value) => value >= low && value <= high) ? values : null;

export function readPlace(fragment: string): Place {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const settings: Partial<Settings> = {};
  const gains = bounded(numbers(fields.get("gains")), -10, 10);
  const muted = flags(fields.get("muted"));
  const left = bounded(numbers(fields.get("left")), -20, 140);
  const right = bounded(numbers(fields.get("right")), -20, 140);
  if (gains) settings.gainsDb = gains;
  if (muted) settings.muted = muted;
  if (left && right && left.length === right.length) settings.ears = { left, right };
  if (fields.has("aid")) settings.amplified = fields.get("aid") === "1";
  if (fields.has("loss")) settings.simulated = fields.get("loss") === "1";
  return {
    recording: fields.get("music"),
    demo: fields.get("demo"),
    name: fields.get("name"),
    instruments: fields.get("players")?.split(",").filter(Boolean) ?? [],
    separator: fields.get("separator"),
    settings,
  };
}

export function writePlace(place: Omit<Place, "settings">, settings: Settings): string {
  const fields = new URLSearchParams();
  if (place.recording) fields.set("music", place.recording);
  if (place.demo) fields.set("demo", place.demo);
  else if (place.name) fields.set("name", place.name);
  if (place.instruments.length) fields.set("players", place.instruments.join(","));
  if (place.separator) fields.set("separator", place.separator);
  fields.set("gains", settings.gainsDb.join(","));
  if (settings.muted.some(Boolean)) fields.set("muted", settings.muted.map((on) => (on ? "1" : "0")).join(""));
  fields.set("left", settings.ears.left.join(","));
  fields.set("right", settings.ears.right.join(","));
  fields.set("aid", settings.amplified ? "1" : "0");
  if (settings.simulated) fields.set("loss", "1");
  return `#${fields}`;
}
