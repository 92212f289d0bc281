"""The engine of the page in a real browser: the hearing aid and the simulated loss of hearing, against the library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import scipy.signal

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Page
from room_pages import RATE, aid_settings, engine_output, error_db, largest_level_error_db

from rebalance.audio import amplitude_from_db, read_audio, resample
from rebalance.hearing import (
    STANDARD_AUDIOGRAMS,
    Listener,
    amplify,
    live_loss_filters,
    prescribe,
    simulate_hearing_loss,
)

FULL_SCALE_DB_SPL = 100.0
OCTAVES_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)


def bursts(duration_s: float, rate: int) -> np.ndarray:
    """Tone bursts of growing level, 0.2 s on and 0.1 s off, a different one in either ear."""
    time_s = np.arange(int(duration_s * rate)) / rate
    is_on = (time_s % 0.3) < 0.2
    levels = 10 ** ((-60 + 60 * time_s / duration_s) / 20)
    return np.stack([is_on * levels * np.sin(2 * np.pi * hz * time_s) for hz in (440.0, 3100.0)])


def sound(kind: str, excerpt: Path, rate: int = RATE, duration_s: float = 4.0) -> np.ndarray:
    """Music, noise or bursts, as single precision holds them."""
    n = int(duration_s * rate)
    if kind == "music":
        signal = resample(read_audio(excerpt).samples.astype(np.float64), RATE, rate)[:, :n] * 4.0
    elif kind == "noise":
        signal = np.random.default_rng(3).normal(0.0, 0.05, (2, n)) * np.linspace(0.01, 1.0, n)
    else:
        signal = bursts(duration_s, rate)
    return signal.astype(np.float32).astype(np.float64)


def listener_of(left: str, right: str) -> Listener:
    return Listener(name="me", left=STANDARD_AUDIOGRAMS[left], right=STANDARD_AUDIOGRAMS[right])


def aided(page: Page, signal: np.ndarray, listener: Listener, rate: int = RATE) -> np.ndarray:
    """Send a signal through the engine with nothing but the aid in it, far below its limiter."""
    fitting = prescribe(listener)
    ears = [{"ratios": ear.ratios, "gainsDb": ear.gains_db} for ear in (fitting.left, fitting.right)]
    output = amplitude_from_db(-60.0)
    levels = {"plain": 0.0, "aidInput": 1.0, "aidOutput": output, "volume": 1.0}
    return engine_output(page, signal, [{"kind": "aid", "on": True, "ears": ears}], levels=levels, rate=rate) / output


@pytest.mark.parametrize("kind", ["music", "noise", "bursts"])
@pytest.mark.parametrize("losses", [("N2", "N4"), ("N5", "S3")], ids="-".join)
def test_the_aid_of_the_page_is_that_of_the_library(page: Page, excerpt: Path, kind: str, losses) -> None:
    signal = sound(kind, excerpt)
    listener = listener_of(*losses)
    expected = amplify(signal, prescribe(listener))
    heard = aided(page, signal, listener)
    assert largest_level_error_db(heard, expected, 0.005) < 0.1
    assert error_db(heard, expected) < -80.0


@pytest.mark.parametrize("kind", ["music", "noise", "bursts"])
@pytest.mark.parametrize("rate", [22_050, 48_000, 96_000])
def test_the_aid_of_the_page_is_that_of_the_library_at_other_rates(
    page: Page, excerpt: Path, kind: str, rate: int
) -> None:
    signal = sound(kind, excerpt, rate, 2.0)
    listener = listener_of("N3", "S3")
    expected = amplify(signal, prescribe(listener), sample_rate=rate)
    heard = aided(page, signal, listener, rate)
    assert largest_level_error_db(heard, expected, 0.005, rate) < 0.1
    assert error_db(heard, expected) < -80.0


def damaged(page: Page, signal: np.ndarray, listener: Listener, rate: int = RATE) -> np.ndarray:
    """Send a signal through the engine with nothing but the simulated loss in it."""
    ears = [
        asdict(live_loss_filters(ear, sample_rate=rate, full_scale_db_spl=FULL_SCALE_DB_SPL))
        for ear in (listener.left, listener.right)
    ]
    levels = {"plain": 1.0, "aidInput": 0.0, "aidOutput": 0.0, "aidUnmatched": 0.0, "volume": 1.0}
    return engine_output(page, signal, [{"kind": "loss", "ears": ears}], levels=levels, rate=rate)


def octave_levels_db(signal: np.ndarray, rate: int = RATE) -> np.ndarray:
    """Levels of the octaves of both ears."""
    levels = []
    for centre_hz in OCTAVES_HZ:
        sections = scipy.signal.butter(4, (centre_hz / 2**0.5, centre_hz * 2**0.5), "bandpass", fs=rate, output="sos")
        levels.append(10 * np.log10(np.mean(scipy.signal.sosfilt(sections, signal) ** 2, axis=-1)))
    return np.array(levels)


@pytest.mark.parametrize("kind", ["music", "noise"])
@pytest.mark.parametrize("losses", [("N1", "N2"), ("N3", "N5")], ids="-".join)
def test_the_loss_of_the_page_is_that_of_the_library(page: Page, excerpt: Path, kind: str, losses) -> None:
    signal = sound(kind, excerpt)
    if kind == "noise":
        signal *= 2.0
    expected = simulate_hearing_loss(signal, listener_of(*losses), full_scale_db_spl=FULL_SCALE_DB_SPL)
    heard = damaged(page, signal, listener_of(*losses))
    differences = octave_levels_db(heard) - octave_levels_db(expected)
    levels = octave_levels_db(expected)
    for ear, loss in enumerate(losses):
        heard_well = levels[:, ear] > levels[:, ear].max() - 30.0
        assert heard_well.sum() >= 3
        # Expansion of up to 4.2 in the ear with the profound loss multiplies what little differs before it.
        assert np.abs(differences[heard_well, ear]).max() < (2.0 if loss == "N5" else 1.0)


def test_another_loss_takes_over_without_a_click(page: Page) -> None:
    """The ears change in the middle of a tone: nothing is steeper than the tone itself."""
    filters = [
        [asdict(live_loss_filters(STANDARD_AUDIOGRAMS[name], sample_rate=RATE, full_scale_db_spl=FULL_SCALE_DB_SPL))]
        * 2
        for name in ("N1", "N2")
    ]
    heard = np.array(
        page.evaluate(
            """async ([aid, [first, second]]) => {
            const rate = 44100, n = rate * 2;
            const signal = Float32Array.from({ length: n }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 500 * i / rate));
            const levels = { plain: 1, aidInput: 1, aidOutput: 1, aidUnmatched: 1, volume: 1 };
            const commands = [
                { kind: "music", nSignals: 2, nChannels: 1, nSamples: n, blockLength: n, aid },
                { kind: "block", index: 0, signals: [signal, signal], scales: [1, 1] },
                { kind: "mix", weights: [1, 0], levels },
                { kind: "loss", ears: first },
                { kind: "play", on: true },
            ];
            const context = new OfflineAudioContext(2, n, rate);
            await context.audioWorklet.addModule("/engine.js");
            const options = { numberOfInputs: 0, outputChannelCount: [2], processorOptions: { commands } };
            const node = new AudioWorkletNode(context, "rebalance-engine", options);
            node.connect(context.destination);
            for (const [at, ears] of [[1, second], [1.5, null]])
                context.suspend(at).then(async () => {
                    node.port.postMessage({ kind: "loss", ears });
                    await new Promise((resolve) => setTimeout(resolve, 200));
                    await context.resume();
                });
            return Array.from((await context.startRendering()).getChannelData(0));
        }""",
            [aid_settings(), filters],
        )
    )
    levels = [float(np.std(heard[int(start * RATE) : int((start + 0.3) * RATE)])) for start in (0.65, 1.15, 1.65)]
    assert levels[0] > 1.1 * levels[1]  # N2 has lost more
    assert levels[2] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert np.abs(np.diff(heard)).max() < 1.2 * 0.5 * 2 * np.pi * 500 / RATE
