"""What the instrument weight is worth to a listener: HAAQI of remixes by any separator, with and without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.seeding import stream
from rebalance.audio import Audio, remix_as_edit
from rebalance.separation import (
    ActivityDetector,
    InstrumentActivity,
    Separator,
    SeparatorInfo,
    WeightedSeparator,
    info_of,
    source_names,
)
from rebalance.separation.iass import active_frames
from rebalance.training._haaqi_gain import haaqi_gain
from rebalance.training.data import StemLibrary

NO_WEIGHT, TRUE_WEIGHT = "no weight", "true activity"
_WINDOW, _HOP = 4096, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFigures:
    """What a remix of one excerpt is worth.

    Parameters
    ----------
    separator
        Its name.
    weight
        ``"no weight"``, the name of a detector, or ``"true activity"``.
    piece
        Of the excerpt.
    haaqi_gain
        HAAQI of the remix less that of the mixture, for the left ear of a moderate, sloping loss.
    """

    separator: str
    weight: str
    piece: str
    haaqi_gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTrial:
    """Which part of every piece is remixed how.

    Parameters
    ----------
    weighted
        Instruments to which the weight is applied, those that detectors know.
    start_s, duration_s
        Of the excerpt.
    n_pieces
        So many, spread evenly over the library; all when None.
    seed
        Of the gains: one of the challenge's values for every player, 0 dB among them.

    Raises
    ------
    ConfigError
        If no instrument is named or the excerpt has no length.
    """

    weighted: tuple[str, ...]
    start_s: float = 5.0
    duration_s: float = 8.0
    n_pieces: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.weighted or self.duration_s <= 0 or self.start_s < 0 or (self.n_pieces or 1) < 1:
            raise ConfigError(where="trial", expected="instruments and an excerpt", got=str(self))

    def chosen(self, pieces: Sequence[str]) -> tuple[str, ...]:
        """Return the pieces that take part."""
        n_pieces = min(self.n_pieces or len(pieces), len(pieces))
        return tuple(pieces[place * len(pieces) // n_pieces] for place in range(n_pieces))

    def gains_db(self, piece: str, names: Sequence[str]) -> Mapping[str, float]:
        """Return the gains of an excerpt by player.

        Parameters
        ----------
        piece
            Name of the piece the excerpt is taken from.
        names
            Names of the players of the excerpt.
        """
        drawn = stream(self.seed, piece, "gains").choice((0.0, *CAD2_TASK2.altered_gains_db), size=len(names))
        return dict(zip(names, map(float, drawn), strict=True))


def measured_weight(
    separators: Sequence[Separator],
    detectors: Mapping[str, ActivityDetector],
    library: StemLibrary,
    trial: WeightTrial,
) -> Iterator[WeightFigures]:
    """Give the figures of every separator without a weight, with that of every detector, and with that of the truth.

    Parameters
    ----------
    separators
        For 44.1 kHz.
    detectors
        By name.
    library
        Stems of the challenge's instruments; those of one rendition are a piece.
    trial
        What is remixed. An excerpt that cannot be heard has no figures.

    Raises
    ------
    ConfigError
        If a separator or a detector does not know an instrument.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.separation import load_separator
    >>> from rebalance.training.data import open_library
    >>> from rebalance.training.data._stem_library import StemEntry, write_manifest, write_stem
    >>> from rebalance.training import WeightTrial, measured_weight
    >>> facts = {"rendition": "duet", "family": "tones", "mean_pitch": 60.0}
    >>> entries = [StemEntry(label=it, instrument=it, file=f"{it}.npy", **facts) for it in ("Flute", "Cello")]
    >>> trial = WeightTrial(weighted=("Flute",), start_s=0.0, duration_s=1.0, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for entry, hz in zip(entries, (880, 220), strict=True):
    ...         write_stem(Path(folder), entry, 0.1 * np.sin(2 * np.pi * hz * np.arange(44_100) / 44_100))
    ...     write_manifest(Path(folder), entries)
    ...     rows = list(measured_weight([load_separator("mixture")], {}, open_library([folder]), trial))
    >>> [(row.separator, row.weight) for row in rows]
    [('mixture', 'no weight'), ('mixture', 'true activity')]
    """
    for piece in trial.chosen(tuple(library.by_rendition)):
        members = library.by_rendition[piece]
        first, length = (
            round(seconds * CAD2_TASK2.mixture_sample_rate) for seconds in (trial.start_s, trial.duration_s)
        )
        stems = [library.stems[index] for index in members]
        instruments = [stem.entry.instrument for stem in stems]
        names = source_names(instruments)
        sources = {name: np.tile(stem.crop(first, length), (2, 1)) for name, stem in zip(names, stems, strict=True)}
        excerpt = _Excerpt(piece=piece, instruments=tuple(instruments), sources=sources, trial=trial)
        yield from excerpt.figures(separators, detectors)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Excerpt:
    """A part of a piece and what is asked of it."""

    piece: str
    instruments: tuple[str, ...]
    sources: Mapping[str, NDArray[np.float32]]
    trial: WeightTrial

    @property
    def mixture(self) -> NDArray[np.float32]:
        """The sum of the sources."""
        return np.asarray(sum(self.sources.values()), dtype=np.float32)

    def figures(
        self, separators: Sequence[Separator], detectors: Mapping[str, ActivityDetector]
    ) -> Iterator[WeightFigures]:
        """Give the figures of all separators with all weights."""
        truth = _TrueActivity(sources=self.sources, detected_instruments=self.trial.weighted)
        for separator in separators:
            info, estimates = info_of(separator), separator(self.mixture, self.instruments)
            plain = _Separated(name=separator.name, info=info, estimates=estimates)
            weighted = {
                name: WeightedSeparator(name=name, separator=plain, detector=detector)(self.mixture, self.instruments)
                for name, detector in {**detectors, TRUE_WEIGHT: truth}.items()
            }
            for weight, each in {NO_WEIGHT: estimates, **weighted}.items():
                gain = self._haaqi_gain(each, info)
                if gain is not None:
                    yield WeightFigures(separator=separator.name, weight=weight, piece=self.piece, haaqi_gain=gain)

    def _haaqi_gain(self, estimates: Mapping[str, NDArray[np.float32]], info: SeparatorInfo) -> float | None:
        """Return what a remix of estimates is worth."""
        mixture, gains_db = self.mixture, self.trial.gains_db(self.piece, list(self.sources))
        true = remix_as_edit(mixture, self.sources, gains_db) - mixture
        made = remix_as_edit(mixture, estimates, gains_db, shrinkage=info.shrinkage) - mixture
        return haaqi_gain(mixture, true, made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Separated:
    """Estimates that were made already, as a separator that gives them."""

    name: str
    info: SeparatorInfo
    estimates: dict[str, NDArray[np.float32]]
    sample_rate: int = CAD2_TASK2.mixture_sample_rate

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:  # noqa: ARG002
        """Return them."""
        return self.estimates


@dataclass(frozen=True, slots=True, kw_only=True)
class _TrueActivity:
    """When the instruments play, from their stems: the upper bound of every detector."""

    sources: Mapping[str, NDArray[np.float32]]
    detected_instruments: tuple[str, ...]
    sample_rate: int = CAD2_TASK2.mixture_sample_rate

    def activity(self, mixture: Audio, instruments: Sequence[str]) -> InstrumentActivity:  # noqa: ARG002
        """Return when different instruments play."""
        rows = np.stack([self._active(instrument) for instrument in instruments])
        times_s = np.arange(rows.shape[1]) * _HOP / self.sample_rate
        return InstrumentActivity(
            instruments=tuple(instruments), probabilities=rows.astype(np.float64), active=rows, frame_times_s=times_s
        )

    def _active(self, instrument: str) -> NDArray[np.bool_]:
        """Return when one instrument plays, all its voices together."""
        own = [source[0] for name, source in self.sources.items() if name.split("_")[0] == instrument]
        summed = np.sum(own, axis=0, dtype=np.float32)
        return np.asarray(active_frames(torch.from_numpy(summed), _WINDOW, _HOP).numpy())
