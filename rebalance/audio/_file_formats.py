"""What kind of file music is written to: container, depth, and what of it goes with which."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import numpy as np
import soundfile

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import suggestion
from rebalance.audio._audio_files import AudioHeader

Depth: TypeAlias = Literal["16", "24", "32", "float"]

DEPTHS: tuple[str, ...] = get_args(Depth)

_CONTAINERS: Mapping[str, str] = MappingProxyType(
    {".flac": "FLAC", ".wav": "WAV", ".aiff": "AIFF", ".aif": "AIFF", ".ogg": "OGG", ".mp3": "MP3"}
)
_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {"FLAC": ".flac", "WAV": ".wav", "WAVEX": ".wav", "RF64": ".wav", "AIFF": ".aiff", "OGG": ".ogg", "MP3": ".mp3"}
)
_LOSSY: Mapping[str, str] = MappingProxyType({"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"})
_SUBTYPES: Mapping[str, str] = MappingProxyType({"16": "PCM_16", "24": "PCM_24", "32": "PCM_32", "float": "FLOAT"})
_KEPT: Mapping[str, Depth] = MappingProxyType({"PCM_24": "24", "PCM_32": "32", "FLOAT": "float", "DOUBLE": "float"})
_BITS: Mapping[str, int] = MappingProxyType({"PCM_16": 16, "PCM_24": 24, "PCM_32": 32})
_HOLDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"FLAC": ("16", "24"), "WAV": ("16", "24", "32", "float"), "AIFF": ("16", "24", "32", "float")}
)
_MAX_WAV_BYTES = 2**32 - 2**16

AUDIO_SUFFIXES: tuple[str, ...] = tuple(_CONTAINERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFormat:
    """A kind of file.

    Parameters
    ----------
    container, subtype
        As libsndfile names them: ``"FLAC"``, ``"PCM_24"``.
    suffix
        What its names end in.
    """

    container: str
    subtype: str
    suffix: str

    @property
    def bits(self) -> int | None:
        """How many bits a sample has; None where it is a floating-point number or not kept as one."""
        return _BITS.get(self.subtype)

    @property
    def holds_any_level(self) -> bool:
        """Whether samples beyond full scale are kept."""
        return self.subtype == "FLOAT"

    def for_length(self, n_samples: int, n_channels: int) -> AudioFormat:
        """Return the format for so much music: WAV beyond 4 GB is written as RF64.

        Parameters
        ----------
        n_samples
            Length of every channel.
        n_channels
            Number of channels, from 1.
        """
        n_bytes = n_samples * n_channels * (self.bits or 32) // 8
        if self.container == "WAV" and n_bytes > _MAX_WAV_BYTES:
            return AudioFormat(container="RF64", subtype=self.subtype, suffix=self.suffix)
        return self

    def require(self, sample_rate: int, n_channels: int, path: StrPath) -> None:
        """Raise unless it can hold music of a rate and number of channels.

        Parameters
        ----------
        sample_rate
            In Hz.
        n_channels
            Number of channels, from 1.
        path
            The file to be written, for the message; it is not touched.

        Raises
        ------
        AudioError
            Naming `path` and what the encoder says.
        """
        path = expanded(path)
        try:
            with soundfile.SoundFile(
                io.BytesIO(), "w", sample_rate, n_channels, format=self.container, subtype=self.subtype
            ) as file:
                file.write(np.zeros((1, n_channels)))
        except (soundfile.SoundFileError, ValueError) as error:
            reason = str(error).rpartition("Error : ")[2] or str(error)
            raise AudioError(f"cannot write {n_channels} channels at {sample_rate} Hz: {reason}", where=path) from error


def output_format(path: StrPath, *, depth: str | None = None, like: AudioHeader | None = None) -> AudioFormat:
    """Return the format of a file to write, by its suffix.

    Parameters
    ----------
    path
        Ending in one of `AUDIO_SUFFIXES`.
    depth
        ``"16"``, ``"24"``, ``"32"`` bits or ``"float"``; when None that of `like`, or as close as the container comes
        to it.
    like
        Header of the file the music is read from.

    Raises
    ------
    ConfigError
        If the suffix is another, or the container does not have the depth asked for.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.audio import output_format
    >>> output_format(Path("mine.flac"), depth="24").subtype
    'PCM_24'
    """
    path = expanded(path)
    suffix = path.suffix.lower()
    container = _CONTAINERS.get(suffix)
    if container is None:
        expected = f"{', '.join(AUDIO_SUFFIXES[:-1])} or {AUDIO_SUFFIXES[-1]}"
        raise ConfigError(where=path, expected=f"a name ending in {expected}", got=repr(path.suffix))
    if depth is not None and depth not in DEPTHS:
        raise ConfigError(
            where=f"depth {depth!r}", expected=f"one of {', '.join(DEPTHS)}", more=suggestion(depth, DEPTHS)
        )
    if container in _LOSSY:
        if depth is not None:
            raise ConfigError(f"{container} has no depth; leave it out, or write {', '.join(_HOLDS)}", where=path)
        return AudioFormat(container=container, subtype=_LOSSY[container], suffix=suffix)
    held = _HOLDS[container]
    if depth is not None and depth not in held:
        raise ConfigError(f"{container} holds {', '.join(held)}, not {depth}", where=path)
    kept = "16" if like is None else _KEPT.get(like.subtype, "16")
    chosen = depth or (kept if kept in held else held[-1])
    return AudioFormat(container=container, subtype=_SUBTYPES[chosen], suffix=suffix)


def suffix_like(header: AudioHeader) -> str:
    """Return the suffix of the format a file is read in; ``.flac`` where that is not written.

    Examples
    --------
    >>> from rebalance.audio import AudioHeader, suffix_like
    >>> suffix_like(AudioHeader(sample_rate=8_000, n_channels=1, n_samples=1, format="OGG", subtype="VORBIS"))
    '.ogg'
    """
    return _SUFFIXES.get(header.format, ".flac") if header.subtype != "OPUS" else ".ogg"
