"""Files of any length: what is left on disk, in memory, and of what was there when something fails."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import open_audio, output_format, read_audio
from rebalance.hearing import EarFitting, Fitting
from rebalance.pipeline import RemixRequest, rebalance_recording, remix_file, separate_file, separate_recording
from rebalance.separation import load_separator, source_names

EAR = EarFitting(ratios=(2.1, 1.5, 1.3, 1.5, 2.4, 3.7), gains_db=(9.6, 11.9, 12.9, 16.4, 19.0, 28.0))
DUO = ("Flute", "Cello")


@dataclass(frozen=True)
class FailingSeparator:
    """Gives the first so many blocks away, and then something of another shape."""

    n_blocks: int
    name: str = "failing"
    sample_rate: int = 44_100
    calls: list[int] = None  # type: ignore[assignment]

    def __call__(self, mixture: np.ndarray, instruments: Sequence[str]) -> dict[str, np.ndarray]:
        self.calls.append(mixture.shape[1])
        cut = mixture if len(self.calls) <= self.n_blocks else mixture[:, 1:]
        return dict.fromkeys(source_names(instruments), 0.5 * cut)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    path = tmp_path / "music.flac"
    noise = np.random.default_rng(0).normal(0, 0.05, (100_000, 2))
    soundfile.write(path, noise, 48_000, subtype="PCM_24")
    return path


def request(**options: object) -> RemixRequest:
    separator = load_separator("rebalance.separation._average_spectra:average_spectra_separator")
    return RemixRequest(instruments=DUO, gains_db={"Cello": 6.0}, separator=separator, **options)


@pytest.mark.parametrize("fitting", [None, Fitting(left=EAR, right=EAR)])
@pytest.mark.parametrize("loudness", [None, "recording", -30.0])
def test_a_file_is_rebalanced_as_its_samples_are(
    music: Path, tmp_path: Path, fitting: Fitting | None, loudness: float | str | None
) -> None:
    wanted = request(fitting=fitting, loudness=loudness)
    file, out = open_audio(music), tmp_path / "out.flac"
    done = remix_file(file, wanted, out, output_format(out, like=file.header))
    options = {"fitting": fitting, "loudness": loudness}
    mix = rebalance_recording(read_audio(music), DUO, {"Cello": 6.0}, wanted.separator, **options)
    assert done.level.gain_db == pytest.approx(mix.level.gain_db, abs=1e-4)
    assert done.balance.made_db == mix.balance.made_db
    np.testing.assert_allclose(read_audio(out).samples, np.clip(mix.recording.samples, -1, 1), atol=3e-7)


def test_stems_of_a_file_are_those_of_its_samples(music: Path, tmp_path: Path) -> None:
    separator = request().separator
    out = tmp_path / "stems"
    kind = output_format(Path("stem.wav"), depth="float")
    done = separate_file(open_audio(music), DUO, separator, out, kind)
    expected = separate_recording(read_audio(music), DUO, separator)
    for name, path in done.paths.items():
        np.testing.assert_array_equal(read_audio(path).samples, expected[name])
    assert sorted(path.name for path in out.iterdir()) == ["Cello.wav", "Flute.wav"]


@dataclass(frozen=True)
class LoudSeparator:
    """Gives every player the mixture, so many times as loud."""

    factor: float
    calls: list[int]
    name: str = "loud"
    sample_rate: int = 44_100

    def __call__(self, mixture: np.ndarray, instruments: Sequence[str]) -> dict[str, np.ndarray]:
        self.calls.append(mixture.shape[1])
        return dict.fromkeys(source_names(instruments), self.factor * mixture)


@pytest.mark.parametrize(("factor", "n_times"), [(1.0, 1), (8.0, 2)])
@pytest.mark.parametrize("suffix", [".flac", ".wav", ".ogg"])
def test_stems_written_as_they_come_are_those_that_waited(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float, n_times: int, suffix: str
) -> None:
    kind = output_format(Path(f"stem{suffix}"))
    waited = separate_file(open_audio(music), DUO, LoudSeparator(factor=factor, calls=[]), tmp_path / "waited", kind)
    monkeypatch.setattr("rebalance.pipeline._own_files.MAX_KEPT_BYTES", 0)
    streaming = LoudSeparator(factor=factor, calls=[])
    streamed = separate_file(open_audio(music), DUO, streaming, tmp_path / "streamed", kind)
    assert streamed.attenuation_db == waited.attenuation_db
    assert (waited.attenuation_db > 0) == (n_times == 2)
    assert len(streaming.calls) == n_times
    for name, path in streamed.paths.items():
        np.testing.assert_array_equal(read_audio(path).samples, read_audio(waited.paths[name]).samples)
    assert len(list((tmp_path / "streamed").iterdir())) == len(DUO)


DISK = """
import resource, sys
from pathlib import Path
from rebalance.audio import open_audio, output_format
from rebalance.pipeline import _own_files, separate_file
from rebalance.separation import load_separator
music, folder = Path(sys.argv[1]), Path(sys.argv[2])
_own_files.MAX_KEPT_BYTES = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, 1_200_000))
separate_file(open_audio(music), ("flute", "cello"), load_separator("mixture"), folder, output_format(Path("x.flac")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
@pytest.mark.parametrize(("kept_bytes", "fits"), [(0, True), (2**30, False)])
def test_stems_written_as_they_come_leave_no_larger_file_than_a_stem(
    music: Path, tmp_path: Path, kept_bytes: int, fits: bool
) -> None:
    """Both stems of 100,000 samples in stereo take 1.6 MB as floats, each of the files at most .4 MB."""
    command = [sys.executable, "-c", DISK, str(music), str(tmp_path / "stems"), str(kept_bytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == fits, done.stderr


@pytest.mark.parametrize("n_blocks", [0, 1])
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_failure_half_way_leaves_nothing_behind(tmp_path: Path, n_blocks: int) -> None:
    long = tmp_path / "long.wav"
    soundfile.write(long, np.full((1_200_000, 1), 0.1), 44_100)
    out = tmp_path / "out"
    separator = FailingSeparator(n_blocks=n_blocks, calls=[])
    with pytest.raises(AudioError, match="shape"):
        separate_file(open_audio(long), DUO, separator, out, output_format(Path("x.flac")))
    wanted = RemixRequest(instruments=DUO, gains_db={"Cello": 6.0}, separator=FailingSeparator(n_blocks=1, calls=[]))
    with pytest.raises(AudioError, match="shape"):
        remix_file(open_audio(long), wanted, out / "mix.flac", output_format(Path("x.flac")))
    gc.collect()
    assert list(out.iterdir()) == []


def test_silence_leaves_no_file_for_a_listener(tmp_path: Path) -> None:
    silence, out = tmp_path / "silence.wav", tmp_path / "out.flac"
    soundfile.write(silence, np.zeros((44_100, 2)), 44_100)
    with pytest.raises(AudioError, match="silence"):
        remix_file(open_audio(silence), request(fitting=Fitting(left=EAR, right=EAR)), out, output_format(out))
    gc.collect()
    assert not out.exists()


def test_a_file_cut_short_while_it_is_read_is_refused(music: Path, tmp_path: Path) -> None:
    file = open_audio(music)
    content = music.read_bytes()
    music.write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match=r"music\.flac"):
        remix_file(file, request(), tmp_path / "out.flac", output_format(Path("out.flac")))
    assert not (tmp_path / "out.flac").exists()


def test_strengths_out_of_range_are_refused_before_anything_is_done() -> None:
    with pytest.raises(ConfigError, match=r"strength: expected 0 to 1\.5, got 2"):
        request(strength=2.0)


PEAK = """
import sys
from pathlib import Path
from rebalance.audio import open_audio, output_format
from rebalance.hearing import EarFitting, Fitting
from rebalance.pipeline import RemixRequest, remix_file, separate_file
from rebalance.separation import load_separator
folder, name = Path(sys.argv[1]), sys.argv[2]
separator = load_separator("rebalance.separation._average_spectra:average_spectra_separator")
file, kind = open_audio(folder / name), output_format(Path("x.flac"))
ear = EarFitting(ratios=(2.1, 1.5, 1.3, 1.5, 2.4, 3.7), gains_db=(9.6, 11.9, 12.9, 16.4, 19.0, 28.0))
players = ("flute", "cello")
separate_file(file, players, separator, folder / "stems", kind)
request = RemixRequest(instruments=players, gains_db={"Cello": 6.0}, separator=separator,
    fitting=Fitting(left=ear, right=ear), loudness="recording")
remix_file(file, request, folder / "mix.flac", kind)
"""


@pytest.mark.skipif(not hasattr(os, "wait4") or sys.platform != "linux", reason="memory as Linux counts it")
def test_memory_does_not_grow_with_the_length_of_a_recording(tmp_path: Path) -> None:
    """Two minutes more of stereo are 42 MB of samples, and as much again for both stems, the edit and the aid.

    What the first blocks leave to the allocator is a part of that, and no more with any length.
    """
    peaks_mb = []
    for minutes in (1, 3):
        with soundfile.SoundFile(tmp_path / f"{minutes}.flac", "w", 44_100, 2) as file:
            rng = np.random.default_rng(0)
            for _ in range(minutes):
                file.write(rng.normal(0, 0.05, (60 * 44_100, 2)))
        command = [sys.executable, "-c", PEAK, str(tmp_path), f"{minutes}.flac"]
        process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        assert status == 0
        peaks_mb.append(usage.ru_maxrss / 1024)
    assert peaks_mb[1] - peaks_mb[0] < 100, peaks_mb
