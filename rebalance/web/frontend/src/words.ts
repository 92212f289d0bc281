// How things are called.

export const playerName = (name: string) => name.replace("_", " ").replace(/^Sax\b/, "Saxophone");
export const instrumentName = (name: string) => (name === "Sax" ? "Saxophone" : name);

export function gainText(db: number): string {
  if (db === 0) return "0 dB";
  const value = Math.abs(db);
  return `${db > 0 ? "+" : "−"}${Number.isInteger(value) ? value : value.toFixed(1)} dB`;
}

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function timeLeft(seconds: number | null): string {
  if (seconds === null) return "working out how long it takes";
  if (seconds < 2) return "nearly there";
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

const DEMOS: Record<string, string> = {
  "haydn-quartet": "Haydn, string quartet",
  "mozart-winds": "Mozart, four winds",
};
export const demoTitle = (name: string) => DEMOS[name] ?? name.replaceAll("-", " ");
