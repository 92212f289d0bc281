// The first page: who agrees is taken in. A form that the browser sends itself would come without its origin.
"use strict";

const form = document.getElementById("enter");
const statusLine = document.getElementById("status");
let sending = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending) return;
  sending = true;
  try {
    const answer = await fetch("/participants", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ agrees: form.elements.agrees.checked }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    location.assign(told.next);
  } catch (error) {
    sending = false;
    statusLine.textContent = `This does not work: ${error.message}. Please try again.`;
  }
});
