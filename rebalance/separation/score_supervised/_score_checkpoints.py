"""Checkpoints of separators that learnt from scores: safetensors, configuration and card in the header."""

from __future__ import annotations

from rebalance._base.files import StrPath
from rebalance.separation import SCORE_FORMAT, ModelCard, load_network, save_network
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
    save_network(path, network, card, SCORE_FORMAT, half_precision=True)


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
    >>> load_score_separator("u-net", shipped_weights()["u-net"], device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ...u-net.safetensors: expected a checkpoint of format ...
    """
    model = load_network(path, SCORE_FORMAT, TcnConfig, ScoreTcn, device=chosen_device(device))
    return ScoreSupervisedSeparator(name=name, network=model.network, card=model.card, weights=model.sha256)
