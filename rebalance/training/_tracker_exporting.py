"""From the runs of a tracker and a refiner to weights that ship."""

from __future__ import annotations

from collections.abc import Mapping

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, write_text
from rebalance.separation import ModelCard
from rebalance.separation.player_tracker import (
    Refiner,
    RefinerConfig,
    SecondTracker,
    TrackerConfig,
    TrackerNetwork,
    load_tracker_checkpoint,
    read_second_tracker,
    save_tracker_checkpoint,
)
from rebalance.training._exporting import card_page, causality_text, changed_card, shrinkage_text
from rebalance.training._run_state import load_average
from rebalance.training._transcribing import begin_with

MAX_BYTES = 30_000_000


def export_tracker(
    tracker_run: StrPath,
    refiner_run: StrPath | None,
    path: StrPath,
    card: ModelCard,
    *,
    tracker: TrackerConfig | None = None,
    refiner: RefinerConfig | None = None,
) -> None:
    """Write the last running averages of two runs as one checkpoint that separators load, and its card.

    Parameters
    ----------
    tracker_run, refiner_run
        Folders of the runs, or checkpoints whose tracker or refiner is kept. None in place of the second: masks of
        combs alone.
    path
        Path of the checkpoint to write.
    card
        Card of the checkpoint.
    tracker, refiner
        Sizes of the networks; the usual ones when None.

    Raises
    ------
    ConfigError
        If a run does not fit its network, or the checkpoint would be larger than weights that ship may be.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.player_tracker import TrackerConfig
    >>> from rebalance.training import export_tracker
    >>> sizes = {"channels": [4, 8], "time_strides": [2], "width": 8, "n_layers": 1, "player_width": 8}
    >>> export_tracker(Path("not-begun"), None, Path("mine.safetensors"), ModelCard(), tracker=TrackerConfig(**sizes))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/state.safetensors: expected the state of a training run: ...
    """
    tracker_run = expanded(tracker_run)
    refiner_run = None if refiner_run is None else expanded(refiner_run)
    path = expanded(path)
    network = TrackerNetwork(tracker or TrackerConfig())
    if tracker_run.is_file():
        begin_with(network, tracker_run)
    else:
        load_average(network, tracker_run / "state.safetensors")
    refining = None
    if refiner_run is not None:
        refining = Refiner(refiner or RefinerConfig())
        begin_with(refining, refiner_run if refiner_run.is_file() else refiner_run / "state.safetensors")
    networks = [network, *([] if refining is None else [refining])]
    n_bytes = 2 * sum(tensor.numel() for network in networks for tensor in network.state_dict().values())
    if n_bytes > MAX_BYTES:
        raise ConfigError(where=path, expected=f"at most {MAX_BYTES} bytes, the weights need {n_bytes}")
    save_tracker_checkpoint(path, network, card, refiner=refining)
    stamp_tracker(path)


def stamp_tracker(
    path: StrPath,
    *,
    shrinkage: tuple[float, ...] | None = None,
    voice_trust: float | None = None,
    reliability: tuple[float, ...] | None = None,
    training: Mapping[str, str] | None = None,
    second: str | None = None,
) -> None:
    """Change what a checkpoint's card says, its weights staying as they are, and write the card beside it.

    Parameters
    ----------
    path
        The checkpoint.
    shrinkage
        See `ModelCard`; as it was when None.
    voice_trust
        See `ModelCard`; as it was when None.
    reliability
        See `ModelCard`; as it was when None.
    training
        Lines to add to what the card says of the training, by title.
    second
        Name of a checkpoint in the same folder whose tracker is to be asked, too; as it was when None.

    Raises
    ------
    ConfigError
        If one of the files is no checkpoint of a tracker, or the second asks another itself or finds other pitches or
        frames, or one of the two is causal.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.player_tracker import TrackerConfig, TrackerNetwork, save_tracker_checkpoint
    >>> from rebalance.training import stamp_tracker
    >>> sizes = {"channels": [4, 8], "time_strides": [2], "width": 8, "n_layers": 1, "player_width": 8}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.safetensors")
    ...     save_tracker_checkpoint(path, TrackerNetwork(TrackerConfig(**sizes)), ModelCard())
    ...     stamp_tracker(path, shrinkage=(0.9, 0.8))
    ...     print(path.with_suffix(".md").exists())
    True
    """
    path = expanded(path)
    checkpoint = load_tracker_checkpoint(path, alone=second is not None)
    card = changed_card(
        checkpoint.card, training, shrinkage=shrinkage, voice_trust=voice_trust, reliability=reliability
    )
    asked = checkpoint.second if second is None else read_second_tracker(path.with_name(second))
    save_tracker_checkpoint(path, checkpoint.network, card, refiner=checkpoint.refiner, second=asked)
    text = tracker_card_text(path.stem, checkpoint.network, checkpoint.refiner, asked, card)
    write_text(path.with_suffix(".md"), text)


def tracker_card_text(
    name: str, network: TrackerNetwork, refiner: Refiner | None, second: SecondTracker | None, card: ModelCard
) -> str:
    """Return a model card in Markdown."""
    beside = {}
    if second is not None:
        mean = f"{second.file}, {_n_parameters(second.network):,} parameters; geometric mean of what both find"
        beside["Second tracker"] = mean
    masks = "combs of 1/h amplitudes"
    if refiner is not None:
        masks = f"combs changed by a U-Net of {_n_parameters(refiner):,} parameters"
    facts = {
        "Network": f"player tracker, {_n_parameters(network):,} parameters, {network.config.sample_rate} Hz",
        **beside,
        "Masks": masks,
        "Causality": causality_text(network.config.look_ahead_samples, network.config.sample_rate),
        "Shrinkage of the remix": shrinkage_text(card.shrinkage),
        "Trust in telling two voices apart": f"{card.voice_trust:g}",
    }
    return card_page(name, facts, card)


def _n_parameters(network: TrackerNetwork | Refiner) -> int:
    """Return how many trained numbers a network has."""
    return sum(parameter.numel() for parameter in network.parameters())
