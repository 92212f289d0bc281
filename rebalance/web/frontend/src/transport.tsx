import {
  durationS,
  isTooLoud,
  levelDbSpl,
  matched,
  original,
  play,
  positionS,
  report,
  SAFE_DB_SPL,
  seek,
  separation,
  volumeDb,
} from "./state";
import { clock, gainText } from "./words";

export function Transport() {
  const now = report.value;
  const isReady = separation.value!.n_ready > 0;
  return (
    <section class="transport" aria-label="Playing">
      <div class="wide">
        {isTooLoud.value && (
          <p class="notice warn loud" role="alert">
            This is loud: above {SAFE_DB_SPL} dB it is not safe for long. Turn the volume down.
          </p>
        )}
        <div class="deck">
          <button type="button" class="play" disabled={!isReady} aria-label={now.playing ? "Pause" : "Play"} onClick={() => void play(!now.playing)}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              {now.playing ? <path d="M7 5h3.5v14H7zM13.500 5H17v14h-3.500z" /> : <path d="M8 5v14l11.500-7z" />}
            </svg>
          </button>
          <Position />
          <Compare />
          <Volume />
        </div>
      </div>
    </section>
  );
}

function Position() {
  const at = positionS();
  return (
    <div class="position">
      <div class="line">
        <span>{clock(at)}</span>
        <span class="soft">{report.value.waiting ? "waiting for the rest to be separated" : ""}</span>
        <span>{clock(durationS())}</span>
      </div>
      <input
        type="range"
        min={0}
        max={durationS()}
        step={0.1}
        value={at}
        style={{ "--share": durationS() ? at / durationS() : 0 }}
        class="seek"
        aria-label="Position"
        aria-valuetext={`${clock(at)} of ${clock(durationS())}`}
        onInput={(event) => seek(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

function Compare() {
  return (
    <fieldset class="compare">
      <legend class="unseen">Compare</legend>
      <div class="segments">
        <label>
          <input type="radio" name="compare" checked={original.value} onChange={() => (original.value = true)} />
          <span>Original</span>
        </label>
        <label>
          <input type="radio" name="compare" checked={!original.value} onChange={() => (original.value = false)} />
          <span>My balance</span>
        </label>
      </div>
      <label class="check">
        <input type="checkbox" checked={matched.value} onChange={(event) => (matched.value = event.currentTarget.checked)} />
        equally loud
      </label>
    </fieldset>
  );
}

function Volume() {
  const level = levelDbSpl.value;
  return (
    <div class="volume">
      <label for="volume">Volume</label>
      <input
        id="volume"
        type="range"
        class="seek"
        min={-40}
        max={12}
        step={1}
        value={volumeDb.value}
        style={{ "--share": (volumeDb.value + 40) / 52 }}
        aria-valuetext={gainText(volumeDb.value)}
        onInput={(event) => (volumeDb.value = event.currentTarget.valueAsNumber)}
      />
      <span class="soft" title="If your device is set so that music as it is sounds comfortable at volume 0">
        {Number.isFinite(level) && level > 20 ? `about ${Math.round(level)} dB` : gainText(volumeDb.value)}
      </span>
    </div>
  );
}
