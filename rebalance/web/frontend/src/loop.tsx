import { durationS, loop, positionS, setLoop } from "./state";
import { clock } from "./words";

const SHORTEST_LOOP_S = 1;

/** Hears a passage again and again. */
export function Loop() {
  const at = positionS();
  const range = loop.value;
  const begin = () => setLoop([at, Math.max(range?.[1] ?? durationS(), Math.min(durationS(), at + SHORTEST_LOOP_S))]);
  const end = () => setLoop([Math.min(range?.[0] ?? 0, Math.max(0, at - SHORTEST_LOOP_S)), Math.max(at, SHORTEST_LOOP_S)]);
  return (
    <div class="row loop">
      <span class="soft">{range ? `Repeating ${clock(range[0])} to ${clock(range[1])}` : "Repeat a passage"}</span>
      <button type="button" class="toggle" aria-label="Repeat from here" onClick={begin}>
        from here
      </button>
      <button type="button" class="toggle" aria-label="Repeat up to here" onClick={end}>
        to here
      </button>
      <button type="button" class="toggle" aria-label="Turn repeating off" disabled={!range} onClick={() => setLoop(null)}>
        off
      </button>
    </div>
  );
}
