import { busy, demoName, instruments, recording, separate, separatorName, setup } from "./state";
import { clock, demoTitle, instrumentName } from "./words";

const LINE_UPS: [string, string[]][] = [
  ["String quartet", ["Violin", "Violin", "Viola", "Cello"]],
  ["String trio", ["Violin", "Viola", "Cello"]],
  ["Wind quartet", ["Flute", "Oboe", "Clarinet", "Bassoon"]],
  ["Flute and cello", ["Flute", "Cello"]],
];

const numbered = (players: string[], index: number) => {
  const same = players.filter((name) => name === players[index]).length;
  const number = players.slice(0, index + 1).filter((name) => name === players[index]).length;
  return same > 1 ? `${instrumentName(players[index])} ${number}` : instrumentName(players[index]);
};

export function Players() {
  const music = recording.value!;
  const players = instruments.value;
  const isFull = players.length >= setup.value!.n_players;
  return (
    <section class="who">
      <p class="soft">
        {demoName.value ? demoTitle(demoName.value) : music.name} · {clock(music.n_samples / music.sample_rate)}
      </p>
      <h1>Who plays?</h1>
      <p class="lead">Name every player once. Two violins are two players.</p>
      <ul class="chosen" aria-label="Players">
        {players.map((name, index) => (
          <li>
            <button
              type="button"
              class={`chip hue-${name.toLowerCase()}`}
              aria-label={`Remove ${numbered(players, index)}`}
              onClick={() => (instruments.value = players.filter((_, i) => i !== index))}
            >
              {numbered(players, index)} <span aria-hidden="true">×</span>
            </button>
          </li>
        ))}
        {!players.length && <li class="soft">Nobody yet.</li>}
      </ul>
      <h2>Add a player</h2>
      <div class="row">
        {setup.value!.instruments.map((name) => (
          <button type="button" disabled={isFull} onClick={() => (instruments.value = [...players, name])}>
            <span aria-hidden="true">+ </span>
            {instrumentName(name)}
          </button>
        ))}
      </div>
      <h2>Or take a line-up</h2>
      <div class="row">
        {LINE_UPS.map(([title, line]) => (
          <button type="button" class="quiet" onClick={() => (instruments.value = line)}>
            {title}
          </button>
        ))}
      </div>
      <fieldset class="row choice">
        <legend>How the players are told apart</legend>
        {setup.value!.separators.map((choice) => (
          <label>
            <input
              type="radio"
              name="separator"
              value={choice.name}
              checked={separatorName.value === choice.name}
              onChange={() => (separatorName.value = choice.name)}
            />
            {choice.title}
          </label>
        ))}
      </fieldset>
      <button type="button" class="main" disabled={players.length < 2 || busy.value !== null} onClick={() => void separate()}>
        Enter the room
      </button>
      {players.length < 2 && <p class="soft">Two players or more are needed.</p>}
    </section>
  );
}
