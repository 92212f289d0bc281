import { useEffect, useRef } from "preact/hooks";
import { Choose } from "./choose";
import { Ears } from "./ears";
import { Players } from "./players";
import { Save } from "./save";
import { announcement, away, busy, changePlayers, demoName, isOpen, leave, problem, recording, separation, setup } from "./state";
import { Strips } from "./strips";
import { Transport } from "./transport";
import { demoTitle, instrumentName, timeLeft } from "./words";

export function Room() {
  const step = !recording.value ? "choose" : isOpen.value ? "room" : "players";
  const before = useRef(step);
  useEffect(() => {
    if (before.current === step) return;
    before.current = step;
    document.getElementById("content")!.focus();
    scrollTo(0, 0);
  }, [step]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <div class="wide">
          <p class="brand">
            <img src="/icon.svg" alt="" width="28" height="28" /> Listening room
          </p>
          {recording.value && (
            <button type="button" class="quiet" onClick={leave}>
              Other music
            </button>
          )}
        </div>
      </header>
      <main id="content" class={isOpen.value ? "wide open" : "wide"} tabIndex={-1}>
        <Notices />
        {setup.value && <Content />}
      </main>
      {isOpen.value && <Transport />}
      <p class="unseen" role="status">
        {announcement.value}
      </p>
    </>
  );
}

function Notices() {
  return (
    <div aria-live="polite">
      {away.value && <p class="notice warn">The room does not answer. Start it again with: rebalance listen</p>}
      {problem.value && <p class="notice warn">{problem.value}</p>}
      {busy.value && <p class="notice">{busy.value} …</p>}
    </div>
  );
}

function Content() {
  if (!recording.value) return <Choose />;
  if (!isOpen.value) return <Players />;
  return (
    <>
      <Title />
      <Strips />
      <Ears />
      <Save />
      <footer class="foot">rebalance {setup.value!.version} · nothing leaves this machine, nothing is kept when the room closes</footer>
    </>
  );
}

function Title() {
  const found = separation.value!;
  const share = found.n_ready / found.recording.n_samples;
  return (
    <section class="title">
      <h1>{demoName.value ? demoTitle(demoName.value) : found.recording.name}</h1>
      <p class="soft">
        {found.instruments.map(instrumentName).join(", ")}{" "}
        <button type="button" class="link" onClick={changePlayers}>
          change
        </button>
      </p>
      {found.recording.remarks.map((remark) => (
        <p class="notice">{remark}</p>
      ))}
      {found.stage !== "ready" && (
        <div class="progress">
          <progress max={1} value={share} aria-label="Separating the players" />
          <p>
            Separating the players: {Math.round(100 * share)} %, {timeLeft(found.left_s)}.
            {share > 0 && " What is ready can be heard already."}
          </p>
        </div>
      )}
    </section>
  );
}
