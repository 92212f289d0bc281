import { useRef } from "preact/hooks";
import type { Ears } from "./settings";
import { frequenciesHz, setThreshold, settings } from "./state";

const LOW_HZ = 200;
const HIGH_HZ = 9500;
const BEST_DB_HL = -10;
const WORST_DB_HL = 120;
const WIDTH = 360;
const HEIGHT = 300;
const MARGIN = { left: 38, right: 10, top: 26, bottom: 10 };
const STEP_DB = 5;

const x = (hz: number) =>
  MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * Math.log(hz / LOW_HZ)) / Math.log(HIGH_HZ / LOW_HZ);
const y = (db: number) =>
  MARGIN.top + ((HEIGHT - MARGIN.top - MARGIN.bottom) * (db - BEST_DB_HL)) / (WORST_DB_HL - BEST_DB_HL);
const db = (at: number) =>
  BEST_DB_HL + ((at - MARGIN.top) * (WORST_DB_HL - BEST_DB_HL)) / (HEIGHT - MARGIN.top - MARGIN.bottom);

const hertz = (hz: number) => (hz >= 1000 ? `${hz / 1000}k` : `${hz}`);

/** The usual chart of one ear: log frequency, dB HL downwards, O for the right ear and X for the left. */
export function Chart({ ear }: { ear: keyof Ears }) {
  const svg = useRef<SVGSVGElement>(null);
  const dragged = useRef<number | null>(null);
  const thresholds = settings.value.ears[ear];
  const frequencies = frequenciesHz.value;
  const title = ear === "right" ? "Right ear" : "Left ear";

  const thresholdAt = (event: PointerEvent) => {
    const box = svg.current!.getBoundingClientRect();
    return db(((event.clientY - box.top) / box.height) * HEIGHT);
  };
  const move = (event: PointerEvent) => {
    if (dragged.current !== null) setThreshold(ear, dragged.current, thresholdAt(event));
  };
  return (
    <figure class={`chart ${ear}`}>
      <figcaption>
        {title} <span aria-hidden="true">{ear === "right" ? "O" : "X"}</span>
        <span class="soft">hearing threshold, dB HL over Hz</span>
      </figcaption>
      <svg
        ref={svg}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="group"
        aria-label={`Audiogram of the ${ear} ear`}
        onPointerMove={move}
        onPointerUp={() => (dragged.current = null)}
        onPointerCancel={() => (dragged.current = null)}
      >
        <Grid frequencies={frequencies} />
        <polyline class="curve" points={frequencies.map((hz, i) => `${x(hz)},${y(thresholds[i])}`).join(" ")} />
        {frequencies.map((hz, i) => (
          <g
            class="point"
            role="slider"
            tabindex={0}
            aria-label={`${title}, ${hz} Hz`}
            aria-orientation="vertical"
            aria-valuemin={BEST_DB_HL}
            aria-valuemax={WORST_DB_HL}
            aria-valuenow={thresholds[i]}
            aria-valuetext={`${thresholds[i]} dB HL`}
            transform={`translate(${x(hz)} ${y(thresholds[i])})`}
            onPointerDown={(event) => {
              dragged.current = i;
              event.currentTarget.focus();
              svg.current!.setPointerCapture(event.pointerId);
              event.preventDefault();
            }}
            onKeyDown={(event) => {
              const next = afterKey(event.key, thresholds[i]);
              if (next === null) return;
              event.preventDefault();
              setThreshold(ear, i, next);
            }}
          >
            <circle class="target" r="19" />
            {ear === "right" ? <circle class="mark" r="6.500" /> : <path class="mark" d="M-5.500-5.500 5.500 5.500M5.500-5.500-5.500 5.500" />}
          </g>
        ))}
      </svg>
    </figure>
  );
}

/** Larger losses lie lower: the arrow down makes the threshold larger. */
function afterKey(key: string, threshold: number): number | null {
  switch (key) {
    case "ArrowDown":
    case "ArrowLeft":
      return threshold + STEP_DB;
    case "ArrowUp":
    case "ArrowRight":
      return threshold - STEP_DB;
    case "PageDown":
      return threshold + 4 * STEP_DB;
    case "PageUp":
      return threshold - 4 * STEP_DB;
    case "Home":
      return BEST_DB_HL;
    case "End":
      return WORST_DB_HL;
    default:
      return null;
  }
}

function Grid({ frequencies }: { frequencies: number[] }) {
  const levels = [0, 20, 40, 60, 80, 100, 120];
  return (
    <g class="grid" aria-hidden="true">
      {levels.map((level) => (
        <>
          <line x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y(level)} y2={y(level)} />
          <text x={MARGIN.left - 6} y={y(level) + 4} text-anchor="end">
            {level}
          </text>
        </>
      ))}
      {frequencies.map((hz) => (
        <>
          <line x1={x(hz)} x2={x(hz)} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
          {hz !== 3000 && hz !== 6000 && (
            <text x={x(hz)} y={MARGIN.top - 9} text-anchor="middle">
              {hertz(hz)}
            </text>
          )}
        </>
      ))}
    </g>
  );
}
