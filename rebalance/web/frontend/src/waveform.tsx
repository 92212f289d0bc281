import { useEffect, useRef } from "preact/hooks";
import { amplitude, hopsOf, peakOf } from "./balance";
import { durationS, gainsDb, loop, overview, positionS, report, seek, separation } from "./state";

const HOPS_PER_S = 10;

/** When a player plays, and how loud; a click goes there. The position slider does the same for the keyboard. */
export function Waveform({ signal, label }: { signal: number; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const found = separation.value!;
  const gain = amplitude(gainsDb.value[signal - 1] ?? 0);
  const rows = overview.value;
  useEffect(() => {
    const element = canvas.current!;
    const redraw = () => draw(element, signal, gain);
    redraw();
    const watcher = new ResizeObserver(redraw);
    watcher.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", redraw);
    return () => {
      watcher.disconnect();
      scheme.removeEventListener("change", redraw);
    };
  }, [rows, gain, found.n_ready]);
  const share = durationS() ? positionS() / durationS() : 0;
  const range = loop.value;
  return (
    <div
      class="wave"
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        seek(((event.clientX - box.left) / box.width) * durationS());
      }}
    >
      <canvas ref={canvas} role="img" aria-label={label} />
      {range && (
        <div class="range" style={{ left: `${(100 * range[0]) / durationS()}%`, width: `${(100 * (range[1] - range[0])) / durationS()}%` }} />
      )}
      {(report.value.position > 0 || report.value.playing) && <div class="now" style={{ left: `${100 * share}%` }} />}
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, signal: number, gain: number): void {
  const scale = devicePixelRatio || 1;
  const width = (canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale)));
  const height = (canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale)));
  const context = canvas.getContext("2d");
  if (!context || overview.value.nSignals <= signal) return;
  const nHops = Math.max(1, Math.ceil(durationS() * HOPS_PER_S));
  const nKnown = hopsOf(overview.value);
  let loudest = 1e-6;
  for (let hop = 0; hop < nKnown; hop++) loudest = Math.max(loudest, peakOf(overview.value, hop, 0));
  const style = getComputedStyle(canvas);
  const step = Math.max(3 * scale, width / nHops);
  context.fillStyle = style.color;
  for (let x = 0; x < width; x += step) {
    const first = Math.floor((x / width) * nHops);
    const last = Math.max(first + 1, Math.floor(((x + step) / width) * nHops));
    let peak = 0;
    for (let hop = first; hop < Math.min(last, nKnown); hop++) peak = Math.max(peak, peakOf(overview.value, hop, signal));
    const share = Math.min(1, Math.sqrt((peak * gain) / loudest));
    const half = Math.max(0.6 * scale, (share * (height - 2 * scale)) / 2);
    context.globalAlpha = first < nKnown ? 0.35 + 0.65 * share : 0.18;
    context.beginPath();
    context.roundRect(x, height / 2 - half, Math.max(scale, step - 1.2 * scale), 2 * half, scale);
    context.fill();
  }
}
