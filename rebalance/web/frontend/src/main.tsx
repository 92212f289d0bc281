import { render } from "preact";
import { Room } from "./room";
import { begin, renderOffline, settings, weights, report, levelDbSpl, redo, undo } from "./state";
import "./style.css";

// For tests and for the curious: what would be heard, measured without playing it.
Object.assign(globalThis, {
  listeningRoom: {
    render: renderOffline,
    settings: () => settings.value,
    weights: () => weights.value,
    report: () => report.value,
    levelDbSpl: () => levelDbSpl.value,
  },
});

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type === "number";
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || typing) return;
  event.preventDefault();
  if (event.shiftKey) redo();
  else undo();
});

render(<Room />, document.getElementById("room")!);
void begin();
