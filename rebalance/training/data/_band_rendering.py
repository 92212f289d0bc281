"""Program-made band music rendered in the layout of Slakh2100, its octave of the bass labels included."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.files import replacing, write_text
from rebalance._base.running import Failure, run_items
from rebalance._base.seeding import stream
from rebalance.audio import write_flac
from rebalance.synthesis.performance import PlayedNote
from rebalance.synthesis.sound import Layer, Preset, active_rms, soundfont_engine
from rebalance.training.data._band_music import BAND_PROGRAMS, BandSettings, compose_band
from rebalance.training.data._stem_library import SAMPLE_RATE

_RING_OUT_S = 1.0
_TICKS_PER_QUARTER = 480
_TICKS_PER_S = 2 * _TICKS_PER_QUARTER
_LEVEL = 0.05
_SILENCE = 1e-9
_PEAK = 0.95
_WRITTEN_ABOVE_SEMITONES = {"Bass": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class BandLibrary:
    """Tracks to render.

    Parameters
    ----------
    out
        Folder in the layout of Slakh2100.
    subsets
        How many tracks each subset has.
    fonts
        Soundfonts, one drawn for each part of each track.
    levels_db
        Of the parts, on the average.
    level_spread_db
        Largest departure from it, either way.
    music
        How it is made up.
    seed
        Seed of music, sounds and levels.

    Raises
    ------
    ConfigError
        If there is no font or no track.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training.data import BandLibrary
    >>> BandLibrary(out=Path("data"), subsets={"train": 20, "test": 5}, fonts=("fluidr3", "timgm")).seed
    0
    """

    out: Path
    subsets: Mapping[str, int]
    fonts: tuple[str, ...] = ("fluidr3", "timgm")
    levels_db: Mapping[str, float] = field(default_factory=lambda: {"Piano": 0.0, "Guitar": -2.0, "Bass": 3.0})
    level_spread_db: float = 3.0
    music: BandSettings = field(default_factory=BandSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.fonts or min(self.subsets.values(), default=0) < 1:
            raise ConfigError(where="band library", expected="one or more fonts and tracks", got=str(self))

    @property
    def tracks(self) -> tuple[tuple[str, str], ...]:
        """Subset and name of every track; names are numbered through."""
        subsets = [subset for subset, count in self.subsets.items() for _ in range(count)]
        return tuple((subset, f"Track{number:05d}") for number, subset in enumerate(subsets, 1))


def render_band(library: BandLibrary, *, jobs: int | None = None) -> tuple[Failure, ...]:
    """Render all tracks that are not there yet.

    A track has stems of what plays in it, their MIDI files and metadata as Slakh2100 has them. As there, the notes of
    basses are written an octave above what sounds.

    Parameters
    ----------
    library
        Number, sounds and levels of the tracks.
    jobs
        Processes; one per core when None.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from rebalance.datasets import load_corpus
    >>> from rebalance.training.data import BandLibrary, BandSettings, render_band
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     music = BandSettings(duration_s=5.0, playing={"Piano": 1.0, "Guitar": 0.0, "Bass": 0.0})
    ...     library = BandLibrary(out=Path(folder), subsets={"train": 1}, fonts=("timgm",), music=music)
    ...     render_band(library, jobs=1)
    ...     (piece,) = load_corpus("Slakh2100", folder, purpose="training").pieces
    ()
    >>> [part.program for part in piece.parts]
    [0]
    """
    missing = [track for track in library.tracks if not _metadata_file(library, track).exists()]
    if not missing:
        return ()
    work = functools.partial(_render, library)
    return run_items(missing, work, title="rendering band music", jobs=jobs, describe=_described)


def _metadata_file(library: BandLibrary, track: tuple[str, str]) -> Path:
    """Return the file that is written last of a track."""
    return library.out.joinpath(*track, "metadata.yaml")


def _described(track: tuple[str, str]) -> str:
    return "/".join(track)


def _render(library: BandLibrary, track: tuple[str, str]) -> None:
    """Render one track, its metadata last."""
    _, name = track
    folder = library.out.joinpath(*track)
    parts = {part: notes for part, notes in compose_band(name, library.seed, library.music).items() if notes}
    end_s = max(notes[-1].end_s for notes in parts.values())
    n_samples = int((max(end_s, library.music.duration_s) + _RING_OUT_S) * SAMPLE_RATE)
    stems = [_stem(library, name, part, notes, n_samples) for part, notes in parts.items()]
    scale = min(1.0, _PEAK / max(float(np.abs(sum(stems)).max()), _SILENCE))
    for number, (part, stem) in enumerate(zip(parts, stems, strict=True)):
        write_flac(folder / "stems" / f"S{number:02d}.flac", (stem * np.float32(scale))[None], SAMPLE_RATE)
        above = _WRITTEN_ABOVE_SEMITONES.get(part, 0)
        _write_midi(folder / "MIDI" / f"S{number:02d}.mid", parts[part], BAND_PROGRAMS[part], above)
    write_text(_metadata_file(library, track), _metadata(name, tuple(parts)))


def _stem(
    library: BandLibrary, name: str, part: str, notes: Sequence[PlayedNote], n_samples: int
) -> NDArray[np.float32]:
    """Return the sound of one part at its level."""
    rng = stream(library.seed, "band", name, part)
    font = library.fonts[int(rng.integers(len(library.fonts)))]
    layer = Layer(source=font, preset=Preset(program=BAND_PROGRAMS[part]))
    dry = soundfont_engine().render(notes, layer, n_samples)
    level_db = library.levels_db[part] + rng.uniform(-library.level_spread_db, library.level_spread_db)
    return dry * np.float32(_LEVEL * 10 ** (level_db / 20) / max(active_rms(dry), _SILENCE))


def _write_midi(path: Path, notes: Sequence[PlayedNote], program: int, above: int) -> None:
    """Write the notes of one part, 960 ticks a second."""
    with optional_packages():
        import mido

    events = [(round(note.onset_s * _TICKS_PER_S), 1, note.pitch + above, note.velocity) for note in notes]
    events += [(round(note.end_s * _TICKS_PER_S), 0, note.pitch + above, 0) for note in notes]
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    now = 0
    for tick, press, pitch, velocity in sorted(events):
        kind = "note_on" if press else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_PER_QUARTER)
    file.tracks.append(track)
    with replacing(path) as temporary:
        file.save(temporary)


def _metadata(name: str, parts: Sequence[str]) -> str:
    """Return the metadata of a track; JSON is YAML too."""
    stems = {
        f"S{number:02d}": {
            "audio_rendered": True,
            "inst_class": part,
            "is_drum": False,
            "midi_program_name": part,
            "midi_saved": True,
            "program_num": BAND_PROGRAMS[part],
        }
        for number, part in enumerate(parts)
    }
    return json.dumps({"UUID": name, "stems": stems}, indent=1) + "\n"
