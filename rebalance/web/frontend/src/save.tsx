import { useSignal } from "@preact/signals";
import { api, type SaveRequest } from "./api";
import { announcement, gainsDb, hearing, separation, settings, trying } from "./state";

/** Hands an answer of the room to the browser as a file. */
export async function download(answer: Promise<Response>, name: string): Promise<void> {
  const response = await answer;
  const said = /filename\*=utf-8''([^;]+)/i.exec(response.headers.get("content-disposition") ?? "");
  const plain = /filename="([^"]+)"/i.exec(response.headers.get("content-disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = said ? decodeURIComponent(said[1]) : (plain?.[1] ?? name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  announcement.value = `${link.download} is saved.`;
}

export function Save() {
  const found = separation.value!;
  const format = useSignal<"flac" | "wav">("flac");
  const bits = useSignal<16 | 24>(16);
  const copied = useSignal(false);
  const isReady = found.stage === "ready";
  const request = (): SaveRequest => ({
    gains_db: Object.fromEntries(found.players.map((name, i) => [name, gainsDb.value[i]])),
    hearing: settings.value.amplified ? hearing.value : null,
    format: format.value,
    bits: bits.value,
  });
  return (
    <section aria-labelledby="save">
      <h2 id="save">Take it with you</h2>
      <div class="row">
        <label class="pick">
          Format
          <select value={format.value} onChange={(event) => (format.value = event.currentTarget.value as "flac" | "wav")}>
            <option value="flac">FLAC</option>
            <option value="wav">WAV</option>
          </select>
        </label>
        <label class="pick">
          Bits
          <select value={String(bits.value)} onChange={(event) => (bits.value = event.currentTarget.value === "24" ? 24 : 16)}>
            <option value="16">16</option>
            <option value="24">24</option>
          </select>
        </label>
        <button
          type="button"
          class="main"
          disabled={!isReady}
          onClick={() => void trying("Saving your balance", () => download(api.remix(found.id, request()), `rebalanced.${format.value}`))}
        >
          Save my balance
        </button>
        <button
          type="button"
          disabled={!isReady}
          onClick={() => void trying("Saving the players", () => download(api.stems(found.id), "stems.zip"))}
        >
          Save every player (zip)
        </button>
        <button type="button" onClick={() => void trying("Saving the gains", () => download(api.gains(found.id, request()), "gains.json"))}>
          Save the gains
        </button>
        <button
          type="button"
          onClick={() => {
            void navigator.clipboard.writeText(location.href).then(() => {
              copied.value = true;
              announcement.value = "The link is copied.";
            });
          }}
        >
          {copied.value ? "Link copied" : "Copy a link to this page"}
        </button>
      </div>
      <p class="soft">
        {settings.value.amplified ? "It is saved amplified for your ears." : "It is saved as it is, not amplified."}
        {!isReady && " It can be saved once all of it is separated."}
      </p>
      <details>
        <summary>The same on the command line</summary>
        <pre tabIndex={0}>{commandLine(found.recording.name, found.instruments, found.players, found.separator)}</pre>
      </details>
    </section>
  );
}

function commandLine(name: string, instruments: string[], players: string[], separator: string): string {
  const gains = players
    .map((player, i) => [player.toLowerCase(), gainsDb.value[i]] as const)
    .filter(([, gain]) => gain !== 0)
    .map(([player, gain]) => ` --gain ${player}=${gain > 0 ? "+" : ""}${gain}`)
    .join("");
  const listener = settings.value.amplified ? " --listener listener.json" : "";
  return (
    `rebalance remix "${name}" --instruments ${instruments.map((i) => i.toLowerCase()).join(",")}` +
    `${gains}${listener} --separator ${separator} --out mine.flac`
  );
}
