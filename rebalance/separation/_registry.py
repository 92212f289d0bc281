"""Separators by name or by path."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.files import StrPath
from rebalance._base.names import suggestion
from rebalance._base.running import one_line
from rebalance.separation._activity_detection import ActivityDetector
from rebalance.separation._checkpoints import IASS_FORMAT, checkpoint_header, shipped_weights
from rebalance.separation._info import info_of
from rebalance.separation._kinds import (
    CONVTASNETS,
    IASS,
    OF_A_FOLDER,
    OF_A_FORMAT,
    SEPARATORS,
    iass_separator,
    local_separator,
    mask_network_separator,
)
from rebalance.separation._overview import installed_separators
from rebalance.separation._protocol import Separator
from rebalance.separation._weighted_separator import weighted_separator

_LOG = logging.getLogger(__name__)
_WEIGHTED_BY = "@iass:"
_CHECKPOINT_SUFFIXES = {".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".onnx"}
_MADE_OF_A_FUNCTION = "give it a class with name, sample_rate and __call__(mixture, instruments)"
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def load_separator(name_or_path: StrPath, *, device: str = "auto") -> Separator:
    """Return a separator by its registry name, or from the checkpoints at a path.

    Parameters
    ----------
    name_or_path
        A name of `SEPARATORS`, of shipped weights or of an entry point that another package has installed under
        ``rebalance.separators``; ``convtasnet:FOLDER`` or ``convtasnet-causal:FOLDER``
        for ConvTasNet checkpoints in a local folder, ``xumx:FOLDER`` for the models of X-UMX in one, ``iass:FOLDER``
        for those of IASS (``iass-unweighted:FOLDER`` without the instrument weight, ``iass-wiener:FOLDER`` with a
        Wiener step after it), ``multi-head-u-net:FOLDER`` and ``sound-of-pixels:FOLDER`` for the one model in it;
        ``NAME@iass:FOLDER`` for any separator with the instrument weight of these; the path of checkpoints; or
        ``module:callable`` for a separator of your own, where ``callable(device=...)``, or ``callable()``, returns it.
    device
        Where networks run: ``"auto"`` (CUDA, then MPS, then the processor), ``"cpu"``, ``"cuda"``,
        ``"cuda:1"``, ``"mps"``. Separators without a network ignore it.

    Raises
    ------
    ConfigError
        If there is no such separator or the checkpoints cannot be read.

    Examples
    --------
    >>> from rebalance.separation import load_separator
    >>> load_separator("mixture").sample_rate
    44100
    """
    text = os.fspath(name_or_path)
    separator = _found(text, device)
    _LOG.info("separator %s: loaded, device %s", text, device)
    return separator


def _found(text: str, device: str) -> Separator:
    """Return a separator by what it is called; see `load_separator`."""
    inner, at, detector = text.partition(_WEIGHTED_BY)
    if at and inner:
        return _weighted(text, inner, f"{_WEIGHTED_BY[1:]}{detector}", device)
    name, colon, folder = text.partition(":")
    if colon and name in IASS:
        return iass_separator(text, Path(folder).expanduser(), device, **IASS[name])
    if colon and name in CONVTASNETS:
        return local_separator(text, Path(folder).expanduser(), device, causal=CONVTASNETS[name])
    if colon and name in OF_A_FOLDER:
        return OF_A_FOLDER[name](text, Path(folder).expanduser(), device)
    if text in SEPARATORS:
        return SEPARATORS[text](device)
    if text in (shipped := shipped_weights()):
        return _from_path(text, shipped[text], device)
    path = Path(text).expanduser()
    if path.suffix == ".py" and ":" not in text:
        raise ConfigError(
            where=f"separator {text!r}",
            expected=f"{path.stem}:CALLABLE, and PYTHONPATH={path.parent} before the command",
            got="the name of a file",
        )
    if path.exists():
        return _from_path(text, path, device)
    if (factory := _factory_name(text)) is not None:
        return _made_elsewhere(factory, device)
    if path.suffix.lower() in _CHECKPOINT_SUFFIXES or len(path.parts) > 1:
        raise ConfigError("no such file or folder", where=f"separator {text!r}")
    names = (*shipped, *SEPARATORS, *installed_separators())
    raise ConfigError(
        where=f"separator {text!r}",
        expected=f"one of {', '.join(names)}, the path of a checkpoint or module:callable",
        more=suggestion(text, names),
    )


def load_activity_detector(name_or_path: StrPath, *, device: str = "auto") -> ActivityDetector | None:
    """Return what tells when instruments play by the name of a separator that can; None for any other name.

    Parameters
    ----------
    name_or_path, device
        See `load_separator`: ``iass:FOLDER`` and its kin, or the path of a checkpoint of IASS.

    Raises
    ------
    ConfigError
        If the networks in the folder cannot be read.

    Examples
    --------
    >>> from rebalance.separation import load_activity_detector
    >>> load_activity_detector("default") is None
    True
    """
    text = os.fspath(name_or_path)
    name, colon, folder = text.partition(":")
    if colon and name in IASS:
        return iass_separator(text, Path(folder).expanduser(), device)
    path = Path(text).expanduser()
    header = checkpoint_header(path) if path.suffix.lower() in _CHECKPOINT_SUFFIXES else None
    return iass_separator(text, path, device) if header is not None and header["format"] == IASS_FORMAT else None


def source_digest(name_or_path: StrPath) -> str | None:
    """Return the sha256 of the source behind ``module:callable``; None for any other separator.

    Parameters
    ----------
    name_or_path
        As for `load_separator`.

    Returns
    -------
    str or None
        Of the file of the module and, where the callable comes from another, of that one too. None where there is no
        file. Modules these import in turn do not count.

    Raises
    ------
    ConfigError
        If it cannot be imported.

    Examples
    --------
    >>> from rebalance.separation import source_digest
    >>> source_digest("mixture") is None
    True
    >>> len(source_digest("rebalance.separation:AverageSpectrumSeparator"))
    64
    """
    text = _factory_name(os.fspath(name_or_path))
    if text is None:
        return None
    module_name, _, _ = text.partition(":")
    made_in = getattr(_imported(text), "__module__", None) or module_name
    files = [getattr(sys.modules.get(name), "__file__", None) for name in dict.fromkeys((module_name, made_in))]
    found = [Path(file) for file in files if file and Path(file).is_file()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in found)).hexdigest() if found else None


def _factory_name(text: str) -> str | None:
    """Return ``module:callable`` of a name, its own or that of an installed entry point; None for any other name."""
    if text in (installed := installed_separators()) and text not in SEPARATORS and text not in shipped_weights():
        return installed[text].value
    return text if _is_factory(text) else None


def _is_factory(text: str) -> bool:
    """Tell whether a name is ``module:callable`` and nothing else."""
    name, colon, _ = text.partition(":")
    if text in SEPARATORS or text in shipped_weights() or (colon and name in (*OF_A_FOLDER, *IASS, *CONVTASNETS)):
        return False
    return _FACTORY.fullmatch(text) is not None and not Path(text).expanduser().exists()


def _imported(text: str) -> Callable[..., object]:
    """Return the callable that ``module:callable`` names."""
    module_name, _, attribute = text.partition(":")
    try:
        factory: Callable[..., object] = getattr(importlib.import_module(module_name), attribute)
    except Exception as error:  # somebody else's module may raise anything
        raise ConfigError(f"cannot import it: {one_line(error)}", where=f"separator {text!r}") from error
    return factory


def _from_path(text: str, path: Path, device: str) -> Separator:
    """Return the separator of checkpoints of any kind."""
    header = checkpoint_header(path)
    if header is None:
        return local_separator(text, path, device)
    return OF_A_FORMAT.get(header["format"], mask_network_separator)(text, path, device)


def _made_elsewhere(text: str, device: str) -> Separator:
    """Return what a callable of another package makes."""
    factory = _imported(text)
    if wanted := _asked_for(factory):
        raise ConfigError(
            where=f"separator {text!r}",
            expected="a class, or a function without arguments that returns a separator",
            got=f"one that asks for {', '.join(wanted)}; {_MADE_OF_A_FUNCTION}",
        )
    try:
        made = factory(device=device) if _takes_device(factory) else factory()
    except RebalanceError:
        raise
    except Exception as error:
        raise ConfigError(f"it failed with {one_line(error)}", where=f"separator {text!r}") from error
    if not isinstance(made, Separator):
        raise ConfigError(where=f"separator {text!r}", expected=f"a Separator, it made a {type(made).__name__}")
    info_of(made)
    return made


def _asked_for(factory: Callable[..., object]) -> list[str]:
    """Return the names of what a callable cannot do without, the device aside."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # no callable, or written in C, without a signature
        return []
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = (each for each in parameters if each.default is each.empty and each.kind not in several)
    return [each.name for each in needed if each.name != "device"]


def _takes_device(factory: Callable[..., object]) -> bool:
    """Tell whether a callable can be told the device."""
    try:
        inspect.signature(factory).bind(device="cpu")
    except TypeError:
        return False
    except ValueError:  # written in C, without a signature
        return True
    return True


def _weighted(text: str, inner: str, detector: str, device: str) -> Separator:
    """Return a separator with the instrument weight of another."""
    found = load_activity_detector(detector, device=device)
    assert found is not None
    return weighted_separator(text, load_separator(inner, device=device), found)
