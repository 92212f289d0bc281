"""The official baseline's separator: one ConvTasNet per instrument, from the published checkpoints."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded
from rebalance.audio import Audio
from rebalance.separation import (
    Chunking,
    Described,
    SeparatorInfo,
    checked_mixture,
    known_instruments,
    official_chunks,
    shared_among_voices,
    source_names,
)

if TYPE_CHECKING:
    from rebalance.separation.convtasnet._conv_tasnet import ConvTasNet, ConvTasNetShape

ChunkingStyle: TypeAlias = Literal["overlap-add", "official"]
Checkpoints: TypeAlias = Callable[[str], Path]

_CHECKPOINT_NAME = re.compile(r"ConvTasNet_(\w+)_(Causal|NonCausal)")
_HUB_OWNER = "cadenzachallenge"
_WEIGHTS_FILE = "model.safetensors"
_CONFIG_FILE = "config.json"
_CHUNK_S = 11.0
_OVERLAP_S = 1.0
_MARGIN_S = 0.2
_CONFIG_KEYS = {
    "N": "n_filters",
    "L": "filter_length",
    "B": "bottleneck_channels",
    "H": "hidden_channels",
    "P": "kernel_size",
    "X": "n_blocks",
    "R": "n_repeats",
    "C": "n_outputs",
    "audio_channels": "n_channels",
    "causal": "causal",
    "norm_type": "norm",
    "mask_nonlinear": "mask_nonlinearity",
}

_OF_ITS_AUTHORS = SeparatorInfo()  # they say neither how far to trust it nor what it learnt from


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConvTasNetSeparator(Described):
    """Runs the network of every instrument that plays; two voices of one instrument share its estimate.

    Parameters
    ----------
    name
        Registry name, or the path the checkpoints came from.
    checkpoints
        Gives the safetensors file of an instrument.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``.
    chunking
        ``"overlap-add"``: 11-s chunks with 1 s in common, weights divided; ``"official"``: the baseline's.
    sample_rate
        Rate in Hz the mixture must have.
    info
        What else is known of it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.separation.convtasnet import ConvTasNetSeparator
    >>> def find(instrument):
    ...     return Path(f"ConvTasNet_{instrument}_NonCausal.safetensors")
    >>> separator = ConvTasNetSeparator(name="convtasnet", checkpoints=find, device="cpu")
    >>> separator.sample_rate, separator.info.mixture_consistent
    (44100, False)

    Source: ``recipes/cad2/task2/baseline/enhance.py`` of pyclarity. Its sum of target and a tenth of the
    accompaniment, and the whole estimate for each of two voices, are left to `targets`.
    """

    name: str
    checkpoints: Checkpoints
    device: str = "auto"
    chunking: ChunkingStyle = "overlap-add"
    sample_rate: int = CAD2_TASK2.mixture_sample_rate
    info: SeparatorInfo = _OF_ITS_AUTHORS

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `Separator`."""
        known = known_instruments(instruments)
        checked = checked_mixture(mixture)
        outputs = {name: self._outputs(checked, name, self.chunking)[0] for name in dict.fromkeys(known)}
        return shared_among_voices(outputs, known)

    def targets(
        self, mixture: Audio, instruments: Sequence[str], *, accompaniment_share: float = 0.1
    ) -> dict[str, NDArray[np.float32]]:
        """Return what the official baseline remixes: target plus a share of the accompaniment, for every voice.

        Each voice carries its instrument's whole estimate, made with the official chunking.

        Parameters
        ----------
        mixture
            Shape ``(n_channels, n_samples)``, one or two channels.
        instruments
            Instrument of every source, repeated where one plays twice.
        accompaniment_share
            Amplitude at which the accompaniment is added, from 0 to 1.
        """
        known = known_instruments(instruments)
        checked = checked_mixture(mixture)
        by_instrument: dict[str, NDArray[np.float32]] = {}
        for name in dict.fromkeys(known):
            target, accompaniment = self._outputs(checked, name, "official")
            by_instrument[name] = target + np.float32(accompaniment_share) * accompaniment
        return {name: by_instrument[known[index]].copy() for index, name in enumerate(source_names(known))}

    def _outputs(self, mixture: NDArray[np.float32], instrument: str, chunking: ChunkingStyle) -> NDArray[np.float32]:
        """Return target and accompaniment, shape ``(2, n_channels, n_samples)``."""
        from rebalance.separation.networks import overlap_add_within_memory

        path = self.checkpoints(instrument)
        network = _network(path, self.device, path.stat().st_mtime_ns)
        process = functools.partial(_processed, network)
        if chunking == "official":
            return official_chunks(process, mixture, self.sample_rate, network.shape.n_outputs)
        in_time = Chunking.of_seconds(self.sample_rate, length_s=_CHUNK_S, overlap_s=_OVERLAP_S, margin_s=_MARGIN_S)
        return overlap_add_within_memory(process, mixture, in_time)


def local_checkpoints(path: StrPath, *, causal: bool | None = None) -> Checkpoints:
    """Return what finds an instrument's checkpoint below a folder, or in one safetensors file.

    Parameters
    ----------
    path
        A folder with ``ConvTasNet_Violin_NonCausal/model.safetensors`` (as huggingface_hub writes it) or
        ``ConvTasNet_Violin_NonCausal.safetensors`` per instrument, one such subfolder, or one such file.
    causal
        Which of the two kinds; None takes the non-causal ones where there are any.

    Raises
    ------
    ConfigError
        If there is no such checkpoint.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation.convtasnet import local_checkpoints
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "ConvTasNet_Violin_NonCausal.safetensors").touch()
    ...     find = local_checkpoints(Path(folder))
    ...     print(find("Violin").name)
    ConvTasNet_Violin_NonCausal.safetensors
    """
    path = expanded(path)
    found = _checkpoints_below(path)
    kinds = (False, True) if causal is None else (causal,)
    for kind in kinds:
        by_instrument = {instrument: file for (instrument, is_causal), file in found.items() if is_causal == kind}
        if by_instrument:
            return functools.partial(_local_checkpoint, by_instrument, path)
    wanted = {None: "[Non]Causal", True: "Causal", False: "NonCausal"}[causal]
    named = f"checkpoints named ConvTasNet_<Instrument>_{wanted}"
    if path.is_file() and not found:
        expected = f"a checkpoint that this package wrote (.safetensors), or {named}"
        raise ConfigError(where=path, expected=expected, got="another file")
    others = ", ".join(sorted(file.name for file in found.values())) or "none"
    raise ConfigError(where=path, expected=named, found=others)


def published_checkpoint(instrument: str, *, causal: bool, refresh: bool = False) -> Path:
    """Return the published checkpoint of an instrument, downloaded once and then taken from the local cache.

    Parameters
    ----------
    instrument
        As the challenge spells it.
    causal
        Which of the two kinds.
    refresh
        Download it whatever is cached.

    Raises
    ------
    ConfigError
        If huggingface_hub is not installed, or the file is neither cached nor to be had.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> from rebalance.separation.convtasnet import published_checkpoint
    >>> with patch("huggingface_hub.constants.HF_HUB_OFFLINE", new=True):
    ...     published_checkpoint("Violin", causal=False, refresh=True)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: cadenzachallenge/ConvTasNet_Violin_NonCausal: config.json is not ...
    """
    repository = f"{_HUB_OWNER}/ConvTasNet_{instrument}_{'Causal' if causal else 'NonCausal'}"
    with optional_packages(repository, "; a folder of yours is named as convtasnet:FOLDER"):
        import huggingface_hub
    paths = []
    for file in (_CONFIG_FILE, _WEIGHTS_FILE):
        cached = None if refresh else huggingface_hub.try_to_load_from_cache(repository, file)
        try:
            if not isinstance(cached, str):
                cached = huggingface_hub.hf_hub_download(repository, file, force_download=refresh)
            paths.append(cached)
        except Exception as error:  # a failed download has many faces, all of them mean the same here
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(f"{file} is not cached and cannot be downloaded: {reason}", where=repository) from error
    return Path(paths[-1])


def load_network(path: Path) -> ConvTasNet:
    """Read a checkpoint: its tensors from safetensors, never by unpickling, its settings from ``config.json``.

    The sizes follow from the tensors; a ``config.json`` beside them must agree.

    Raises
    ------
    ConfigError
        If the file is no such checkpoint, or the settings contradict it.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from rebalance.separation.convtasnet._conv_tasnet import ConvTasNet, shape_of_checkpoint

    try:
        tensors = load_file(path)
        settings = _settings_beside(path)
        shape = shape_of_checkpoint(
            tensors, norm=settings.get("norm"), mask_nonlinearity=settings.get("mask_nonlinearity", "relu")
        )
        _require_agreement(path, shape, settings)
        network = ConvTasNet(shape)
        network.load_state_dict({name: tensor.to(torch.float32) for name, tensor in tensors.items()})
    except (SafetensorError, OSError, RuntimeError, ConfigError) as error:
        raise ConfigError(f"not a ConvTasNet checkpoint in safetensors: {_first_line(error)}", where=path) from error
    return network.eval()


@functools.lru_cache(maxsize=16)
def _network(path: Path, device: str, modified_ns: int) -> ConvTasNet:  # noqa: ARG001 - a changed file is read again
    """Return a network on its device, read once per process."""
    from rebalance.separation.networks import chosen_device

    return load_network(path).to(chosen_device(device))


def _processed(network: ConvTasNet, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a network on ``(n_channels, n)``; return ``(n_outputs, n_channels, n)``."""
    import torch

    n_channels, n_samples = chunk.shape
    hop = network.shape.filter_length // 2
    n_padded = max(network.shape.filter_length, n_samples + -n_samples % hop)
    device = next(network.parameters()).device
    with torch.inference_mode():
        signal = torch.from_numpy(np.pad(chunk, ((0, 0), (0, n_padded - n_samples)))).to(device)
        if n_channels == network.shape.n_channels:
            outputs = network(signal[None])[0]
        elif network.shape.n_channels == 1:
            outputs = network(signal[:, None])[:, :, 0].transpose(0, 1)
        else:
            outputs = network(signal.expand(1, network.shape.n_channels, -1))[0].mean(dim=1, keepdim=True)
        result: NDArray[np.float32] = outputs[..., :n_samples].cpu().numpy()
    return result


def _checkpoints_below(path: Path) -> dict[tuple[str, bool], Path]:
    """Return checkpoint files by instrument and causality, found at a path."""
    if path.is_file():
        candidates = [path]
    elif (path / _WEIGHTS_FILE).is_file():
        candidates = [path / _WEIGHTS_FILE]
    elif path.is_dir():
        candidates = sorted([*path.glob("ConvTasNet_*.safetensors"), *path.glob(f"ConvTasNet_*/{_WEIGHTS_FILE}")])
    else:
        raise ConfigError(
            where=path, expected="a folder or a safetensors file with ConvTasNet checkpoints", found="none"
        )
    found: dict[tuple[str, bool], Path] = {}
    for file in candidates:
        stem = file.resolve().parent.name if file.name == _WEIGHTS_FILE else file.stem
        if match := _CHECKPOINT_NAME.fullmatch(stem):
            found[known_instruments([match[1]])[0], match[2] == "Causal"] = file
    return found


def _local_checkpoint(by_instrument: Mapping[str, Path], folder: Path, instrument: str) -> Path:
    """Return an instrument's file."""
    if instrument not in by_instrument:
        raise ConfigError(
            f"holds no checkpoint for {instrument}, only for {', '.join(sorted(by_instrument))}", where=folder
        )
    return by_instrument[instrument]


def _settings_beside(path: Path) -> dict[str, Any]:
    """Return what a ``config.json`` beside a checkpoint says, by our names; empty where there is none."""
    file = path.parent / _CONFIG_FILE if path.name == _WEIGHTS_FILE else path.with_suffix(".json")
    if not file.is_file():
        return {}
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ConfigError(expected="an object", got=f"{type(config).__name__}")
    except (ValueError, OSError) as error:
        raise ConfigError(
            where=file, expected="the settings of a ConvTasNet", more=f": {_first_line(error)}"
        ) from error
    rate = config.get("samplerate", CAD2_TASK2.mixture_sample_rate)
    if rate != CAD2_TASK2.mixture_sample_rate:
        raise ConfigError(where=file, expected=f"samplerate {CAD2_TASK2.mixture_sample_rate}", got=str(rate))
    return {ours: config[key] for key, ours in _CONFIG_KEYS.items() if key in config}


def _require_agreement(path: Path, shape: ConvTasNetShape, settings: Mapping[str, Any]) -> None:
    """Raise if the settings contradict the tensors."""
    actual = asdict(shape)
    for key, ours in _CONFIG_KEYS.items():
        if ours in settings and settings[ours] != actual[ours]:
            raise ConfigError(f"{path.name} has {key} = {actual[ours]}, its settings say {settings[ours]}")


def _first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return (str(error).splitlines() or [type(error).__name__])[0]
