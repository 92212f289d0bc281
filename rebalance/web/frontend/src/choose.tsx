import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { busy, openDemo, openFile, setup } from "./state";
import { demoTitle } from "./words";

export function Choose() {
  const over = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined) => {
    if (files?.[0]) void openFile(files[0]);
  };
  return (
    <section class="choose">
      <h1>Hear the player you want to hear</h1>
      <p class="lead">
        Bring a recording of two to five players. The room tells them apart, you set how loud each one is, and the music
        is fitted for your ears.
      </p>
      <div
        class={over.value ? "drop over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          over.value = true;
        }}
        onDragLeave={() => (over.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          over.value = false;
          take(event.dataTransfer?.files);
        }}
      >
        <p>Drop a music file here, or</p>
        <input
          ref={input}
          id="file"
          class="unseen"
          type="file"
          tabIndex={-1}
          aria-label="Music file"
          accept="audio/*,.flac,.wav,.mp3,.ogg,.oga,.opus,.m4a,.aac,.aif,.aiff"
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
        <button type="button" class="main" disabled={busy.value !== null} onClick={() => input.current?.click()}>
          Choose a file
        </button>
        <p class="soft">FLAC, WAV, MP3, OGG or M4A, mono or stereo, up to an hour. It stays on this machine.</p>
      </div>
      <h2>Or try an example</h2>
      <div class="row">
        {setup.value!.demos.map((name) => (
          <button type="button" disabled={busy.value !== null} onClick={() => void openDemo(name)}>
            {demoTitle(name)}
          </button>
        ))}
      </div>
    </section>
  );
}
