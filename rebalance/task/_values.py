"""What a task is made of: sources, segments, scenes and who listens to them. Values only, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rebalance._base.challenge import Split
from rebalance._base.errors import MetadataError
from rebalance.hearing import Fitting, Listener

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One player's part of a segment, or the mixture of all of them.

    Parameters
    ----------
    name
        Key within the segment: ``"source_1"`` .. or ``"mixture"``.
    instrument
        Instrument without its voice, ``"Violin"``; ``"Mixture"`` for the mixture.
    voice
        1 or 2 where the metadata numbers the players of one instrument (``Violin_2``), else None.
    dataset
        Name of the data set the track comes from.
    track
        Audio file relative to the audio folder of the task; None where the release withholds it.
    start_s, duration_s
        Where the segment lies in the track, in seconds.

    Examples
    --------
    >>> from rebalance import Source
    >>> Source(name="source_2", instrument="Violin", voice=2, duration_s=15.0).label
    'Violin_2'
    """

    name: str
    instrument: str
    voice: int | None = None
    dataset: str = ""
    track: PurePosixPath | None = None
    start_s: float = 0.0
    duration_s: float

    @property
    def label(self) -> str:
        """Instrument with its voice, as the metadata spells it: ``"Violin_2"``."""
        return self.instrument if self.voice is None else f"{self.instrument}_{self.voice}"

    def __repr__(self) -> str:
        where = f"{self.track} from {self.start_s:g} s" if self.track is not None else "no track"
        return f"{type(self).__name__}({self.name!r}: {self.label}, {self.duration_s:g} s, {where})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of music: its mixture and the sources it is made of (none in a mixtures-only release).

    Parameters
    ----------
    name
        Piece and number, such as ``"mozart-winds_000"``.
    mixture
        What is heard of all players together.
    sources
        One for each player, in the order of the metadata.

    Examples
    --------
    >>> from rebalance import load_task
    >>> segment = load_task("metadata/demo", "valid").segments["mozart-winds_000"]
    >>> segment.piece, segment.instruments
    ('mozart-winds', ('Flute', 'Oboe', 'Clarinet', 'Bassoon'))
    """

    name: str
    mixture: Source
    sources: tuple[Source, ...]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instrument of every source, in the order of the sources."""
        return tuple(source.instrument for source in self.sources)

    @property
    def piece(self) -> str:
        """Name of the piece: the segment's name without its trailing number (``anitrasdance_003``)."""
        stem, _, number = self.name.rpartition("_")
        return stem if stem and number.isdigit() else self.name

    def __repr__(self) -> str:
        players = ", ".join(source.label for source in self.sources) or "sources withheld"
        return f"{type(self).__name__}({self.name!r}: {players}; {self.mixture.duration_s:g} s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A segment with the raw gain in dB a listener asks of each of its sources.

    Parameters
    ----------
    name
        Such as ``"S50001"``.
    segment
        The music.
    gain_name
        Name of the gain pattern in the metadata.
    gains_db
        By source name; exactly the sources of the segment, where it names any.

    Raises
    ------
    MetadataError
        If the gains name other sources than the segment has.

    Examples
    --------
    >>> from rebalance import load_task
    >>> scene = load_task("metadata/demo", "valid").scenes["S50002"]
    >>> scene.segment.name, scene.gains_db
    ('haydn-quartet_000', {'source_1': -10.0, 'source_2': 0.0, 'source_3': 10.0, 'source_4': -6.0})
    """

    name: str
    segment: Segment
    gain_name: str
    gains_db: Mapping[str, float]

    def __post_init__(self) -> None:
        expected = [source.name for source in self.segment.sources]
        if expected and set(self.gains_db) != set(expected):
            raise MetadataError(
                f"gain {self.gain_name!r} names {sorted(self.gains_db)}, segment {self.segment.name!r} has"
                f" {sorted(expected)}",
                where=f"scene {self.name}",
            )

    @property
    def described_gains(self) -> str:
        """What is asked for, in words: ``Violin_1 +6 dB, Cello −3 dB``."""
        labels = {source.name: source.label for source in self.segment.sources}
        changes = [f"{labels.get(name, name)} {_signed(gain_db)}" for name, gain_db in self.gains_db.items() if gain_db]
        return ", ".join(changes) or "no change"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}: {self.segment.name}, {self.described_gains})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One scene heard by one listener: the unit of output and of score.

    Parameters
    ----------
    scene
        Name of the scene.
    listener
        Name of the listener.

    Examples
    --------
    >>> from rebalance import Pair, load_task
    >>> Pair(scene="S50001", listener="L0002") in load_task("metadata/demo", "valid").pairs
    True
    """

    scene: str
    listener: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything one split of a data set asks for, cross references resolved.

    Parameters
    ----------
    music_dir
        Folder the tracks are relative to; ``<root>/audio`` as a rule.
    split
        Which split this is.
    segments, scenes, listeners, fittings
        Values by name.
    scene_listeners
        Names of the listeners of every scene, in order.

    Examples
    --------
    >>> from rebalance import load_task
    >>> task = load_task("metadata/demo", "valid")
    >>> task.scene_listeners["S50001"]
    ('L0001', 'L0002', 'L0003')
    >>> small = task.subset(task.pairs[:2])
    >>> list(small.scenes), list(small.segments), list(small.listeners)
    (['S50001'], ['haydn-quartet_000'], ['L0001', 'L0002'])
    """

    music_dir: Path
    split: Split
    segments: Mapping[str, Segment]
    scenes: Mapping[str, Scene]
    listeners: Mapping[str, Listener]
    fittings: Mapping[str, Fitting]
    scene_listeners: Mapping[str, tuple[str, ...]]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every (scene, listener) in the order of the metadata."""
        return tuple(
            Pair(scene=scene, listener=listener)
            for scene, listeners in self.scene_listeners.items()
            for listener in listeners
        )

    def subset(self, pairs: Iterable[Pair]) -> Task:
        """Return the same task with only some pairs and what they refer to."""
        kept: dict[str, tuple[str, ...]] = {}
        for pair in pairs:
            kept[pair.scene] = (*kept.get(pair.scene, ()), pair.listener)
        scenes = {name: self.scenes[name] for name in kept}
        heard_by = {listener for listeners in kept.values() for listener in listeners}
        return replace(
            self,
            segments={scene.segment.name: scene.segment for scene in scenes.values()},
            scenes=scenes,
            listeners={name: value for name, value in self.listeners.items() if name in heard_by},
            fittings={name: value for name, value in self.fittings.items() if name in heard_by},
            scene_listeners=kept,
        )

    def audio_path(self, source: Source) -> Path:
        """Return the audio file of a source.

        Raises
        ------
        MetadataError
            If this release withholds it.
        """
        if source.track is None:
            raise MetadataError("this release holds no track for it", where=f"{source.name} ({source.label})")
        return self.music_dir / source.track

    def table(self) -> pd.DataFrame:
        """Return a line for every pair, indexed by scene and listener.

        Returns
        -------
        pd.DataFrame
            The columns ``segment``, ``piece``, ``instruments`` and ``gains``, both in words, and ``severity_code``, the
            severity of the listener's loss by pyclarity's code; see `rebalance.Audiogram.severity`.
        """
        import pandas as pd

        lines = [(pair, self.scenes[pair.scene]) for pair in self.pairs]
        return pd.DataFrame(
            {
                "segment": [scene.segment.name for _, scene in lines],
                "piece": [scene.segment.piece for _, scene in lines],
                "instruments": [", ".join(scene.segment.instruments) for _, scene in lines],
                "gains": [scene.described_gains for _, scene in lines],
                "severity_code": [str(self.listeners[pair.listener].severity()) for pair, _ in lines],
            },
            index=pd.MultiIndex.from_tuples(
                [(pair.scene, pair.listener) for pair, _ in lines], names=["scene", "listener"]
            ),
        )

    def __repr__(self) -> str:
        counts = f"{len(self.scenes)} scenes of {len(self.segments)} segments, {len(self.listeners)} listeners"
        return f"{type(self).__name__}({self.split}: {counts}, {len(self.pairs)} pairs)"

    def _repr_html_(self) -> str:
        table = self.table().to_html(max_rows=20, border=0)
        return f"<p>{escape(repr(self))}</p>{table}"


def _signed(gain_db: float) -> str:
    """Return a gain with its sign: ``−3 dB``."""
    return f"{'+' if gain_db > 0 else '−'}{abs(gain_db):g} dB"
