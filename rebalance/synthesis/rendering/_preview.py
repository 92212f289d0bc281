"""A page to look at for every rendered piece: what is played, how, and what it sounds like."""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from rebalance._base.challenge import Split
from rebalance._base.files import StrPath, expanded, write_text
from rebalance._base.running import Failure, run_items
from rebalance.audio import db_from_amplitude, read_audio, rms
from rebalance.synthesis.notation import Score
from rebalance.synthesis.performance import DYNAMIC_LEVELS, PlayedPart, TempoMap, dynamic_at
from rebalance.synthesis.rendering._piece_stems import PieceStems
from rebalance.synthesis.rendering._plans import Plan, Voice
from rebalance.synthesis.rendering._played_pieces import read_played_piece
from rebalance.synthesis.rendering._renditions import manifest_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = "preview.html"

# Okabe and Ito's colours, told apart by colour-blind eyes too; one per place in the score.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
_MIXTURE_COLOUR = "#444444"
_SPECTROGRAM_FFT = 2048
_SPECTROGRAM_COLUMNS = 900
_MAX_SHOWN_HZ = 8000.0
_SHOWN_RANGE_DB = 70.0
_MINUTE_S = 60.0
_CURVE_POINTS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class StemCard:
    """One stem on the page: its name, colour, a line of facts, its file and its spectrogram as base64 PNG."""

    label: str
    colour: str
    facts: str
    file: str
    spectrogram: str


def write_previews(
    root: StrPath,
    split: Split,
    pieces: Sequence[PieceStems],
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> tuple[Failure, ...]:
    """Write a page beside the audio of every piece; return what failed.

    Parameters
    ----------
    root
        Folder of the task.
    split
        Whose pieces they are.
    pieces
        The stems of every piece.
    jobs
        Processes; one per core when None.
    executor
        Does the work in place of processes of its own, such as a client of Dask.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Piece, Score, write_note_table
    >>> from rebalance.synthesis.rendering import choose_run, render_pieces, write_previews
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=69 + at) for at in range(4))
    >>> parts = tuple(Part(name=name, instrument=None, notes=notes) for name in ("First", "Second"))
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     table, fonts, out = (Path(folder, name) for name in ("study.json", "notes", "task"))
    ...     write_note_table(table, Score(name="study", parts=parts, quarter_bpm=240.0))
    ...     write_audio(fonts / "tone-A4.wav", tone[None], 44_100)
    ...     run = choose_run(split="valid", seed=1, ensembles=["Flute,Oboe"], fonts=[str(fonts)], room="dry")
    ...     outcome = render_pieces(out, [Piece(name="study", path=table)], run, executor=executor)
    ...     failures = write_previews(out, "valid", outcome.pieces, executor=executor)
    ...     print(failures, [page.name for page in out.rglob("*.html")])
    () ['preview.html']
    """
    root = expanded(root)
    return run_items(
        pieces,
        functools.partial(write_preview, root=root, split=split),
        title="previews",
        jobs=jobs,
        executor=executor,
        describe=_name_of,
    )


def write_preview(piece: PieceStems, *, root: Path, split: Split) -> Path:
    """Write the page of one piece and return its path.

    Raises
    ------
    RebalanceError
        If its notes, annotations or audio cannot be read.
    """
    from jinja2 import Environment, PackageLoader

    folder = manifest_path(root, split, piece.name).parent
    played = read_played_piece(root, split, piece.name)
    plan = played.plan
    colours = dict(zip(piece.stems, _COLOURS, strict=False))
    tracks = {**piece.stems, "Mixture": piece.mixture}
    cards = [
        _card(root / "audio" / track, label, colours.get(label, _MIXTURE_COLOUR), plan.voices.get(label))
        for label, track in tracks.items()
    ]
    environment = Environment(loader=PackageLoader("rebalance.synthesis.rendering"), autoescape=True)
    page = environment.get_template(PAGE).render(
        title=piece.name,
        facts=_facts(piece, played.score, plan),
        roll=_roll(played.parts, colours, plan, played.tempo),
        stems=cards,
    )
    write_text(folder / PAGE, page)
    return folder / PAGE


def _facts(piece: PieceStems, score: Score, plan: Plan) -> str:
    """Return what there is to know about a piece in one line."""
    room = "no room"
    if plan.hall is not None:
        length, width, height = plan.hall.size_m
        room = f"hall {length:.0f} x {width:.0f} x {height:.1f} m, reverberation {plan.hall.reverberation_s:.1f} s"
    elif plan.response is not None:
        room = f"measured response {Path(plan.response).name}"
    n_notes = sum(len(part.notes) for part in score.parts)
    return f"{piece.duration_s:.0f} s, {n_notes} notes, {room}, seed {plan.seed}"


def _card(path: Path, label: str, colour: str, voice: Voice | None) -> StemCard:
    """Return one stem as it is shown."""
    recording = read_audio(path)
    level = db_from_amplitude(rms(recording.samples))
    sounds = ", ".join(Path(layer.source).name for layer in voice.layers) if voice else "sum of the stems"
    return StemCard(
        label=label,
        colour=colour,
        facts=f"{sounds}; {level:.0f} dBFS rms",
        file=path.name,
        spectrogram=_spectrogram(recording.samples.mean(axis=0), recording.sample_rate),
    )


def _roll(played: Sequence[PlayedPart], colours: dict[str, str], plan: Plan, tempo: TempoMap) -> str:
    """Return piano roll, dynamics and tempo over one time axis as base64 PNG."""
    figure = _figure(11.0, 6.0)
    roll, dynamics, speed = figure.subplots(3, 1, sharex=True, height_ratios=[4, 1, 1])
    for part in played:
        starts = [note.onset_s for note in part.notes]
        lengths = [note.duration_s for note in part.notes]
        roll.barh(
            [note.pitch for note in part.notes],
            lengths,
            left=starts,
            height=0.9,
            color=colours[part.label],
            alpha=0.8,
            label=part.label,
        )
    roll.set_ylabel("MIDI pitch")
    roll.legend(loc="upper right", ncols=len(played), frameon=False, bbox_to_anchor=(1.0, 1.12))
    times = np.linspace(0.0, tempo.duration_s, _CURVE_POINTS)
    if plan.annotations.dynamics:
        levels = [dynamic_at(plan.annotations.dynamics, tempo, time) for time in times.tolist()]
        dynamics.plot(times, levels, color=_MIXTURE_COLOUR)
    dynamics.set_yticks(range(len(DYNAMIC_LEVELS)), DYNAMIC_LEVELS, fontsize=7)
    dynamics.set_ylim(-0.5, len(DYNAMIC_LEVELS) - 0.5)
    dynamics.set_ylabel("dynamics")
    beats = _MINUTE_S * np.diff(tempo.quarters) / np.diff(tempo.seconds)
    speed.step(tempo.seconds, [*beats.tolist(), beats[-1]], where="post", color=_MIXTURE_COLOUR)
    speed.set_ylabel("quarters / min")
    speed.set_xlabel("time in s")
    _clean((roll, dynamics, speed))
    roll.set_xlim(0.0, tempo.duration_s)
    return _png(figure)


def _spectrogram(mono: NDArray[np.floating], sample_rate: int) -> str:
    """Return a spectrogram up to 8 kHz as base64 PNG."""
    hop = max(len(mono) // _SPECTROGRAM_COLUMNS, _SPECTROGRAM_FFT // 4)
    window = scipy.signal.windows.hann(_SPECTROGRAM_FFT, sym=False)
    starts = np.arange(0, max(len(mono) - _SPECTROGRAM_FFT, 1), hop)
    padded = np.pad(mono, (0, max(_SPECTROGRAM_FFT - len(mono), 0)))
    frames = np.stack([padded[start : start + _SPECTROGRAM_FFT] for start in starts.tolist()])
    n_bins = int(_MAX_SHOWN_HZ / sample_rate * _SPECTROGRAM_FFT)
    magnitudes = np.abs(np.fft.rfft(frames * window, axis=1))[:, :n_bins].T
    levels = 20 * np.log10(np.maximum(magnitudes, 1e-9))
    figure = _figure(8.0, 1.5)
    axes = figure.subplots()
    top = float(levels.max())
    extent = (0.0, len(mono) / sample_rate, 0.0, _MAX_SHOWN_HZ / 1000)
    axes.imshow(
        levels, origin="lower", aspect="auto", extent=extent, vmin=top - _SHOWN_RANGE_DB, vmax=top, cmap="magma"
    )
    axes.set_ylabel("kHz")
    return _png(figure)


def _figure(width_inch: float, height_inch: float) -> Figure:
    """Return an empty figure that no window ever shows."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_inch, height_inch), layout="constrained")


def _clean(all_axes: Sequence[Axes]) -> None:
    """Take away the frame lines nobody reads."""
    for axes in all_axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", alpha=0.2)


def _png(figure: Figure) -> str:
    """Return a figure as base64 PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _name_of(piece: PieceStems) -> str:
    return piece.name
