"use strict";
// The sounds of an example in step: one place in the music, one sound at a time, changed without a gap. Without this
// script, or where the browser has no Web Audio, every sound keeps the browser's own player.
(() => {
  const FADE_S = 0.015;
  const STEPS = 1000;
  let context = null;
  let output = null;
  let playing = null;

  const volume = document.querySelector("[data-volume]");
  const loudness = () => (Number(volume.value) / 100) ** 2;
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  const prepare = () => {
    if (context) return;
    context = new AudioContext();
    output = context.createGain();
    output.gain.value = loudness();
    output.connect(context.destination);
  };

  const bytesOf = (uri) => Uint8Array.from(atob(uri.slice(uri.indexOf(",") + 1)), (character) => character.charCodeAt(0)).buffer;

  class Player {
    constructor(card) {
      this.card = card;
      this.audios = [...card.querySelectorAll("audio")];
      this.radios = [...card.querySelectorAll("input[type=radio]")];
      this.button = card.querySelector("[data-play]");
      this.slider = card.querySelector("[data-place]");
      this.time = card.querySelector("[data-time]");
      this.loop = card.querySelector("[data-loop]");
      this.buffers = new Map();
      this.node = null;
      this.place = 0;
      this.duration = 0;
      this.turn = 0;
      card.classList.add("stepped");
      card.querySelectorAll("[hidden]").forEach((part) => { part.hidden = false; });
      this.button.addEventListener("click", () => (playing === this ? this.pause() : this.play()));
      this.slider.addEventListener("input", () => this.seek(Number(this.slider.value) / STEPS));
      this.loop.addEventListener("change", () => { if (this.node) this.play(); });
      this.radios.forEach((radio) => radio.addEventListener("change", () => { if (playing === this) this.play(); }));
      card.addEventListener("keydown", (event) => this.key(event));
    }

    get chosen() { return this.radios.findIndex((radio) => radio.checked); }

    get position() {
      if (!this.node) return this.place;
      const passed = this.node.from + context.currentTime - this.node.startedAt;
      return this.loop.checked ? passed % this.duration : Math.min(passed, this.duration);
    }

    async buffer(number) {
      if (!this.buffers.has(number)) {
        this.buffers.set(number, await context.decodeAudioData(bytesOf(this.audios[number].src)));
      }
      return this.buffers.get(number);
    }

    async play() {
      prepare();
      const other = playing;
      if (other && other !== this) {
        other.pause();
        other.buffers.clear();
      }
      playing = this;
      const turn = ++this.turn;
      this.button.textContent = "Pause";
      let buffer;
      try {
        await context.resume();
        buffer = await this.buffer(this.chosen);
      } catch {
        this.giveUp();
        return;
      }
      if (turn !== this.turn || playing !== this) return;
      this.duration = buffer.duration;
      const from = this.position >= buffer.duration ? 0 : this.position;
      this.silence();
      this.start(buffer, from);
      this.show();
    }

    start(buffer, from) {
      const node = context.createBufferSource();
      const gain = context.createGain();
      node.buffer = buffer;
      node.loop = this.loop.checked;
      gain.gain.setValueAtTime(0, context.currentTime);
      gain.gain.linearRampToValueAtTime(1, context.currentTime + FADE_S);
      node.connect(gain).connect(output);
      node.start(0, from);
      this.node = { source: node, gain, from, startedAt: context.currentTime };
      node.onended = () => {
        if (!this.node || this.node.source !== node) return;
        this.node = null;
        this.place = 0;
        this.pause();
      };
    }

    silence() {
      if (!this.node) return;
      const { source, gain } = this.node;
      this.place = this.position;
      this.node = null;
      gain.gain.cancelScheduledValues(context.currentTime);
      gain.gain.setValueAtTime(gain.gain.value, context.currentTime);
      gain.gain.linearRampToValueAtTime(0, context.currentTime + FADE_S);
      source.stop(context.currentTime + FADE_S);
    }

    pause() {
      this.turn += 1;
      this.silence();
      if (playing === this) playing = null;
      this.button.textContent = "Play";
      this.show();
    }

    async seek(share) {
      prepare();
      const wasPlaying = playing === this;
      if (!this.duration) this.duration = (await this.buffer(this.chosen)).duration;
      this.silence();
      this.place = share * this.duration;
      if (wasPlaying) this.play();
      else this.show();
    }

    show() {
      const place = this.position;
      this.slider.value = this.duration ? Math.round(STEPS * place / this.duration) : 0;
      this.slider.setAttribute("aria-valuetext", clock(place));
      this.time.textContent = this.duration ? `${clock(place)} / ${clock(this.duration)}` : clock(place);
      if (this.node) requestAnimationFrame(() => this.show());
    }

    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const number = Number(event.key) - 1;
      if (this.radios[number]) {
        this.radios[number].checked = true;
        this.radios[number].focus();
        if (playing === this) this.play();
      } else if (event.key === " " && event.target.type === "radio") {
        if (playing === this) this.pause();
        else this.play();
      } else {
        return;
      }
      event.preventDefault();
    }

    giveUp() {
      this.pause();
      this.card.classList.remove("stepped");
      this.card.querySelectorAll(".transport, .keys").forEach((part) => { part.hidden = true; });
    }
  }

  if (!volume || !window.AudioContext) return;
  volume.closest("label").hidden = false;
  volume.addEventListener("input", () => { if (output) output.gain.value = loudness(); });
  document.querySelectorAll(".example").forEach((card) => new Player(card));
})();
