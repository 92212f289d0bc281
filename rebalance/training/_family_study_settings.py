"""What a study of the families of an orchestra renders, trains and measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rebalance._base.errors import ConfigError
from rebalance.training._family_settings import Adaptation


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSet:
    """One data set to render.

    Parameters
    ----------
    group
        Of pieces; see `FamilyStudy`.
    annotations, humanise
        See `rebalance.synthesis.orchestra.choose_orchestra`.
    fonts
        Soundfonts; one whose name ends in ``-notes`` is a folder of recorded notes, of `FamilyStudy.sounds`.
    seeds
        The set is rendered once with each.
    microphone
        Which of the two is used.
    reverberation_s
        Of a simple reverberation added afterwards; None for none.
    tracks
        Fewest and most of an orchestra, where they differ from those of the study.
    """

    group: str
    annotations: str
    fonts: tuple[str, ...]
    seeds: tuple[int, ...]
    humanise: str = "published"
    microphone: str = "Tree"
    reverberation_s: float | None = None
    tracks: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCellKind:
    """What is trained for every family and seed.

    Parameters
    ----------
    question
        Of the study that it answers.
    name
        Of the model.
    families
        Keys of `rebalance.separation.xumx.XUMX_FAMILIES`.
    stems, unlabelled
        Sets it learns from; see `FamilyExperiment`.
    start
        Cell of the same family and seed whose model it begins with.
    adaptation
        See `FamilyExperiment`.
    share
        Of the steps of the study.
    held_out
        Set its weights are chosen by.
    """

    question: str
    name: str
    families: tuple[str, ...]
    stems: str
    start: str | None = None
    adaptation: Adaptation = "all"
    unlabelled: str | None = None
    share: float = 1.0
    held_out: str = "valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCell:
    """One model to train and judge.

    Parameters
    ----------
    kind
        Of cell.
    family, seed
        Of the model.
    """

    kind: FamilyCellKind
    family: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyStudy:
    """What is compared with what.

    Parameters
    ----------
    excerpt_s
        Duration taken of each piece.
    tracks
        Fewest and most of an orchestra.
    groups
        Pieces of the music21 corpus by the name of their group.
    sets, tests
        What is rendered to learn from and to choose weights by, and what to measure with.
    seeds
        Seeds of the trainings.
    cells
        The models to train.
    sounds
        Folders of recorded notes, by name; a set leaves out what has no folder here.

    Raises
    ------
    ConfigError
        If sounds are given that no set has.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import FamilyStudy, read_settings
    >>> study = read_settings(Path("recipes/synthsod/experiments.yaml"), FamilyStudy)
    >>> study.seeds, len(study.cells), len(study.smallest().cells)
    ((1, 2), 15, 7)
    """

    excerpt_s: float
    tracks: tuple[int, int]
    groups: dict[str, tuple[str, ...]]
    sets: dict[str, SoundSet]
    tests: dict[str, SoundSet]
    seeds: tuple[int, ...]
    cells: tuple[FamilyCellKind, ...]
    sounds: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {font for each in (*self.sets.values(), *self.tests.values()) for font in each.fonts}
        if unknown := sorted(set(self.sounds) - known):
            notes = sorted(font for font in known if font.endswith("-notes"))
            raise ConfigError(where="sounds", expected=f"some of {', '.join(notes)}", got=", ".join(unknown))

    def cells_by_seed(self) -> Iterator[FamilyCell]:
        """Give every cell, those of the first seed first."""
        for seed in self.seeds:
            for kind in self.cells:
                yield from (FamilyCell(kind=kind, family=family, seed=seed) for family in kind.families)

    def smallest(self) -> FamilyStudy:
        """Return it with one short piece in each group, one seed, and one family for each kind of three questions."""
        questions = ("baseline", "microphones", "adaptation")
        return replace(
            self,
            excerpt_s=6.0,
            tracks=(8, 8),
            groups={name: pieces[:1] for name, pieces in self.groups.items()},
            sets={name: replace(each, seeds=each.seeds[:1]) for name, each in self.sets.items()},
            tests={name: self.tests[name] for name in ("synthetic", "other-sounds")},
            seeds=self.seeds[:1],
            cells=tuple(replace(kind, families=kind.families[:1]) for kind in self.cells if kind.question in questions),
        )
