"""Rooms as first-order ambisonic responses: simulated small halls or measured ones, turned and decoded to stereo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded
from rebalance.audio import read_audio, resample

SAMPLE_RATE = CAD2_TASK2.mixture_sample_rate
SPACING_DEG = 10.0

SPEED_OF_SOUND_M_S = 343.0
_DECAY_OF_REVERBERATION_DB = 60.0
# Small halls, ours: the size of a chamber-music room to that of a small concert hall.
_LENGTH_M, _WIDTH_M, _HEIGHT_M = (10.0, 22.0), (7.0, 14.0), (3.5, 7.0)
_REVERBERATION_S = (0.5, 1.4)
_DISTANCE_M = (2.5, 5.0)
_TREBLE_RATIO = (0.45, 0.8)  # reverberation time above 4 kHz over that below 500 Hz
_HALF_ANGLES_DEG = np.arange(20.0, 91.0)
_MUSIC_BAND_HZ = (150.0, 3000.0)  # where most of the energy of the instruments lies
_MICROPHONE_HEIGHT_M = (1.6, 2.2)
_SOURCE_HEIGHT_M = (0.9, 1.4)
WALL_MARGIN_M = 1.0
IMAGE_ORDER = 12
_SCATTER_M = 0.3
_FUMA_W_GAIN = np.sqrt(2.0)
_TAIL_BANDS_HZ: tuple[float, ...] = (500.0, 1500.0, 4000.0)
_CROSSFADE_S = 0.02
_B_FORMAT_DIFFUSE = (1.0, 1 / 3, 1 / 3)  # power of a figure of eight in a diffuse field: a third
RESPONSE_PEAK_MARGIN_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """A small hall with a microphone in it, as drawn.

    Parameters
    ----------
    size_m
        Length, width and height.
    reverberation_s
        Reverberation time below 500 Hz, for which the walls absorb.
    treble_ratio
        Reverberation time above 4 kHz over that below 500 Hz; that of the two bands between lies between.
    microphone_m
        Position of the coincident microphones, which look along the length towards the players.
    seed
        Of the positions of the players and of the reverberant tail.

    Examples
    --------
    >>> from rebalance.synthesis.sound import Hall
    >>> hall = Hall(
    ...     size_m=(18.0, 11.0, 7.0),
    ...     reverberation_s=1.2,
    ...     treble_ratio=0.7,
    ...     microphone_m=(7.0, 5.5, 2.5),
    ...     seed=1,
    ... )
    >>> hall.size_m[0] - hall.microphone_m[0]  # towards the players
    11.0
    """

    size_m: tuple[float, float, float]
    reverberation_s: float
    treble_ratio: float
    microphone_m: tuple[float, float, float]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BFormatResponse:
    """What a first-order ambisonic microphone hears of an impulse straight ahead.

    Parameters
    ----------
    channels
        Shape ``(3, n_samples)`` at 44.1 kHz: omnidirectional, and the figures of eight that look ahead and left,
        all with the same gain on their axis.
    """

    channels: NDArray[np.float64]


ANECHOIC = BFormatResponse(channels=np.array([[1.0], [1.0], [0.0]]))
"""No room: the direct sound alone."""


def draw_hall(rng: np.random.Generator) -> Hall:
    """Draw a small hall, its microphones in the middle of the width and in the half away from the players.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import draw_hall
    >>> draw_hall(np.random.default_rng(1)) == draw_hall(np.random.default_rng(1))
    True
    """
    length, width, height = (float(rng.uniform(*bounds)) for bounds in (_LENGTH_M, _WIDTH_M, _HEIGHT_M))
    microphone = (
        length * float(rng.uniform(0.3, 0.45)),
        width * float(rng.uniform(0.42, 0.58)),
        float(rng.uniform(*_MICROPHONE_HEIGHT_M)),
    )
    return Hall(
        size_m=(length, width, height),
        reverberation_s=float(rng.uniform(*_REVERBERATION_S)),
        treble_ratio=float(rng.uniform(*_TREBLE_RATIO)),
        microphone_m=microphone,
        seed=int(rng.integers(2**31)),
    )


def simulate_response(hall: Hall, player: int = 0) -> BFormatResponse:
    """Simulate the response to a player ahead of the microphone.

    Image sources to the twelfth order, then a diffuse tail of the hall's reverberation time, joined where
    the images begin to run out. The direct sound has amplitude 1.

    Parameters
    ----------
    hall
        The room.
    player
        Number of the player: each has a distance, a height and a tail of their own.

    Raises
    ------
    ConfigError
        If pyroomacoustics is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import draw_hall, simulate_response
    >>> response = simulate_response(draw_hall(np.random.default_rng(0)), player=1)
    >>> response.channels.shape[0], round(float(np.abs(response.channels[0]).max()), 2)
    (3, 1.0)

    Source: image sources by pyroomacoustics; the tail is ours: exponentially decaying noise in four bands,
    its three channels independent and the figures of eight a third as strong as the omnidirectional one in
    power, as in a diffuse field.
    """
    rng = np.random.default_rng([hall.seed, player])
    early = _images(hall, _position(hall, rng))
    direct = int(np.argmax(np.abs(early[0])))
    early = early[:, max(direct - int(RESPONSE_PEAK_MARGIN_S * SAMPLE_RATE), 0) :]
    early = early / np.max(np.abs(early[0]))
    horizon = int(IMAGE_ORDER * min(hall.size_m) / SPEED_OF_SOUND_M_S * SAMPLE_RATE)
    horizon = min(horizon, early.shape[1])
    return BFormatResponse(channels=with_tail(early[:, :horizon], hall, rng, _B_FORMAT_DIFFUSE))


def read_response(path: StrPath) -> BFormatResponse:
    """Read a measured B-format response: four channels W X Y Z, W 3 dB down as in FuMa files, any rate.

    Raises
    ------
    AudioError
        If the file cannot be read, has other than four channels or is silent.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.sound import read_response
    >>> impulse = np.zeros((4, 4800))
    >>> impulse[:2, 960] = 0.35, 0.5  # W is 3 dB down
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(Path(folder) / "hall.wav", impulse, 48_000)
    ...     response = read_response(Path(folder) / "hall.wav")
    >>> np.abs(response.channels).max(axis=1).round(2)
    array([1.  , 1.01, 0.  ])
    """
    path = expanded(path)
    recording = read_audio(path, expected_channels=4)
    channels = np.asarray(resample(recording.samples, recording.sample_rate, SAMPLE_RATE)[:3], dtype=np.float64)
    channels[0] *= _FUMA_W_GAIN
    peak = np.max(np.abs(channels[0]))
    if not peak:
        raise AudioError(where=path, expected="an impulse response, the first channel is silent")
    start = max(int(np.argmax(np.abs(channels[0]) > peak / 10)) - int(RESPONSE_PEAK_MARGIN_S * SAMPLE_RATE), 0)
    return BFormatResponse(channels=channels[:, start:] / peak)


def decode_stereo(response: BFormatResponse, *, azimuth_deg: float, half_angle_deg: float) -> NDArray[np.float64]:
    """Turn a response and decode it to two coincident virtual cardioids.

    Parameters
    ----------
    response
        To an impulse straight ahead.
    azimuth_deg
        Where the source shall appear, positive to the left.
    half_angle_deg
        Angle of each cardioid off the axis, left and right.

    Returns
    -------
    stereo
        Shape ``(2, n_samples)``.

    Examples
    --------
    >>> from rebalance.synthesis.sound import ANECHOIC, decode_stereo
    >>> left, right = decode_stereo(ANECHOIC, azimuth_deg=30.0, half_angle_deg=55.0)
    >>> round(float(left[0]), 2), round(float(right[0]), 2)
    (0.95, 0.54)
    """
    omni, ahead, left = response.channels
    turn = np.deg2rad(azimuth_deg)
    turned_ahead = np.cos(turn) * ahead - np.sin(turn) * left
    turned_left = np.sin(turn) * ahead + np.cos(turn) * left
    look = np.deg2rad(half_angle_deg)
    return np.stack(
        [0.5 * (omni + np.cos(look) * turned_ahead + side * np.sin(look) * turned_left) for side in (1.0, -1.0)]
    )


def half_angle_for(responses: Sequence[BFormatResponse], azimuths: Sequence[float], correlation: float) -> float:
    """Return the angle of the cardioids off the axis that comes closest to a left/right correlation.

    Parameters
    ----------
    responses, azimuths
        Of the players; azimuths in degrees.
    correlation
        Wanted mean over the players, of a pink signal in the band of the instruments.

    Returns
    -------
    half_angle_deg
        A whole number of degrees from 20 to 90: a wider pair hears less in common.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import azimuths_deg, draw_hall, half_angle_for, simulate_response
    >>> hall = draw_hall(np.random.default_rng(0))
    >>> responses = [simulate_response(hall, player) for player in range(2)]
    >>> half_angle_for(responses, azimuths_deg(2), 0.9) < half_angle_for(responses, azimuths_deg(2), 0.7)
    True
    """
    covariances = [_turned_covariance(response, azimuth) for response, azimuth in zip(responses, azimuths, strict=True)]

    def distance(half_angle_deg: float) -> float:
        look = np.deg2rad(half_angle_deg)
        left = np.array([1.0, np.cos(look), np.sin(look)])
        right = np.array([1.0, np.cos(look), -np.sin(look)])
        found = [
            left @ covariance @ right / np.sqrt((left @ covariance @ left) * (right @ covariance @ right))
            for covariance in covariances
        ]
        return abs(float(np.mean(found)) - correlation)

    return float(min(_HALF_ANGLES_DEG, key=distance))


def _turned_covariance(response: BFormatResponse, azimuth_deg: float) -> NDArray[np.float64]:
    """Return the covariance of the three channels, turned, for a pink signal in the band of the instruments."""
    n_samples = response.channels.shape[1]
    low, high = _MUSIC_BAND_HZ
    frequencies = scipy.fft.rfftfreq(max(n_samples, 1024), 1 / SAMPLE_RATE)
    inside = (frequencies >= low) & (frequencies <= high)
    spectrum = scipy.fft.rfft(response.channels, max(n_samples, 1024))[:, inside] / np.sqrt(frequencies[inside])
    turn = np.deg2rad(azimuth_deg)
    rotation = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    covariance: NDArray[np.float64] = rotation @ (spectrum @ spectrum.conj().T).real @ rotation.T
    return covariance


def azimuths_deg(n_sources: int, spacing_deg: float = SPACING_DEG) -> tuple[float, ...]:
    """Return the directions of an ensemble from left to right, evenly spaced about the middle.

    Parameters
    ----------
    n_sources
        Number of sources, from 1.
    spacing_deg
        Angle between neighbours, in degrees.

    Examples
    --------
    >>> from rebalance.synthesis.sound import azimuths_deg
    >>> azimuths_deg(2, 20.0)
    (10.0, -10.0)
    """
    return tuple(spacing_deg * ((n_sources - 1) / 2 - index) for index in range(n_sources))


def convolve(stem: NDArray[np.floating], response: NDArray[np.floating]) -> NDArray[np.float32]:
    """Convolve a mono stem with a stereo response, cut to the length of the stem.

    Parameters
    ----------
    stem
        Shape ``(n_samples,)``.
    response
        Shape ``(2, n_taps)``.

    Returns
    -------
    stereo
        Shape ``(2, n_samples)``, float32. Overlap-add; the stem is transformed once for both channels.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.sound import convolve
    >>> convolve(np.ones(3, dtype=np.float32), np.array([[1.0, 1.0], [0.5, 0.0]])).round(3).tolist()
    [[1.0, 2.0, 2.0], [0.5, 0.5, 0.5]]
    """
    n_samples, n_taps = len(stem), response.shape[1]
    n_fft = scipy.fft.next_fast_len(max(4 * n_taps, 2**15), real=True)
    step = n_fft - n_taps + 1
    spectrum = scipy.fft.rfft(response.astype(np.float32), n_fft)
    wet = np.zeros((2, n_samples + n_fft), dtype=np.float32)
    for start in range(0, n_samples, step):
        block = scipy.fft.rfft(stem[start : start + step].astype(np.float32), n_fft)
        wet[:, start : start + n_fft] += scipy.fft.irfft(spectrum * block, n_fft)
    return wet[:, :n_samples]


def _position(hall: Hall, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return where a player sits: ahead of the microphone, some metres away, within the hall."""
    distance = float(rng.uniform(*_DISTANCE_M))
    aside = float(rng.uniform(-_SCATTER_M, _SCATTER_M))
    length, width, _ = hall.size_m
    ahead = min(hall.microphone_m[0] + distance, length - WALL_MARGIN_M)
    across = min(max(hall.microphone_m[1] + aside, WALL_MARGIN_M), width - WALL_MARGIN_M)
    return np.array([ahead, across, float(rng.uniform(*_SOURCE_HEIGHT_M))])


def _images(hall: Hall, position_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the early response, shape ``(3, n_samples)``: omni, ahead, left."""
    acoustics = pyroomacoustics_module()
    absorption = mean_absorption(hall)
    room = acoustics.ShoeBox(
        hall.size_m, fs=SAMPLE_RATE, materials=acoustics.Material(absorption), max_order=IMAGE_ORDER
    )
    room.add_source(position_m)
    directivities = acoustics.directivities
    axes = ((0.0, 1.0), (0.0, 0.0), (90.0, 0.0))  # azimuth in degrees, share of the omnidirectional part
    patterns = [
        directivities.CardioidFamily(
            directivities.DirectionVector(azimuth=azimuth, colatitude=90, degrees=True), p=omnidirectional
        )
        for azimuth, omnidirectional in axes
    ]
    positions = np.tile(np.array(hall.microphone_m)[:, None], (1, len(axes)))
    room.add_microphone_array(acoustics.MicrophoneArray(positions, SAMPLE_RATE, directivity=patterns))
    room.compute_rir()
    responses = [np.asarray(room.rir[index][0], dtype=np.float64) for index in range(len(axes))]
    n_samples = min(len(response) for response in responses)
    return np.stack([response[:n_samples] for response in responses])


def pyroomacoustics_module() -> Any:  # noqa: ANN401 - an optional package without annotations
    """Import pyroomacoustics, or say what to install."""
    with optional_packages("simulated halls"):
        import pyroomacoustics
    return pyroomacoustics


def mean_absorption(hall: Hall) -> float:
    """Return the energy absorption of the walls that gives the reverberation time, by Eyring's formula."""
    length, width, height = hall.size_m
    volume = length * width * height
    surface = 2 * (length * width + length * height + width * height)
    exponent = 24 * np.log(10) / SPEED_OF_SOUND_M_S * volume / (surface * hall.reverberation_s)
    return float(1 - np.exp(-exponent))


def with_tail(
    early: NDArray[np.float64], hall: Hall, rng: np.random.Generator, diffuse: Sequence[float]
) -> NDArray[np.float64]:
    """Return the early response with a diffuse tail that takes over at its end, shape ``(n_channels, n_samples)``.

    Parameters
    ----------
    early
        The first channel omnidirectional, shape ``(n_channels, n_early)``.
    hall
        Its reverberation times.
    rng
        Of the tail, whose channels are independent.
    diffuse
        Power of each channel in a diffuse field, relative to an omnidirectional one.
    """
    horizon = early.shape[1]
    n_samples = max(int(1.1 * hall.reverberation_s * SAMPLE_RATE), horizon + 1)
    noise = rng.standard_normal((len(early), n_samples)) * np.sqrt(np.array(diffuse))[:, None]
    times_s = np.arange(n_samples) / SAMPLE_RATE
    band_edges = (0.0, *_TAIL_BANDS_HZ, SAMPLE_RATE / 2)
    tail = np.zeros_like(noise)
    spectrum = scipy.fft.rfft(noise)
    frequencies = scipy.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    decays = np.linspace(1.0, hall.treble_ratio, len(band_edges) - 1) * hall.reverberation_s
    window = slice(horizon // 2, horizon)
    for low, high, decay_s in zip(band_edges, band_edges[1:], decays, strict=False):
        inside = (frequencies >= low) & (frequencies < high)
        band = scipy.fft.irfft(spectrum * inside, n_samples)
        band *= 10 ** (-_DECAY_OF_REVERBERATION_DB / 20 * times_s / decay_s)
        early_spectrum = scipy.fft.rfft(early[0, window])
        early_frequencies = scipy.fft.rfftfreq(horizon - horizon // 2, 1 / SAMPLE_RATE)
        early_inside = (early_frequencies >= low) & (early_frequencies < high)
        early_energy = _energy(early_spectrum * early_inside) / len(early_frequencies) / 2
        band_energy = float(np.sum(band[0, window] ** 2))
        tail += band * np.sqrt(early_energy / band_energy)
    fade = np.clip((times_s - (horizon / SAMPLE_RATE - _CROSSFADE_S)) / _CROSSFADE_S, 0.0, 1.0)
    joined: NDArray[np.float64] = tail * np.sin(fade * np.pi / 2)
    joined[:, :horizon] += early * np.cos(fade[:horizon] * np.pi / 2)
    return joined


def _energy(spectrum: NDArray[np.complex128]) -> float:
    """Return the sum of squared magnitudes of both halves of a spectrum."""
    return float(2 * np.sum(np.abs(spectrum) ** 2))
