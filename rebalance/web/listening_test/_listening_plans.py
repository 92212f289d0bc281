"""What a listening test is: read from TEST.yaml, checked, and settled with the task it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from rebalance._base.errors import ConfigError

Kind: TypeAlias = Literal["mushra", "ab", "preference"]

REFERENCE = "reference"
IDEAL = "ideal"
ANCHOR_CUTOFFS_HZ = (3500.0, 7000.0)  # the low and the mid anchor of ITU-R BS.1534-3, section 5.1

_MAX_MUSHRA_SIGNALS = 12  # ITU-R BS.1534-3, section 5.2
_MAX_LUFS = -10.0
_MIN_LUFS = -50.0
_INSTRUCTIONS: dict[Kind, str] = {
    "mushra": "Rate how good each sound is, compared with the reference. One of the sounds is the reference itself.",
    "ab": "Which of the two sounds is closer to the reference?",
    "preference": "Which of the two sounds do you prefer?",
}
_CONSENT = (
    "You will hear short pieces of music and judge them. It is voluntary, and you may stop at any time. Your judgements"
    " are kept under a number, without your name."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningPlan:
    """A listening test as its file describes it.

    Parameters
    ----------
    title
        Shown to participants.
    kind
        ``"mushra"``: every system, a hidden reference and an anchor are rated from 0 to 100; ``"ab"``: which of two
        systems is closer to the reference; ``"preference"``: which of two is preferred.
    task
        Root folder of the task.
    runs
        Folder of every run by the name of its system; participants never see the names.
    split
        Which split; None where the task has one only.
    scenes
        Names of scenes, or how many are drawn; all when None.
    listener
        For whom the signals were made; None for the first listener of every scene.
    reference
        ``"ideal"`` for the true remix amplified for the listener, or the folder of a run.
    anchors_hz
        Cut-off frequencies of the anchors, 3500 or 7000 Hz; None for 3500 Hz in a MUSHRA test.
    seed
        Decides which scenes are drawn and every order.
    loudness_lufs
        Loudness of all signals, in LUFS.
    start_s, duration_s
        The stretch of every scene that is played, in seconds; to its end when the duration is None.
    instructions, consent
        Texts for the pages; empty for the usual ones.

    Raises
    ------
    ConfigError
        If a value is out of range or two contradict each other.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.web.listening_test import ListeningPlan
    >>> plan = ListeningPlan(title="Trios", kind="mushra", task=Path("data"), runs={"fast": Path("exp/fast")})
    >>> plan.systems
    ('reference', 'anchor 3.5 kHz', 'fast')
    """

    title: str
    kind: Kind
    task: Path
    runs: Mapping[str, Path]
    split: str | None = None
    scenes: tuple[str, ...] | int | None = None
    listener: str | None = None
    reference: str = IDEAL
    anchors_hz: tuple[float, ...] | None = None
    seed: int = 0
    loudness_lufs: float = -23.0
    start_s: float = 0.0
    duration_s: float | None = None
    instructions: str = ""
    consent: str = ""

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ConfigError(where="title", expected="a text", got=repr(self.title))
        self._check_runs()
        self._check_numbers()
        if isinstance(self.scenes, int) and self.scenes < 1:
            raise ConfigError(where="scenes", expected="at least 1", got=str(self.scenes))
        if unknown := [cutoff for cutoff in self.anchors_hz or () if cutoff not in ANCHOR_CUTOFFS_HZ]:
            raise ConfigError(where="anchors_hz", expected="3500 or 7000", got=f"{unknown[0]:g}")
        if self.anchors_hz and self.kind != "mushra":
            raise ConfigError(where="anchors_hz", expected="none in a test of two sounds", got=f"kind {self.kind!r}")

    def _check_runs(self) -> None:
        least = 1 if self.kind == "mushra" else 2
        if len(self.runs) < least:
            raise ConfigError(where="runs", expected=f"{least} or more", got=str(len(self.runs)))
        for name in self.runs:
            if not name.strip() or name in (REFERENCE, *map(anchor_name, ANCHOR_CUTOFFS_HZ)):
                raise ConfigError(where="runs", expected="a name that is not one of a hidden signal", got=repr(name))
        if self.kind == "mushra" and len(self.systems) > _MAX_MUSHRA_SIGNALS:
            raise ConfigError(
                where="runs", expected=f"at most {_MAX_MUSHRA_SIGNALS} signals a page", got=str(len(self.systems))
            )

    def _check_numbers(self) -> None:
        if self.seed < 0:
            raise ConfigError(where="seed", expected="0 or more", got=str(self.seed))
        if not _MIN_LUFS <= self.loudness_lufs <= _MAX_LUFS:
            expected = f"{_MIN_LUFS:g} to {_MAX_LUFS:g} LUFS"
            raise ConfigError(where="loudness_lufs", expected=expected, got=f"{self.loudness_lufs:g}")
        if not self.start_s >= 0:
            raise ConfigError(where="start_s", expected="0 or more", got=f"{self.start_s:g}")
        if self.duration_s is not None and not self.duration_s >= 1:
            raise ConfigError(where="duration_s", expected="1 s or more", got=f"{self.duration_s:g}")

    @property
    def cutoffs_hz(self) -> tuple[float, ...]:
        """Cut-off frequencies of the anchors in Hz."""
        if self.kind != "mushra":
            return ()
        return ANCHOR_CUTOFFS_HZ[:1] if self.anchors_hz is None else tuple(sorted(set(self.anchors_hz)))

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of all that is judged: of a MUSHRA test the reference and the anchors first, then the runs."""
        hidden = (REFERENCE, *map(anchor_name, self.cutoffs_hz)) if self.kind == "mushra" else ()
        return (*hidden, *self.runs)

    @property
    def has_reference(self) -> bool:
        """Whether participants hear a reference."""
        return self.kind != "preference"

    @property
    def shown_instructions(self) -> str:
        """What is asked on every page."""
        return self.instructions.strip() or _INSTRUCTIONS[self.kind]

    @property
    def shown_consent(self) -> str:
        """What a participant agrees to."""
        return self.consent.strip() or _CONSENT


def anchor_name(cutoff_hz: float) -> str:
    """Return how an anchor is called in results: ``"anchor 3.5 kHz"``."""
    return f"anchor {cutoff_hz / 1000:g} kHz"
