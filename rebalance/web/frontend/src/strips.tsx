import { amplitude, LARGEST_GAIN_DB } from "./balance";
import { Loop } from "./loop";
import {
  change,
  future,
  gainsDb,
  isSolo,
  original,
  past,
  redo,
  report,
  separation,
  setGain,
  settings,
  solo,
  toggleMuted,
  toggleSolo,
  undo,
} from "./state";
import { Waveform } from "./waveform";
import { gainText, playerName } from "./words";

const FORWARD_DB = 6;
const BACK_DB = -3;

export function Strips() {
  const found = separation.value!;
  return (
    <section aria-labelledby="balance">
      <div class="heading">
        <h2 id="balance">Balance</h2>
        <div class="row">
          <label class="pick">
            <span class="unseen">Bring out a player</span>
            <select
              value=""
              onChange={(event) => {
                bringOut(Number(event.currentTarget.value));
                event.currentTarget.value = "";
              }}
            >
              <option value="" disabled>
                Bring out …
              </option>
              {found.players.map((name, index) => (
                <option value={index}>the {playerName(name).toLowerCase()}</option>
              ))}
            </select>
          </label>
          <button type="button" onClick={() => change("equal", level(found.players.length))}>
            Equal
          </button>
          <button type="button" disabled={!past.value.length} onClick={undo}>
            Undo
          </button>
          <button type="button" disabled={!future.value.length} onClick={redo}>
            Redo
          </button>
        </div>
      </div>
      {original.value && <p class="notice">You hear the original. The sliders act when you go back to your balance.</p>}
      {isSolo.value && !original.value && (
        <p class="notice">You hear chosen players alone, as they were separated.</p>
      )}
      <ul class="strips">
        {found.players.map((_, index) => (
          <Strip index={index} />
        ))}
      </ul>
      <Loop />
    </section>
  );
}

const level = (n: number) => ({ gainsDb: new Array<number>(n).fill(0), muted: new Array<boolean>(n).fill(false) });

function bringOut(player: number): void {
  const n = separation.value!.players.length;
  change(`forward ${player}`, {
    ...level(n),
    gainsDb: Array.from({ length: n }, (_, index) => (index === player ? FORWARD_DB : BACK_DB)),
  });
}

function Strip({ index }: { index: number }) {
  const found = separation.value!;
  const name = playerName(found.players[index]);
  const gain = settings.value.gainsDb[index];
  const isMuted = settings.value.muted[index];
  const share = (gain + LARGEST_GAIN_DB) / (2 * LARGEST_GAIN_DB);
  return (
    <li class={`strip hue-${found.instruments[index].toLowerCase()}${isMuted ? " muted" : ""}`}>
      <div class="knobs">
        <div class="line">
          <h3 id={`player-${index}`}>{name}</h3>
          <output>{isMuted ? "muted" : gainText(gain)}</output>
        </div>
        <input
          class="fader"
          type="range"
          min={-LARGEST_GAIN_DB}
          max={LARGEST_GAIN_DB}
          step={0.5}
          value={gain}
          style={{ "--share": share }}
          aria-labelledby={`player-${index}`}
          aria-valuetext={gainText(gain)}
          onInput={(event) => setGain(index, event.currentTarget.valueAsNumber)}
          onDblClick={() => setGain(index, 0)}
        />
        <div class="line">
          <button type="button" class="toggle" aria-pressed={isMuted} aria-label={`Mute ${name}`} onClick={() => toggleMuted(index)}>
            Mute
          </button>
          <button
            type="button"
            class="toggle"
            aria-pressed={solo.value[index]}
            aria-label={`Hear ${name} alone`}
            onClick={() => toggleSolo(index)}
          >
            Alone
          </button>
          <Meter index={index} />
          {found.hardly_heard.includes(found.players[index]) && (
            <p class="hint">hardly plays: is it the right instrument?</p>
          )}
        </div>
      </div>
      <Waveform signal={index + 1} label={`When the ${name.toLowerCase()} plays`} />
    </li>
  );
}

function Meter({ index }: { index: number }) {
  const rms = (report.value.stemLevels[index] ?? 0) * amplitude(gainsDb.value[index] ?? 0);
  const share = report.value.playing && rms > 0 ? Math.max(0, Math.min(1, (20 * Math.log10(rms) + 75) / 60)) : 0;
  return (
    <div class="meter" aria-hidden="true">
      <div style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}
