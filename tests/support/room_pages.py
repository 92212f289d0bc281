"""The page of the listening room in a browser: what is done on it, and what its engine makes of a signal."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)

RATE = 44_100

_ENCODE = """const encoded = (samples) => {
    const bytes = new Uint8Array(samples.slice().buffer);
    let letters = "";
    for (let i = 0; i < bytes.length; i += 32768) letters += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(letters);
};"""


def enter(page: Page, music: Path, separator: str = "Quick") -> None:
    """Bring music, say how it is separated, and wait until it is."""
    page.get_by_label("Music file").set_input_files(music)
    page.get_by_label(separator).check()
    page.get_by_role("button", name="Enter the room").click()
    expect(page.get_by_role("heading", name="Balance")).to_be_visible()
    page.locator(".progress").wait_for(state="detached")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()


def rendered(page: Page, start_s: float = 0.0, duration_s: float = 8.0) -> np.ndarray:
    """What would be heard, shape (2, n_samples), without the delay of the limiter."""
    found = page.evaluate(
        """async ([start, duration]) => {
            await new Promise((resolve) => setTimeout(resolve, 900)); // until the room has told how loud the aid is
            const { ears, late } = await listeningRoom.render(start, duration);
            ENCODE
            return { text: ears.map(encoded), late };
        }""".replace("ENCODE", _ENCODE),
        [start_s, duration_s],
    )
    return _decoded(found["text"])[:, found["late"] :]


def engine_output(
    page: Page, signal: np.ndarray, commands: Sequence[dict[str, Any]], *, levels: dict[str, float], rate: int = RATE
) -> np.ndarray:
    """Send a signal through the engine and nothing else of the page, shape (2, n_samples) to the same.

    The commands follow those that bring the music; the sound is without the delay of the limiter.
    """
    content = base64.b64encode(signal.astype("<f4").tobytes()).decode()
    text = page.evaluate(
        """async ([content, n, aid, more, levels, rate]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const samples = new Float32Array(bytes.buffer);
            const silence = new Float32Array(n);
            const signals = [samples.subarray(0, n), samples.subarray(n), silence, silence];
            const commands = [
                { kind: "music", nSignals: 2, nChannels: 2, nSamples: n, blockLength: n, aid },
                { kind: "block", index: 0, signals, scales: [1, 1] },
                { kind: "mix", weights: [1, 0], levels },
                ...more,
                { kind: "play", on: true },
            ];
            const late = Math.round(0.005 * rate);
            const context = new OfflineAudioContext(2, n + late, rate);
            await context.audioWorklet.addModule("/engine.js");
            const processorOptions = { commands, immediate: true };
            const options = { numberOfInputs: 0, outputChannelCount: [2], processorOptions };
            new AudioWorkletNode(context, "rebalance-engine", options).connect(context.destination);
            const heard = await context.startRendering();
            ENCODE
            return [0, 1].map((channel) => encoded(heard.getChannelData(channel).slice(late)));
        }""".replace("ENCODE", _ENCODE),
        [content, signal.shape[1], aid_settings(), list(commands), levels, rate],
    )
    return _decoded(text)


def _decoded(ears: Sequence[str]) -> np.ndarray:
    return np.stack([np.frombuffer(base64.b64decode(ear), np.float32) for ear in ears])


def aid_settings() -> dict[str, list[float]]:
    """What the aids of all listeners have in common, as the engine takes it."""
    from rebalance.hearing import CHALLENGE_AID

    return {
        "crossoverFrequenciesHz": list(CHALLENGE_AID.crossover_frequencies_hz),
        "thresholdsDb": list(CHALLENGE_AID.thresholds_db),
        "attacksMs": list(CHALLENGE_AID.attacks_ms),
        "releasesMs": list(CHALLENGE_AID.releases_ms),
    }


def error_db(found: np.ndarray, expected: np.ndarray) -> float:
    """Power of the difference re that of what is expected, in dB."""
    return float(10 * np.log10(np.mean((found - expected) ** 2) / np.mean(expected**2)))


def largest_level_error_db(found: np.ndarray, expected: np.ndarray, window_s: float = 0.025, rate: int = RATE) -> float:
    """The largest difference of levels in short windows, those left out that are 70 dB below the loudest."""
    n = int(window_s * rate)
    n_windows = expected.shape[-1] // n
    powers = [
        np.mean(signal[:, : n_windows * n].reshape(2, n_windows, n) ** 2, axis=-1) for signal in (found, expected)
    ]
    heard = powers[1] > powers[1].max() * 1e-7
    return float(np.max(np.abs(10 * np.log10(powers[0][heard] / powers[1][heard]))))
