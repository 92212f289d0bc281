import { useRef } from "preact/hooks";
import { api } from "./api";
import { Chart } from "./chart";
import { download } from "./save";
import type { Ears as BothEars } from "./settings";
import {
  change,
  frequenciesHz,
  hearing,
  loadListener,
  prescription,
  REFERENCE_DB_SPL,
  setEars,
  setThreshold,
  settings,
  setup,
  trying,
} from "./state";

const DEGREES: [string, string | null][] = [
  ["None", null],
  ["Mild", "N2"],
  ["Moderate", "N3"],
  ["Moderately severe", "N4"],
  ["Severe", "N5"],
];

export function Ears() {
  return (
    <section aria-labelledby="ears" class="ears">
      <div class="heading">
        <h2 id="ears">Your ears</h2>
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            checked={settings.value.amplified}
            onChange={(event) => change("amplified", { amplified: event.currentTarget.checked })}
          />
          <span aria-hidden="true" />
          Amplify for my hearing
        </label>
      </div>
      <p class="soft">
        Enter your audiogram: drag the points, or move to them and use the arrow keys. This is no medical device and
        replaces no fitting.
      </p>
      <Presets />
      <div class="charts">
        <Chart ear="right" />
        <Chart ear="left" />
      </div>
      <Typed />
      <Prescribed />
      <Simulated />
    </section>
  );
}

function Presets() {
  const input = useRef<HTMLInputElement>(null);
  const standard = setup.value!.standard_hearing;
  const take = (name: string | null) => {
    const flat = frequenciesHz.value.map(() => 0);
    const found = name ? standard[name] : null;
    setEars(
      "preset",
      found ? { left: found.left_db_hl.map(Math.round), right: found.right_db_hl.map(Math.round) } : { left: flat, right: flat },
    );
  };
  return (
    <div class="row">
      <label class="pick">
        <span class="unseen">Take an audiogram</span>
        <select
          value=""
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            take(chosen === "none" ? null : chosen);
            event.currentTarget.value = "";
          }}
        >
          <option value="" disabled>
            Take an audiogram …
          </option>
          <optgroup label="By degree of loss">
            {DEGREES.map(([title, name]) => (
              <option value={name ?? "none"}>{title}</option>
            ))}
          </optgroup>
          <optgroup label="Standard audiograms (Bisgaard)">
            {Object.keys(standard).map((name) => (
              <option value={name}>{name}</option>
            ))}
          </optgroup>
        </select>
      </label>
      <input
        ref={input}
        id="listener-file"
        class="unseen"
        type="file"
        tabIndex={-1}
        aria-label="Listener file"
        accept=".json,application/json"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) void loadListener(file);
          event.currentTarget.value = "";
        }}
      />
      <button type="button" onClick={() => input.current?.click()}>
        Load a file
      </button>
      <button type="button" onClick={() => void trying("Saving", () => download(api.listenerFile(hearing.value), "listener.json"))}>
        Save it
      </button>
      <button type="button" onClick={() => setEars("copy", { left: settings.value.ears.right, right: settings.value.ears.right })}>
        Left as right
      </button>
    </div>
  );
}

/** For relatives: the loss of these ears, for people who hear well. */
function Simulated() {
  const isOn = settings.value.simulated;
  return (
    <div class="simulated">
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={isOn}
          aria-describedby="simulated-words"
          onChange={(event) => change("simulated", { simulated: event.currentTarget.checked })}
        />
        <span aria-hidden="true" />
        Hear this loss yourself
      </label>
      <p id="simulated-words" class="soft">
        For relatives and friends who hear well: what these ears hear of music at {REFERENCE_DB_SPL} dB, without the aid
        or, if it is switched on above, with it. What is faint vanishes, and detail blurs. What is saved stays as it is.
      </p>
    </div>
  );
}

const EARS: (keyof BothEars)[] = ["right", "left"];

function Typed() {
  return (
    <details>
      <summary>Type the numbers</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Thresholds">
        <table>
          <thead>
            <tr>
              <th scope="col">dB HL at</th>
              {frequenciesHz.value.map((hz) => (
                <th scope="col">{hz} Hz</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {EARS.map((ear) => (
              <tr>
                <th scope="row">{ear === "right" ? "Right" : "Left"}</th>
                {frequenciesHz.value.map((hz, index) => (
                  <td>
                    <input
                      type="number"
                      min={-10}
                      max={120}
                      step={5}
                      value={settings.value.ears[ear][index]}
                      aria-label={`${ear === "right" ? "Right" : "Left"} ear, ${hz} Hz, dB HL`}
                      onChange={(event) => {
                        const typed = event.currentTarget.valueAsNumber;
                        if (Number.isFinite(typed)) setThreshold(ear, index, typed);
                        event.currentTarget.value = String(settings.value.ears[ear][index]);
                      }}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Prescribed() {
  const fitted = prescription.value;
  if (!fitted) return null;
  return (
    <details>
      <summary>What is prescribed (better ear: {fitted.severity === "none" ? "no loss" : `${fitted.severity} loss`})</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Prescription">
        <table>
          <thead>
            <tr>
              <th scope="col">Band around</th>
              {setup.value!.aid.band_frequencies_hz.map((hz) => (
                <th scope="col">{hz} Hz</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {EARS.map((ear) => (
              <>
                <tr>
                  <th scope="row">{ear === "right" ? "Right" : "Left"}, gain</th>
                  {fitted[ear].gains_db.map((gain) => (
                    <td>{gain.toFixed(1)} dB</td>
                  ))}
                </tr>
                <tr>
                  <th scope="row">{ear === "right" ? "Right" : "Left"}, ratio</th>
                  {fitted[ear].ratios.map((ratio) => (
                    <td>{ratio.toFixed(1)}</td>
                  ))}
                </tr>
              </>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
