"""The words that a shell completes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import get_args

import pytest

from rebalance.audio._file_formats import Depth
from rebalance.cli import _completion
from rebalance.submission._naming import Causality
from rebalance.synthesis.performance._humanising import HumaniseName
from rebalance.synthesis.sound._engines import EngineName


def completed(*words: str) -> list[str]:
    """Return what bash is given for the last word of a command line."""
    asked = {
        "_REBALANCE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("rebalance", *words)),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-m", "rebalance"]
    return subprocess.run(command, env=os.environ | asked, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("check data --split t", "train test"),
        ("board task add x data --split v", "valid"),
        ("enhance data run --device c", "cpu cuda"),
        ("remix mine.flac --depth f", "float"),
        ("remix mine.flac --format f", "flac"),
        ("remix mine.flac --loudness r", "recording"),
        ("pack run --causality c", "causal"),
        ("board worker --kind s", "score"),
        ("scenes data --split va", "valid"),
        ("evaluation-task out --split te", "test"),
        ("render out --style s", "synthsod"),
        ("render out --humanise p", "published"),
        ("render out --room d", "dry"),
        ("render out --engine t", "tinysoundfont"),
        ("render out --annotations published-s", "published-single-dynamic"),
    ],
)
def test_a_shell_is_given_the_words_that_begin_as_typed(line: str, words: str) -> None:
    assert completed(*line.split()) == words.split()


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        (_completion.DEPTHS, Depth),
        (_completion.HUMANISINGS, HumaniseName),
        (_completion.ENGINES, EngineName),
        (_completion.CAUSALITIES, Causality),
    ],
)
def test_the_words_offered_are_those_the_library_knows(offered: tuple[str, ...], known: object) -> None:
    assert offered == get_args(known)
