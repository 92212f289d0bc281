// Asks how far a submission is, and loads the page again once something has changed for good.
const place = document.getElementById("follow");
const said = document.getElementById("status");
const bar = document.getElementById("bar");
const EVERY_MS = 1000;
const LATER_MS = 5000;

async function look() {
  let next = EVERY_MS;
  try {
    const answer = await fetch(`/api/submissions/${place.dataset.submission}`);
    if (answer.status === 401) return;
    if (answer.ok) {
      const found = await answer.json();
      if (found.state !== place.dataset.state) {
        location.reload();
        return;
      }
      const job = found.jobs.find((one) => one.state === "running");
      if (job && job.n_all) {
        bar.max = job.n_all;
        bar.value = job.n_done;
        if (found.state === "scoring") said.textContent = `Accepted. Scored: ${job.n_done} of ${job.n_all} scenes.`;
      }
    } else next = LATER_MS;
  } catch {
    next = LATER_MS;
  }
  setTimeout(look, next);
}

setTimeout(look, EVERY_MS);
