"""The words that a shell completes after an option.

Such an option takes any text, where a choice of Typer's would refuse it at once: the check that follows also says
which word was probably meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args

from rebalance._base.challenge import Split

SPLITS: tuple[str, ...] = get_args(Split)
DEVICES = ("auto", "cpu", "cuda", "mps")
DEPTHS = ("16", "24", "32", "float")
STYLES = ("challenge", "synthsod")
HUMANISINGS = ("none", "published", "full")
ROOMS = ("halls", "dry")
ENGINES = ("fluidsynth", "tinysoundfont")
CAUSALITIES = ("causal", "noncausal")
JOB_KINDS = ("check", "score")
LOUDNESSES = ("recording", "prescribed")


def among(words: Sequence[str]) -> str:
    """Return words as the help shows them."""
    return "|".join(words)


def offering(words: Sequence[str]) -> Callable[[str], list[str]]:
    """Return what gives a shell those of some words that begin as was typed.

    Examples
    --------
    >>> from rebalance.cli._completion import SPLITS, offering
    >>> offering(SPLITS)("t")
    ['train', 'test']
    """

    def offered(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return offered


def annotation_modes(incomplete: str) -> list[str]:
    """Return the modes of annotation that begin as was typed; they are looked up when a shell asks."""
    from rebalance.synthesis.performance import ANNOTATION_MODES

    return offering(ANNOTATION_MODES)(incomplete)
