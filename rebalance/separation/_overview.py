"""Which separators there are, and what is known of each without running it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from rebalance._base.configuration import structured
from rebalance.separation._checkpoints import checkpoint_header, shipped_weights
from rebalance.separation._model_card import ModelCard
from rebalance.separation._protocol import Separator

_ENTRY_POINTS = "rebalance.separators"

Origin: TypeAlias = Literal["weights", "built in", "installed"]

_BUILT_IN: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "mixture": ("0 ms", "no separation at all: the floor of every table"),
        "oracle": ("0 ms", "the true sources, where they are known: the ceiling"),
        "ideal-ratio-mask": ("the whole recording", "shares every bin by the true sources: a ceiling of masks"),
        "ideal-binary-mask": ("the whole recording", "gives every bin to the strongest true source"),
        "convtasnet": ("the whole recording", "the challenge's baseline; its networks are downloaded once"),
        "convtasnet-causal": ("5 ms by its authors", "the causal baseline; its networks are downloaded once"),
    }
)
OWN_MODELS: Mapping[str, str] = MappingProxyType(
    {
        "convtasnet:FOLDER": "the challenge's baseline, one ConvTasNet for each instrument",
        "convtasnet-causal:FOLDER": "its causal form",
        "xumx:FOLDER": "X-UMX, one model for each family of the orchestra",
        "iass:FOLDER": "IASS, one network for each instrument, silent where it finds that the instrument rests",
        "iass-unweighted:FOLDER": "the same, silent nowhere",
        "iass-wiener:FOLDER": "the same as iass, with a Wiener step after it",
        "NAME@iass:FOLDER": "any separator, silent where networks of IASS find that an instrument rests",
        "multi-head-u-net:FOLDER": "one mask for each of the instruments of Solos",
        "sound-of-pixels:FOLDER": "separates the players seen in a video, whatever they play",
        "FILE.safetensors": "one model of these kinds but ConvTasNet, a mask network, a player tracker, or a network "
        "that learnt from scores (score-supervised)",
    }
)
"""How `load_separator` is told models of one's own, in a folder or a file, and what each kind is."""

_PREFIXES_OF_WORTH = ("HAAQI", "SDR", "SI-SDR")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparatorEntry:
    """A separator that `load_separator` knows by name.

    Parameters
    ----------
    name
        Its name.
    origin
        ``"weights"`` that ship, ``"built in"``, or ``"installed"`` by another package.
    n_parameters
        How many trained numbers it has; None where unknown.
    n_bytes
        Size of its weights; None where it has none or they are not here.
    look_ahead
        How far it looks ahead, in words.
    cost
        What it takes, in words; empty where it was not measured.
    worth
        What it scored, by where: the figures of its card.
    about
        What it is, or what provides it.
    """

    name: str
    origin: Origin
    n_parameters: int | None = None
    n_bytes: int | None = None
    look_ahead: str = ""
    cost: str = ""
    worth: Mapping[str, str] = field(default_factory=dict)
    about: str = ""


def list_separators() -> tuple[SeparatorEntry, ...]:
    """Return what ships, what is built in, and what other packages offer as entry points, in this order.

    Nothing of another package is imported, and no weights are loaded but the headers of their files.

    Examples
    --------
    >>> from rebalance.separation import list_separators
    >>> [entry.name for entry in list_separators() if entry.origin == "built in"][0]
    'mixture'
    """
    shipped = [_shipped(name, path) for name, path in shipped_weights().items()]
    shipped.sort(key=lambda entry: (entry.name != "default", -(entry.n_parameters or 0)))
    built_in = [
        SeparatorEntry(name=name, origin="built in", look_ahead=look_ahead, about=about)
        for name, (look_ahead, about) in _BUILT_IN.items()
    ]
    installed = [
        SeparatorEntry(name=name, origin="installed", about=point.value)
        for name, point in installed_separators().items()
    ]
    return (*shipped, *built_in, *installed)


def installed_separators() -> dict[str, EntryPoint]:
    """Return the entry points of the group ``rebalance.separators`` of all installed packages, by name.

    Examples
    --------
    >>> from rebalance.separation import installed_separators
    >>> isinstance(installed_separators(), dict)
    True
    """
    return {point.name: point for point in entry_points(group=_ENTRY_POINTS)}


def measure_cost(
    separator: Separator, instruments: Sequence[str], *, duration_s: float = 10.0, turns: int = 2
) -> float:
    """Return the processor time in seconds that a separator takes for a second of stereo, here and now.

    Parameters
    ----------
    separator
        One that needs no true sources.
    instruments
        Instrument of every player.
    duration_s
        Of the noise it is given.
    turns
        The fastest of so many calls counts, after one that does not.

    Examples
    --------
    >>> from rebalance.separation import load_separator, measure_cost
    >>> measure_cost(load_separator("mixture"), ("flute",), duration_s=0.1) >= 0
    True
    """
    n_samples = int(duration_s * separator.sample_rate)
    mixture = (0.1 * np.random.default_rng(0).standard_normal((2, n_samples))).astype(np.float32)
    times: list[float] = []
    for _ in range(turns + 1):
        began = time.process_time()
        separator(mixture, instruments)
        times.append(time.process_time() - began)
    return min(times[1:]) / duration_s


def _shipped(name: str, path: Path) -> SeparatorEntry:
    """Return what the header of a file says."""
    n_bytes = path.stat().st_size
    header = _header(path)
    if header is None:
        return SeparatorEntry(name=name, origin="weights", n_bytes=n_bytes)
    card = structured(json.loads(header["card"]), ModelCard, "card")
    ahead = header.get("look_ahead_ms", "not causal")
    worth = {key: text for key, text in card.training.items() if key.startswith(_PREFIXES_OF_WORTH)}
    if card.reliability:
        shares = ", ".join(f"{value:.0%}" for value in card.reliability)
        worth["share of promised gains made (2, 3, 4, 5 players)"] = shares
    return SeparatorEntry(
        name=name,
        origin="weights",
        n_parameters=int(header["n_parameters"]) if "n_parameters" in header else None,
        n_bytes=n_bytes,
        look_ahead="the whole recording" if ahead == "not causal" else f"{float(ahead):.1f} ms",
        cost=card.training.get("Cost", ""),
        worth=worth,
        about="learnt from data outside the challenge's list" if card.data else "",
    )


def _header(path: Path) -> dict[str, str] | None:
    """Return the header of a checkpoint; None where what reads it is not installed."""
    try:
        return checkpoint_header(path)
    except ImportError:
        return None
