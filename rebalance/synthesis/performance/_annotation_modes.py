"""The ways a score can be annotated, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from rebalance._base.names import one_of
from rebalance.synthesis.notation import Score
from rebalance.synthesis.performance._annotations import Annotations, draw_annotations, mechanical_annotations
from rebalance.synthesis.performance._published_annotations import PublishedPart, published_annotations

AnnotationMode: TypeAlias = Literal[
    "musical",
    "published",
    "published-fixed-tempo",
    "published-single-dynamic",
    "published-one-articulation",
    "written",
    "none",
]
ANNOTATION_MODES: tuple[AnnotationMode, ...] = get_args(AnnotationMode)

_WITHOUT: Mapping[AnnotationMode, tuple[PublishedPart, ...]] = MappingProxyType(
    {
        "published": (),
        "published-fixed-tempo": ("tempo",),
        "published-single-dynamic": ("dynamics",),
        "published-one-articulation": ("articulations",),
        "none": ("tempo", "dynamics", "articulations"),
    }
)


def annotate(score: Score, mode: AnnotationMode, seed: int = 0) -> Annotations:
    """Annotate a score.

    Parameters
    ----------
    score
        Arranged: every part has an instrument or is named by its player or track.
    mode
        ``"musical"`` draws tempi around those written, an articulation for every note and dynamics that begin to change
        at their boundary; ``"published"`` draws by SynthSOD's generator, the others of this name leave one part of it
        out; ``"written"`` takes tempi and velocities of the score; ``"none"`` one tempo, dynamic and articulation.
    seed
        For those that draw; the published ones are seeded by the name of the score where it is 0.

    Raises
    ------
    ConfigError
        If there is no such mode.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.synthesis.performance import annotate
    >>> oboe = Part(name="Oboe", instrument=None, notes=(Note(onset_q=0.0, duration_q=4.0, pitch=72),))
    >>> score = Score(name="study", parts=(oboe,), quarter_bpm=90.0)
    >>> annotate(score, "written").tempo[0].quarter_bpm, annotate(score, "none").tempo[0].quarter_bpm
    (90.0, 120.0)
    """
    if mode == "musical":
        return draw_annotations(score, seed)
    if mode == "written":
        return mechanical_annotations(score)
    one_of("annotations", mode, ANNOTATION_MODES)
    return published_annotations(score, seed=seed, without=_WITHOUT[mode])
