"""What was played in a rendered piece: the truth that a transcription of it is measured by."""

from __future__ import annotations

from dataclasses import dataclass

from rebalance._base.challenge import Split
from rebalance._base.files import StrPath, expanded
from rebalance.synthesis.notation import Score, read_note_table
from rebalance.synthesis.performance import PlayedPart, TempoMap, perform, tempo_map
from rebalance.synthesis.rendering._plans import Plan, read_plan
from rebalance.synthesis.rendering._renditions import ANNOTATIONS, NOTES, manifest_path


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedPiece:
    """A rendered piece as notes: the arranged score, how it was to be played, its tempo, and what every player did.

    Parameters
    ----------
    score
        Arranged for its players.
    plan
        How it was to be played.
    tempo
        Quarter notes to seconds.
    parts
        What every player did, in the order of the score.
    """

    score: Score
    plan: Plan
    tempo: TempoMap
    parts: tuple[PlayedPart, ...]


def read_played_piece(root: StrPath, split: Split, name: str) -> PlayedPiece:
    """Return what was played in a piece of a rendered task.

    Parameters
    ----------
    root
        Folder of the task.
    split
        Of the task.
    name
        Of the piece: what the names of its segments begin with.

    Raises
    ------
    MetadataError
        If the task was not rendered here, or holds no such piece.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Piece, Score, write_note_table
    >>> from rebalance.synthesis.rendering import choose_run, read_played_piece, render_pieces
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=69 + at) for at in range(4))
    >>> parts = tuple(Part(name=name, instrument=None, notes=notes) for name in ("First", "Second"))
    >>> tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     table, fonts, out = (Path(folder, name) for name in ("study.json", "notes", "task"))
    ...     write_note_table(table, Score(name="study", parts=parts, quarter_bpm=240.0))
    ...     write_audio(fonts / "tone-A4.wav", tone[None], 44_100)
    ...     run = choose_run(split="valid", seed=1, ensembles=["Flute,Oboe"], fonts=[str(fonts)], room="dry")
    ...     (piece,) = render_pieces(out, [Piece(name="study", path=table)], run, executor=executor).pieces
    ...     played = read_played_piece(out, "valid", piece.name)
    >>> [(part.label, len(part.notes)) for part in played.parts]
    [('Flute', 4), ('Oboe', 4)]
    """
    root = expanded(root)
    folder = manifest_path(root, split, name).parent
    score, plan = read_note_table(folder / NOTES), read_plan(folder / ANNOTATIONS)
    tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
    parts = tuple(perform(part, plan.annotations, tempo, plan.voices[part.name].player) for part in score.parts)
    return PlayedPiece(score=score, plan=plan, tempo=tempo, parts=parts)
