// A page of the listening test: all sounds run in step, one of them is heard; switching keeps the place.
"use strict";

const FADE_S = 0.01;
const HEARD_S = 1;
const TICK_MS = 100;
const SCALE = ["Bad", "Poor", "Fair", "Good", "Excellent"];

const form = document.getElementById("trial");
const playButton = document.getElementById("play");
const loopBox = document.getElementById("loop");
const seek = document.getElementById("seek");
const nextButton = document.getElementById("next");
const statusLine = document.getElementById("status");
const letters = document.getElementById("letters");
const listenButtons = [...document.querySelectorAll("[data-sound]")];
const judged = listenButtons.filter((button) => button.dataset.judged);
const sliders = [...document.querySelectorAll("[data-rates]")];

const plays = new Map(judged.map((button) => [button.dataset.sound, Number(button.dataset.plays)]));
const heardFor = new Map(judged.map((button) => [button.dataset.sound, plays.get(button.dataset.sound) ? HEARD_S : 0]));
const buffers = new Map();
let context;
let running = null; // { sources, gains, since, offset }
let current = listenButtons[0].dataset.sound;
let place = 0; // seconds, while nothing is played
let firstPlay = null;
let sending = false;

const duration = () => buffers.get(current).duration;

function position() {
  if (!running) return place;
  const at = running.offset + Math.max(0, context.currentTime - running.since);
  return loopBox.checked ? at % duration() : Math.min(at, duration());
}

function start() {
  context.resume();
  if (firstPlay === null) firstPlay = performance.now();
  const since = context.currentTime + 0.02;
  const offset = place >= duration() - 0.05 ? 0 : place;
  const nodes = new Map();
  for (const [sound, buffer] of buffers) {
    const source = new AudioBufferSourceNode(context, { buffer, loop: loopBox.checked });
    const gain = new GainNode(context, { gain: sound === current ? 1 : 0 });
    source.connect(gain).connect(context.destination);
    source.start(since, offset);
    nodes.set(sound, { source, gain });
  }
  running = { nodes, since, offset };
  count(current);
  show();
}

function stop() {
  if (!running) return;
  place = position();
  const end = context.currentTime + FADE_S;
  for (const { source, gain } of running.nodes.values()) {
    gain.gain.setTargetAtTime(0, context.currentTime, FADE_S / 4);
    source.stop(end + FADE_S);
  }
  running = null;
  show();
}

function restart(at) {
  const wasRunning = running !== null;
  stop();
  place = at;
  if (wasRunning) start();
}

function count(sound) {
  if (plays.has(sound)) plays.set(sound, plays.get(sound) + 1);
}

function choose(sound) {
  if (running && sound !== current) {
    for (const [name, { gain }] of running.nodes) {
      gain.gain.setTargetAtTime(name === sound ? 1 : 0, context.currentTime, FADE_S / 4);
    }
    count(sound);
  }
  current = sound;
  if (!running) start();
  show();
}

function describe(slider) {
  const value = Number(slider.value);
  const word = SCALE[Math.min(4, Math.floor(value / 20))];
  const text = slider.dataset.rated === "yes" ? `${value}, ${word}` : "not rated yet";
  slider.setAttribute("aria-valuetext", text);
  document.getElementById(`said-${slider.dataset.letter}`).textContent = text;
}

function listed(names) {
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
}

function missing() {
  const unheard = judged.filter((button) => heardFor.get(button.dataset.sound) < Math.min(HEARD_S, duration()));
  if (unheard.length) return `Please listen to ${listed(unheard.map((button) => button.dataset.judged))}.`;
  const unrated = sliders.filter((slider) => slider.dataset.rated === "no");
  if (unrated.length) return `Please rate ${listed(unrated.map((slider) => slider.dataset.letter))}.`;
  if (!sliders.length && !form.querySelector("[name=choice]:checked")) return "Please choose.";
  return "";
}

function show() {
  playButton.textContent = running ? "Pause" : "Play";
  for (const button of listenButtons) {
    button.setAttribute("aria-pressed", String(running !== null && button.dataset.sound === current));
    if (button.dataset.judged) {
      const heard = heardFor.get(button.dataset.sound) >= Math.min(HEARD_S, duration());
      button.classList.toggle("heard", heard);
      button.setAttribute("aria-label", `Listen to ${button.dataset.judged}${heard ? ", heard" : ""}`);
    }
  }
  showPlace();
  const lacks = missing();
  nextButton.setAttribute("aria-disabled", String(lacks !== ""));
  say(lacks || "All done on this page.");
}

function showPlace() {
  const at = position();
  seek.value = at;
  seek.setAttribute("aria-valuetext", `${Math.round(at)} s of ${Math.round(duration())} s`);
}

function say(text) {
  if (statusLine.textContent !== text) statusLine.textContent = text;
}

function tick() {
  if (!running) return;
  const before = missing();
  if (heardFor.has(current) && context.state === "running") heardFor.set(current, heardFor.get(current) + TICK_MS / 1000);
  if (!loopBox.checked && position() >= duration()) {
    stop();
    place = 0;
  }
  if (missing() !== before || !running) show();
  else {
    showPlace();
    listenButtons.forEach((button) => {
      if (button.dataset.sound === current && heardFor.get(current) >= HEARD_S) button.classList.add("heard");
    });
  }
}

function answers() {
  const seconds = (performance.now() - firstPlay) / 1000;
  const choice = form.querySelector("[name=choice]:checked");
  const said = {};
  for (const [sound, n] of plays) {
    const slider = sliders.find((one) => one.dataset.rates === sound);
    said[sound] = { plays: n, seconds: firstPlay === null ? 0 : seconds };
    if (slider) said[sound].rating = Number(slider.value);
    else said[sound].chosen = choice.value === sound;
  }
  return said;
}

async function send(event) {
  event.preventDefault();
  if (sending || !buffers.size) return;
  const lacks = missing();
  if (lacks) {
    say("");
    requestAnimationFrame(() => say(lacks)); // said again to those who listen to the page
    return;
  }
  sending = true;
  try {
    const answer = await fetch(form.dataset.address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ answers: answers() }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    stop();
    location.assign(told.next);
  } catch (error) {
    sending = false;
    say(`Not stored: ${error.message}. Please try again.`);
  }
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !buffers.size || !letters.checked) return;
  const button = listenButtons.find((one) => one.dataset.key === event.key.toLowerCase());
  if (button) {
    event.preventDefault();
    choose(button.dataset.sound);
    sliders.find((slider) => slider.dataset.rates === button.dataset.sound)?.focus();
  } else if (event.key === " " && !event.target.closest("button, a, summary, [type=checkbox], [type=radio]")) {
    event.preventDefault();
    if (running) stop();
    else start();
  }
}

async function load() {
  try {
    context = new AudioContext({ sampleRate: 32000 });
  } catch {
    context = new AudioContext();
  }
  try {
    for (const { dataset } of listenButtons) {
      const answer = await fetch(form.dataset.sounds + dataset.sound);
      if (!answer.ok) throw new Error((await answer.json()).error);
      buffers.set(dataset.sound, await context.decodeAudioData(await answer.arrayBuffer()));
    }
  } catch (error) {
    buffers.clear();
    say(`The sounds cannot be loaded: ${error.message}. Please reload the page.`);
    return;
  }
  seek.max = duration();
  for (const control of [...listenButtons, playButton, seek]) control.disabled = false;
  show();
}

for (const button of listenButtons) button.addEventListener("click", () => choose(button.dataset.sound));
for (const slider of sliders) {
  const rated = () => {
    slider.dataset.rated = "yes";
    describe(slider);
    if (buffers.size) show();
  };
  slider.addEventListener("input", rated);
  slider.addEventListener("pointerup", rated);
  describe(slider);
}
playButton.addEventListener("click", () => (running ? stop() : start()));
loopBox.addEventListener("change", () => buffers.size && restart(position()));
seek.addEventListener("input", () => restart(Number(seek.value)));
form.addEventListener("change", () => buffers.size && show());
form.addEventListener("submit", send);
document.addEventListener("keydown", pressed);
setInterval(tick, TICK_MS);
load();
