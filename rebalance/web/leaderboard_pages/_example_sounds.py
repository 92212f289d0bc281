"""The sounds of a public example: mixture and system, level-matched; heavy to import, see `_kept_sounds`."""

from __future__ import annotations

from pathlib import Path

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.files import replacing
from rebalance.audio import Audio, encode_vorbis, loudness_lufs, resample
from rebalance.hearing import amplify
from rebalance.submission import ArchivedSignals
from rebalance.task import Pair, Task, read_source
from rebalance.web.listening_test import matched


def write_sounds(kept: Path, task: Task, pair: Pair, archive: Path) -> None:
    """Write the sounds of a pair into a folder, as Ogg Vorbis."""
    for name, signal in matched_sounds(task, pair, archive).items():
        with replacing(kept / f"{name}.ogg") as temporary:
            temporary.write_bytes(encode_vorbis(signal, CAD2_TASK2.remix_sample_rate))


def matched_sounds(task: Task, pair: Pair, archive: Path) -> dict[str, Audio]:
    """Return mixture, amplified for the listener, and a system's signal at the rate of submissions, equally loud."""
    rate = CAD2_TASK2.remix_sample_rate
    system = ArchivedSignals.of(archive, task).read(pair).samples
    mixture: Audio = amplify(read_source(task, task.scenes[pair.scene].segment.mixture), task.fittings[pair.listener])
    mixture = resample(mixture, CAD2_TASK2.mixture_sample_rate, rate)
    n_samples = min(system.shape[1], mixture.shape[1])
    signals: dict[str, Audio] = {"mixture": mixture[:, :n_samples], "system": system[:, :n_samples]}
    level_lufs = min(loudness_lufs(signal, rate) for signal in signals.values())
    return dict(matched(signals, rate, level_lufs=level_lufs))
