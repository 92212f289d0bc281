"""Models of both systems on disk, and their separators."""

from __future__ import annotations

from pathlib import Path

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import MULTI_HEAD_FORMAT, PIXELS_FORMAT, ModelCard, load_network, save_network
from rebalance.separation.networks import chosen_device
from rebalance.separation.solos._multi_head_separator import MultiHeadSeparator
from rebalance.separation.solos._multi_head_unet import MultiHeadConfig, MultiHeadUNet
from rebalance.separation.solos._pixels_separator import PixelsSeparator
from rebalance.separation.solos._sound_of_pixels import PixelsConfig, SoundOfPixels


def save_solos_network(path: StrPath, network: MultiHeadUNet | SoundOfPixels, card: ModelCard) -> None:
    """Write a network in full precision, and ``<name>.sha256`` beside it; the card is told the widths.

    Parameters
    ----------
    path
        Ends in ``.safetensors``.
    network
        Whose weights are written.
    card
        What is known of the weights.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.separation import ModelCard, load_separator
    >>> from rebalance.separation.solos import MultiHeadConfig, MultiHeadUNet, save_solos_network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     network = MultiHeadUNet(MultiHeadConfig(widths=(4, 8)))
    ...     save_solos_network(Path(folder, "mine.safetensors"), network, ModelCard())
    ...     load_separator(f"multi-head-u-net:{folder}", device="cpu").card.training["Widths"]
    'small'
    """
    model_format = MULTI_HEAD_FORMAT if isinstance(network, MultiHeadUNet) else PIXELS_FORMAT
    save_network(path, network, card.with_widths(network.config.sizes), model_format)


def load_solos_separator(
    name: str, path: StrPath, model_format: str, *, device: str
) -> MultiHeadSeparator | PixelsSeparator:
    """Return the separator of a model's file, or of the only one in a folder; nothing is unpickled.

    Parameters
    ----------
    name
        What the separator is called.
    path
        A file, or the folder of one.
    model_format
        ``MULTI_HEAD_FORMAT`` or ``PIXELS_FORMAT`` of `rebalance.separation`.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If there is no such model, or more than one, or it is damaged.

    Examples
    --------
    >>> from rebalance.separation import PIXELS_FORMAT
    >>> from rebalance.separation.solos import load_solos_separator
    >>> load_solos_separator("mine", "recipes", PIXELS_FORMAT, device="cpu")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: recipes: expected one model of format 'rebalance-sound-of-pixels/1', ...
    """
    file, on = _only_file(expanded(path), model_format), chosen_device(device)
    if model_format == MULTI_HEAD_FORMAT:
        heads = load_network(file, model_format, MultiHeadConfig, MultiHeadUNet, device=on)
        return MultiHeadSeparator(name=name, network=heads.network, card=heads.card, weights=heads.sha256)
    pixels = load_network(file, PIXELS_FORMAT, PixelsConfig, SoundOfPixels, device=on)
    return PixelsSeparator(name=name, network=pixels.network, card=pixels.card, weights=pixels.sha256)


def _only_file(path: Path, model_format: str) -> Path:
    """Return a file, or the only model in a folder."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("[!.]*.safetensors"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ConfigError(where=path, expected=f"one model of format {model_format!r}, or the path of it", found=names)
    return found[0]
