// Sends an archive in chunks, each with its digest, and goes on where it broke off.
import { Sha256 } from "./leaderboard-sha256.js";

const READ_BYTES = 4 << 20;
const TRIES = 6;
const form = document.getElementById("upload");
const file = document.getElementById("file");
const phase = document.getElementById("phase");
const send = document.getElementById("send");
const stop = document.getElementById("stop");
const bar = document.getElementById("bar");
const progress = document.getElementById("progress");
const said = document.getElementById("status");

let stopping = null;

class Refused extends Error {}

const say = (text) => { if (said.textContent !== text) said.textContent = text; };
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const share = (part, whole) => `${Math.floor((100 * part) / whole)} %`;

async function ask(method, address, options = {}) {
  const headers = { "X-Form-Token": form.dataset.formToken, ...options.headers };
  const answer = await fetch(address, { method, headers, body: options.body, signal: stopping.signal });
  if (answer.ok) return answer.json();
  const { error } = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (answer.status >= 500 || answer.status === 408 || answer.status === 409 || answer.status === 429) throw new Error(error);
  throw new Refused(error);
}

async function digestOf(archive, onProgress) {
  const digest = new Sha256();
  for (let from = 0; from < archive.size; from += READ_BYTES) {
    if (stopping.signal.aborted) throw new DOMException("stopped", "AbortError");
    digest.update(new Uint8Array(await archive.slice(from, from + READ_BYTES).arrayBuffer()));
    onProgress(Math.min(from + READ_BYTES, archive.size));
  }
  return digest.hex();
}

// Repeats what fails for want of a connection; the server says from where to go on.
async function patiently(work) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused || error.name === "AbortError" || tries === TRIES) throw error;
      say("No answer; trying again …");
      await wait(500 * 2 ** tries);
    }
  }
}

async function sendChunk(archive, state) {
  const chunk = new Uint8Array(await archive.slice(state.offset, state.offset + state.max_chunk_bytes).arrayBuffer());
  const headers = { "Content-Type": "application/octet-stream", "X-Chunk-SHA256": new Sha256().update(chunk).hex() };
  return ask("PATCH", `/api/uploads/${state.id}?offset=${state.offset}`, { headers, body: chunk });
}

// The archive of one file, or of the parts x.zip.001, x.zip.002 ... joined in their order, whatever order they are chosen in.
function wholeArchive(files) {
  const parts = files.map((one) => ({ one, found: /^(.+\.zip)\.(\d{3})$/i.exec(one.name) }));
  if (files.length === 1 && !parts[0].found) {
    if (/\.z\d{2}$/i.test(files[0].name)) throw new Refused(`${files[0].name}: 'zip -s 0' joins what the zip command has split`);
    return files[0];
  }
  const stranger = parts.find(({ found }) => !found);
  if (stranger) throw new Refused(`${stranger.one.name}: expected one archive, or parts of one: .zip.001, .zip.002 …`);
  parts.sort((first, second) => Number(first.found[2]) - Number(second.found[2]));
  const name = parts[0].found[1];
  parts.forEach(({ found }, place) => {
    if (found[1] !== name) throw new Refused(`expected parts of one archive, got ${name} and ${found[1]}`);
    if (Number(found[2]) !== place + 1) throw new Refused(`part ${name}.${String(place + 1).padStart(3, "0")} is missing; choose all parts at once`);
  });
  return new File(parts.map(({ one }) => one), name);
}

async function upload(archive) {
  say("Reading the file …");
  const sha256 = await digestOf(archive, (done) => { bar.value = 0.1 * (done / archive.size); });
  const announced = { phase: phase.value, file_name: archive.name, sha256, n_bytes: archive.size };
  const headers = { "Content-Type": "application/json" };
  let state = await patiently(() => ask("POST", "/api/uploads", { headers, body: JSON.stringify(announced) }));
  if (state.offset) say(`${share(state.offset, archive.size)} is there already; going on.`);
  let fresh = true;
  while (state.offset < archive.size) {
    state = await patiently(async () => {
      if (!fresh) state = await ask("GET", `/api/uploads/${state.id}`);
      fresh = false;
      if (state.offset >= archive.size) return state;
      const next = await sendChunk(archive, state);
      fresh = true;
      return next;
    });
    bar.value = 0.1 + 0.9 * (state.offset / archive.size);
    say(`Sent: ${share(state.offset, archive.size)}`);
  }
  const submission = await patiently(() => ask("POST", `/api/uploads/${state.id}/finish`));
  location.assign(`/submissions/${submission.id}`);
}

function show(isSending) {
  send.disabled = file.disabled = phase.disabled = isSending;
  stop.hidden = !isSending;
  progress.hidden = !isSending;
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!file.files.length) return;
  stopping = new AbortController();
  show(true);
  try {
    await upload(wholeArchive([...file.files]));
  } catch (error) {
    show(false);
    if (error.name === "AbortError") say("Stopped. Send the same file again to go on.");
    else if (error instanceof Refused) say(`Refused: ${error.message}`);
    else say(`Broken off: ${error.message}. Send the same file again to go on.`);
    send.focus();
  }
});
if (send) send.disabled = false;
stop?.addEventListener("click", () => stopping?.abort());
addEventListener("beforeunload", (event) => { if (!stop.hidden && bar.value < 1) event.preventDefault(); });
