"""Kinds of separators: what each is called, and how it is made."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from rebalance._base.extras import optional_packages
from rebalance.separation._checkpoints import (
    IASS_FORMAT,
    MULTI_HEAD_FORMAT,
    PIXELS_FORMAT,
    SCORE_FORMAT,
    TRACKER_FORMAT,
    XUMX_FORMAT,
)
from rebalance.separation._info import SeparatorInfo
from rebalance.separation._mixture import MixtureSeparator
from rebalance.separation._oracles import BinaryMaskOracle, RatioMaskOracle, SourceOracle
from rebalance.separation._protocol import Separator

if TYPE_CHECKING:
    from rebalance.separation.iass import IassSeparator


def local_separator(name: str, folder: Path, device: str, *, causal: bool | None = None) -> Separator:
    """Return the baseline's separator over the checkpoints in a folder."""
    with optional_packages():
        from rebalance.separation.convtasnet import ConvTasNetSeparator, local_checkpoints

    return ConvTasNetSeparator(name=name, checkpoints=local_checkpoints(folder, causal=causal), device=device)


def _published(name: str, device: str) -> Separator:
    """Return the baseline's separator over the published checkpoints."""
    with optional_packages():
        from rebalance.separation.convtasnet import ConvTasNetSeparator, published_checkpoint

    checkpoints = functools.partial(published_checkpoint, causal=CONVTASNETS[name])
    return ConvTasNetSeparator(name=name, checkpoints=checkpoints, device=device)


def mask_network_separator(name: str, path: Path, device: str) -> Separator:
    """Return a mask network."""
    with optional_packages():
        from rebalance.separation.mask_network import load_mask_separator

    return load_mask_separator(name, path, device=device)


def _player_tracker(name: str, path: Path, device: str) -> Separator:
    """Return the separator over a player tracker."""
    with optional_packages():
        from rebalance.separation.player_tracker import load_pitch_separator

    return load_pitch_separator(name, path, device=device)


def _score_supervised(name: str, path: Path, device: str) -> Separator:
    """Return a separator that learnt from scores."""
    with optional_packages():
        from rebalance.separation.score_supervised import load_score_separator

    return load_score_separator(name, path, device=device)


def _xumx(name: str, folder: Path, device: str) -> Separator:
    """Return the separator over the models of X-UMX in a folder."""
    with optional_packages():
        from rebalance.separation.xumx import load_xumx_separator

    return load_xumx_separator(name, folder, device=device)


def iass_separator(
    name: str, path: Path, device: str, *, weighted: bool = True, filtered: bool = False
) -> IassSeparator:
    """Return the separator over the networks of IASS in a folder, or that of a file."""
    with optional_packages():
        from rebalance.separation.iass import load_iass_separator

    return load_iass_separator(name, path, device=device, weighted=weighted, filtered=filtered)


def _solos(model_format: str, name: str, path: Path, device: str) -> Separator:
    """Return the separator over a multi-head U-Net or The Sound of Pixels."""
    with optional_packages():
        from rebalance.separation.solos import load_solos_separator

    return load_solos_separator(name, path, model_format, device=device)


IASS: Mapping[str, Mapping[str, bool]] = MappingProxyType(
    {"iass": {}, "iass-unweighted": {"weighted": False}, "iass-wiener": {"filtered": True}}
)
OF_A_FOLDER: Mapping[str, Callable[[str, Path, str], Separator]] = MappingProxyType(
    {
        "xumx": _xumx,
        "multi-head-u-net": functools.partial(_solos, MULTI_HEAD_FORMAT),
        "sound-of-pixels": functools.partial(_solos, PIXELS_FORMAT),
    }
)
OF_A_FORMAT: Mapping[str, Callable[[str, Path, str], Separator]] = MappingProxyType(
    {
        TRACKER_FORMAT: _player_tracker,
        SCORE_FORMAT: _score_supervised,
        IASS_FORMAT: iass_separator,
        XUMX_FORMAT: _xumx,
        MULTI_HEAD_FORMAT: functools.partial(_solos, MULTI_HEAD_FORMAT),
        PIXELS_FORMAT: functools.partial(_solos, PIXELS_FORMAT),
    }
)
CONVTASNETS: Mapping[str, bool] = MappingProxyType({"convtasnet": False, "convtasnet-causal": True})

SEPARATORS: Mapping[str, Callable[[str], Separator]] = MappingProxyType(
    {
        "mixture": lambda _: MixtureSeparator(),
        "oracle": lambda _: SourceOracle(name="oracle", info=SeparatorInfo()),
        "ideal-ratio-mask": lambda _: RatioMaskOracle(name="ideal-ratio-mask"),
        "ideal-binary-mask": lambda _: BinaryMaskOracle(name="ideal-binary-mask"),
        "convtasnet": functools.partial(_published, "convtasnet"),
        "convtasnet-causal": functools.partial(_published, "convtasnet-causal"),
    }
)
