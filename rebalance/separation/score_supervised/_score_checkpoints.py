"""Checkpoints of separators that learnt from scores: safetensors, configuration and card in the header."""

from __future__ import annotations

import json
from dataclasses import asdict

from rebalance._base.configuration import structured
from rebalance._base.files import StrPath, expanded
from rebalance.separation import (
    SCORE_FORMAT,
    ModelCard,
    checked_header,
    reading_checkpoint,
    write_tensors,
)
from rebalance.separation.networks import chosen_device
from rebalance.separation.score_supervised._score_separator import ScoreSupervisedSeparator
from rebalance.separation.score_supervised._tcn import ScoreTcn, TcnConfig


def save_score_separator(path: StrPath, network: ScoreTcn, card: ModelCard) -> None:
    """Write a network in half precision, and ``<name>.sha256`` beside it.

    Parameters
    ----------
    path
        Where to; the ending is ``.safetensors``.
    network
        Whose weights are kept; stays as it is.
    card
        How and on what it was trained.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard, load_separator
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig, save_score_separator
    >>> network = ScoreTcn(TcnConfig(role="separator", bottleneck=8, hidden=8, n_blocks=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_score_separator(Path(folder, "mine.safetensors"), network, ModelCard(shrinkage=(0.5,)))
    ...     print(load_separator(Path(folder, "mine.safetensors"), device="cpu").info.shrinkage)
    (0.5,)
    """
    header = {
        "format": SCORE_FORMAT,
        "config": json.dumps(asdict(network.config)),
        "card": json.dumps(asdict(card)),
        "n_parameters": str(sum(parameter.numel() for parameter in network.parameters())),
    }
    write_tensors(path, network.state_dict(), header)


def load_score_separator(name: str, path: StrPath, *, device: str) -> ScoreSupervisedSeparator:
    """Return the separator of a checkpoint; nothing is unpickled, and a ``.sha256`` file beside it must agree.

    Parameters
    ----------
    name
        What the separator is to be called.
    path
        The checkpoint.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint or damaged, or the device cannot be used.

    Examples
    --------
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.separation.score_supervised import load_score_separator
    >>> load_score_separator("fast", shipped_weights()["fast"], device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ...fast.safetensors: expected a checkpoint of format ...
    """
    from safetensors.torch import load_file

    path = expanded(path)
    header, sha256 = checked_header(path, SCORE_FORMAT)
    with reading_checkpoint(path):
        network = ScoreTcn(structured(json.loads(header["config"]), TcnConfig, "config"))
        card = structured(json.loads(header["card"]), ModelCard, "card")
        network.load_state_dict({key: tensor.float() for key, tensor in load_file(path).items()})
    placed = network.eval().to(chosen_device(device))
    return ScoreSupervisedSeparator(name=name, network=placed, card=card, weights=sha256)
