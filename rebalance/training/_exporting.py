"""From a training run to weights that ship: half precision, a card in the header and one beside to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, write_text
from rebalance.separation import ModelCard, load_checkpoint, save_checkpoint
from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig
from rebalance.training._run_state import load_average

MAX_BYTES = 10_000_000


def trained_average(run: StrPath, config: MaskNetworkConfig) -> MaskNetwork:
    """Return the running average of a training run that did best in validation, the last one where there was none.

    Parameters
    ----------
    run
        Folder of the run.
    config
        Sizes of the trained network.

    Raises
    ------
    ConfigError
        If the run holds nothing, or something else.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.separation.mask_network import MaskNetworkConfig
    >>> from rebalance.training import trained_average
    >>> trained_average(Path("not-begun"), MaskNetworkConfig())
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: not-begun/state.safetensors: expected the state of a training run: ...
    """
    run = expanded(run)
    network = MaskNetwork(config)
    best = run / "best.safetensors"
    load_average(network, best if best.exists() else run / "state.safetensors")
    return network.eval()


def export_average(run: StrPath, config: MaskNetworkConfig, path: StrPath, card: ModelCard) -> None:
    """Write `trained_average` as a checkpoint that separators load.

    Parameters
    ----------
    run
        Folder of the run.
    config
        Sizes of the trained network.
    path
        Where to write; its name becomes the separator's.
    card
        What to say of it.

    Raises
    ------
    ConfigError
        If the run does not fit the network, or the checkpoint would be larger than weights that ship may be.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard, load_separator
    >>> from rebalance.training import Experiment, export_average, read_settings, run_experiment
    >>> from rebalance.training.data import write_tones
    >>> settings = {
    ...     "network": {"unet": {"channels": [4, 8], "n_conditions": 8}},
    ...     "mixing": {"batch_size": 1, "crop_samples": 16_384},
    ...     "train": {"steps": 1, "warmup_steps": 1, "decay_steps": 1, "loss": {"masks_only": True}},
    ...     "validation_batches": 1,
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tones(folder)
    ...     settings["data"] = {"train": [folder], "held_out": {"tones": folder}}
    ...     with Path(folder, "config.yaml").open("w") as file:
    ...         json.dump(settings, file)
    ...     experiment = read_settings(Path(folder, "config.yaml"), Experiment)
    ...     _ = run_experiment(experiment, Path(folder, "run"), device="cpu")
    ...     path = Path(folder, "mine.safetensors")
    ...     export_average(Path(folder, "run"), experiment.network, path, ModelCard(data=("tones",)))
    ...     separator = load_separator(path, device="cpu")
    >>> separator.info.mixture_consistent, separator.info.external_training_data
    (True, True)
    """
    run = expanded(run)
    path = expanded(path)
    network = trained_average(run, config)
    n_bytes = 2 * sum(tensor.numel() for tensor in network.state_dict().values())
    if n_bytes > MAX_BYTES:
        raise ConfigError(where=path, expected=f"at most {MAX_BYTES} bytes, the weights need {n_bytes}")
    save_checkpoint(path, network, card)


def stamp(
    path: StrPath,
    *,
    shrinkage: tuple[float, ...] | None = None,
    voice_trust: float | None = None,
    reliability: tuple[float, ...] | None = None,
    training: Mapping[str, str] | None = None,
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

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard, load_checkpoint, save_checkpoint
    >>> from rebalance.separation.mask_network import MaskNetwork, MaskNetworkConfig
    >>> from rebalance.training import stamp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.safetensors")
    ...     save_checkpoint(path, MaskNetwork(MaskNetworkConfig()), ModelCard())
    ...     stamp(path, shrinkage=(0.9, 0.8), training={"seed": "0"})
    ...     card = load_checkpoint(path).card
    >>> card.shrinkage, card.training
    ((0.9, 0.8), {'seed': '0'})
    """
    path = expanded(path)
    checkpoint = load_checkpoint(path)
    card = changed_card(
        checkpoint.card, training, shrinkage=shrinkage, voice_trust=voice_trust, reliability=reliability
    )
    save_checkpoint(path, checkpoint.network, card)
    write_text(path.with_suffix(".md"), card_text(path.stem, checkpoint.network, card))


def changed_card(card: ModelCard, training: Mapping[str, str] | None, **changes: Any) -> ModelCard:  # noqa: ANN401 - values of a card
    """Return a card with some values changed, those that are None aside, and lines added on its training."""
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(card, **given, training={**card.training, **(training or {})})


def card_text(name: str, network: MaskNetwork, card: ModelCard) -> str:
    """Return a model card in Markdown."""
    config = network.config
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    facts = {
        "Network": f"{config.family}, {n_parameters:,} parameters, {config.sample_rate} Hz",
        "Causality": causality_text(config.look_ahead_samples, config.sample_rate),
        "Shrinkage of the remix": shrinkage_text(card.shrinkage),
        "Trust in telling two voices apart": f"{card.voice_trust:g}",
    }
    return card_page(name, facts, card)


def causality_text(n_samples: int | None, sample_rate: int) -> str:
    """Return in words how far a network looks ahead, given in samples, None for the whole recording."""
    return "not causal" if n_samples is None else f"{1000 * n_samples / sample_rate:.2f} ms of look-ahead"


def card_page(name: str, facts: Mapping[str, str], card: ModelCard) -> str:
    """Return a model card in Markdown: facts of its kind of network, then what every card says."""
    made = {"Gains made over gains estimated": shrinkage_text(card.reliability)} if card.reliability else {}
    rows = [f"| {key} | {value} |" for key, value in {**facts, **made, **card.training}.items()]
    data = [f"- {entry}" for entry in card.data]
    return "\n".join([f"# {name}", "", "| | |", "|---|---|", *rows, "", "Trained on:", "", *data, ""])


def shrinkage_text(shrinkage: tuple[float, ...]) -> str:
    """Return the shrinkage, or anything else by number of sources, in words."""
    if len(set(shrinkage)) == 1:
        return f"{shrinkage[0]:g}"
    by_number = [f"{value:g} for {n_sources}" for n_sources, value in enumerate(shrinkage, start=2)]
    return f"{', '.join(by_number)} or more sources"
