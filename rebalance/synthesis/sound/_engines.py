"""Synthesis engines: played notes to one mono stem. FluidSynth where its library is installed, else tinysoundfont."""

from __future__ import annotations

import contextlib
import functools
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.synthesis.performance import PlayedNote, Technique
from rebalance.synthesis.sound._fonts import Preset, find_font, preset_for

EngineName: TypeAlias = Literal["fluidsynth", "tinysoundfont"]

SAMPLE_RATE = CAD2_TASK2.mixture_sample_rate
BLOCK = 64  # FluidSynth renders in blocks of this length; events between them would depend on what was rendered before
# Notes take turns, so that the tuning of one does not bend the tail of another; channel 9 is that of drum sets.
_CHANNELS: dict[Technique, tuple[int, ...]] = {
    "ordinary": (0, 1, 2, 3),
    "pizzicato": (4, 5, 6, 7),
    "tremolo": (8, 10, 11, 12),
    "muted": (13, 14, 15),
}
_BEND_RANGE_SEMITONES = 12
_BEND_CENTRE = 8192
_CENTS_PER_SEMITONE = 100
_ENGINE_GAIN = 0.5
_SUSTAINED_CONTROLLERS = {7: 127, 10: 64, 11: 127, 91: 0, 93: 0}  # volume, pan, expression, reverb, chorus


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One sound of a stem; a stem may mix several.

    Parameters
    ----------
    source
        Soundfont by name or path, or a folder of single notes, or an SFZ file.
    preset
        Within the soundfont; unused for single notes.
    gain_db
        Level of this layer.
    neighbour_semitones
        Play the note so many semitones away and tune it back.

    Examples
    --------
    >>> from rebalance.synthesis.sound import Layer, Preset
    >>> Layer(source="fluidr3", preset=Preset(program=73), neighbour_semitones=-2).gain_db
    0.0
    """

    source: str
    preset: Preset
    gain_db: float = 0.0
    neighbour_semitones: int = 0


class Engine(Protocol):
    """Turns the notes of one part into sound."""

    def render(self, notes: Sequence[PlayedNote], layer: Layer, n_samples: int) -> NDArray[np.float32]:
        """Return one mono stem of shape ``(n_samples,)`` at 44.1 kHz, the same for the same arguments.

        Parameters
        ----------
        notes
            By onset.
        layer
            The sound to play them with.
        n_samples
            Length of the stem; what sounds later is cut.
        """
        ...


class MidiSynth(Protocol):
    """What both soundfont players can do: the least a stem needs."""

    def choose(self, channel: int, preset: Preset) -> None:
        """Give a channel its sound."""

    def bend(self, channel: int, value: int) -> None:
        """Tune a channel, 0 to 16383 about 8192, over an octave either way."""

    def start(self, channel: int, key: int, velocity: int) -> None:
        """Press a key."""

    def stop(self, channel: int, key: int) -> None:
        """Release a key."""

    def play(self, n_samples: int) -> NDArray[np.float32]:
        """Return the next samples, shape ``(n_samples, 2)``."""

    def close(self) -> None:
        """Free the player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundfontEngine:
    """Plays a soundfont with the player of a given name.

    Parameters
    ----------
    player
        Name of the player.
    """

    player: EngineName

    def render(self, notes: Sequence[PlayedNote], layer: Layer, n_samples: int) -> NDArray[np.float32]:
        """Return one mono stem of shape ``(n_samples,)``.

        Parameters
        ----------
        notes
            Of one player.
        layer
            What sounds: font, preset, tuning.
        n_samples
            Length of the stem.

        Raises
        ------
        ConfigError
            If the player, the font or the preset is not there.
        """
        wanted = {"ordinary", *(note.technique for note in notes)}
        with contextlib.closing(_opened(self.player, find_font(layer.source))) as synth:
            for technique, channels in _CHANNELS.items():
                for channel in channels if technique in wanted else ():
                    synth.choose(channel, preset_for(layer.preset, technique))
            stem = np.concatenate(list(_blocks(synth, notes, layer.neighbour_semitones, n_samples)))
        return stem[:n_samples]

    def offers(self, source: str, preset: Preset) -> bool:
        """Tell whether a soundfont has a preset.

        Parameters
        ----------
        source
            Name or path of the soundfont.
        preset
            Bank and program.
        """
        return _offered(self.player, find_font(source), preset)


@functools.lru_cache(maxsize=256)
def _offered(player: EngineName, font: Path, preset: Preset) -> bool:
    """Tell whether a soundfont has a preset."""
    with contextlib.closing(_opened(player, font)) as synth:
        try:
            synth.choose(0, preset)
        except ConfigError:
            return False
    return True


def soundfont_engine(name: EngineName | None = None) -> SoundfontEngine:
    """Return the engine of a name, or the best one installed.

    Raises
    ------
    ConfigError
        If it (or, for None, any) is not installed.

    Examples
    --------
    >>> from rebalance.synthesis.sound import soundfont_engine
    >>> soundfont_engine().player in ("fluidsynth", "tinysoundfont")
    True
    """
    if name is not None:
        _player_module(name)
        return SoundfontEngine(player=name)
    try:
        _player_module("fluidsynth")
    except ConfigError:
        _player_module("tinysoundfont")
        return SoundfontEngine(player="tinysoundfont")
    return SoundfontEngine(player="fluidsynth")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Event:
    """A key pressed or released on a block; releases come first."""

    block: int
    press: bool
    channel: int
    key: int
    velocity: int = 0
    bend: int = _BEND_CENTRE


def _blocks(
    synth: MidiSynth, notes: Sequence[PlayedNote], neighbour_semitones: int, n_samples: int
) -> Iterator[NDArray[np.float32]]:
    """Give the stem piece by piece, mono."""
    done = 0
    n_blocks = -(-n_samples // BLOCK)
    for event in _events(notes, neighbour_semitones):
        if event.block >= n_blocks:
            break
        if event.block > done:
            yield _mono(synth.play((event.block - done) * BLOCK))
            done = event.block
        if event.press:
            synth.bend(event.channel, event.bend)
            synth.start(event.channel, event.key, event.velocity)
        else:
            synth.stop(event.channel, event.key)
    yield _mono(synth.play((n_blocks - done) * BLOCK))


def _events(notes: Sequence[PlayedNote], neighbour_semitones: int) -> Iterator[_Event]:
    """Give the presses and releases of a part in time."""
    turns = {technique: itertools.cycle(channels) for technique, channels in _CHANNELS.items()}
    presses: list[_Event] = []
    releases: list[_Event] = []
    for note in notes:
        channel = next(turns[note.technique])
        key = min(max(note.pitch + neighbour_semitones, 0), 127)
        cents = note.detune_cents + _CENTS_PER_SEMITONE * (note.pitch - key)
        bend = round(cents / (_CENTS_PER_SEMITONE * _BEND_RANGE_SEMITONES) * _BEND_CENTRE) + _BEND_CENTRE
        first = round(note.onset_s * SAMPLE_RATE / BLOCK)
        last = max(round(note.end_s * SAMPLE_RATE / BLOCK), first + 1)
        presses.append(
            _Event(
                block=first,
                press=True,
                channel=channel,
                key=key,
                velocity=note.velocity,
                bend=min(max(bend, 0), 2 * _BEND_CENTRE - 1),
            )
        )
        releases.append(_Event(block=last, press=False, channel=channel, key=key))
    return heapq.merge(sorted(presses), sorted(releases))


def _mono(stereo: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of both channels."""
    return (stereo[:, 0] + stereo[:, 1]) * np.float32(0.5)


def _opened(player: EngineName, font: Path) -> MidiSynth:
    """Return a fresh player with a font loaded: a used one keeps traces of what it played."""
    return _FluidSynth(font) if player == "fluidsynth" else _TinySoundFont(font)


def _player_module(name: EngineName) -> Any:  # noqa: ANN401 - optional packages without annotations
    """Import the binding of a soundfont player, or say what to install."""
    try:
        if name == "fluidsynth":
            # Where the environment holds CI, the binding prints where its library lies.
            with contextlib.redirect_stdout(None):
                import fluidsynth

            return fluidsynth
        import tinysoundfont
    except ImportError as error:
        install = {
            "fluidsynth": "apt install libfluidsynth3 (macOS: brew install fluid-synth) and pip install pyfluidsynth",
            "tinysoundfont": "pip install --no-deps tinysoundfont",
        }
        raise ConfigError(f"{install[name]}", where=f"engine {name!r} is not installed") from error
    return tinysoundfont


class _FluidSynth:
    """FluidSynth without reverb, chorus and dither: samples loaded when a preset is chosen."""

    def __init__(self, font: Path) -> None:
        binding = _player_module("fluidsynth")
        settings = {
            "synth.reverb.active": 0,
            "synth.chorus.active": 0,
            "synth.dynamic-sample-loading": 1,
            "synth.cpu-cores": 1,
            "synth.polyphony": 128,
        }
        self._synth = binding.Synth(gain=_ENGINE_GAIN, samplerate=float(SAMPLE_RATE), channels=16, **settings)
        self._font = font
        self._font_id = self._synth.sfload(str(font))
        if self._font_id < 0:
            raise ConfigError("FluidSynth cannot load this soundfont", where=font)
        self._write = _float_writer(binding)

    def choose(self, channel: int, preset: Preset) -> None:
        if self._synth.program_select(channel, self._font_id, preset.bank, preset.program) != 0:
            raise ConfigError(f"has no preset for bank {preset.bank}, program {preset.program}", where=self._font)
        for controller, value in _SUSTAINED_CONTROLLERS.items():
            self._synth.cc(channel, controller, value)
        for controller, value in ((101, 0), (100, 0), (6, _BEND_RANGE_SEMITONES), (38, 0)):  # pitch bend range
            self._synth.cc(channel, controller, value)

    def bend(self, channel: int, value: int) -> None:
        self._synth.pitch_bend(channel, value - _BEND_CENTRE)

    def start(self, channel: int, key: int, velocity: int) -> None:
        self._synth.noteon(channel, key, velocity)

    def stop(self, channel: int, key: int) -> None:
        self._synth.noteoff(channel, key)

    def play(self, n_samples: int) -> NDArray[np.float32]:
        samples = np.empty((n_samples, 2), dtype=np.float32)
        address = samples.ctypes.data
        self._write(self._synth.synth, n_samples, address, 0, 2, address, 1, 2)
        return samples

    def close(self) -> None:
        self._synth.delete()


def _float_writer(binding: Any) -> Any:  # noqa: ANN401 - a function of the C library
    """Return FluidSynth's float output, which the binding does not offer."""
    from ctypes import c_int, c_void_p

    arguments = ("synth", "length", "left", "left_offset", "left_step", "right", "right_offset", "right_step")
    kinds = (c_void_p, c_int, c_void_p, c_int, c_int, c_void_p, c_int, c_int)
    return binding.cfunc(
        "fluid_synth_write_float", c_int, *((name, kind, 1) for name, kind in zip(arguments, kinds, strict=True))
    )


class _TinySoundFont:
    """TinySoundFont: needs no system library, knows no SF3."""

    def __init__(self, font: Path) -> None:
        binding = _player_module("tinysoundfont")
        self._synth = binding.Synth(samplerate=SAMPLE_RATE)
        self._font = font
        try:
            self._font_id = self._synth.sfload(str(font))
        except Exception as error:
            raise ConfigError(f"tinysoundfont cannot load this soundfont: {error}", where=font) from error

    def choose(self, channel: int, preset: Preset) -> None:
        if self._synth.sfpreset_name(self._font_id, preset.bank, preset.program) is None:
            raise ConfigError(f"has no preset for bank {preset.bank}, program {preset.program}", where=self._font)
        self._synth.program_select(channel, self._font_id, preset.bank, preset.program)
        for controller, value in _SUSTAINED_CONTROLLERS.items():
            self._synth.control_change(channel, controller, value)
        self._synth.pitchbend_range(channel, _BEND_RANGE_SEMITONES)

    def bend(self, channel: int, value: int) -> None:
        self._synth.pitchbend(channel, value)

    def start(self, channel: int, key: int, velocity: int) -> None:
        self._synth.noteon(channel, key, velocity)

    def stop(self, channel: int, key: int) -> None:
        self._synth.noteoff(channel, key)

    def play(self, n_samples: int) -> NDArray[np.float32]:
        return np.frombuffer(self._synth.generate(n_samples), dtype=np.float32).reshape(n_samples, 2).copy()

    def close(self) -> None:
        self._synth.sfunload(self._font_id)
