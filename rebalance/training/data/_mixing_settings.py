"""How mixtures are made on the fly."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rebalance.training.data._room_bank import TAPS


@dataclass(frozen=True, slots=True, kw_only=True)
class MixingSettings:
    """How mixtures are made.

    Parameters
    ----------
    batch_size
        Mixtures per step.
    crop_samples
        Length of a mixture.
    n_sources_weights
        Relative frequency of two, three, four and five sources.
    coherent_share
        Share of mixtures whose stems were played together; the rest is drawn stem by stem.
    pair_share
        Share of the random mixtures that hold two voices of one instrument.
    section_share
        Share of the random mixtures whose instruments are all strings or all woodwinds: they sound most alike.
    coherent_level_db, random_level_db
        Largest departure of a source from equal level, either way.
    eq_db
        Largest departure of the smooth random equaliser of a source, either way; 0 for none.
    resonance_db
        Largest height of the narrow peaks and dips of that equaliser, drawn anew for every source; 0 for none.
    wander_share
        Share of the mixtures whose sources wander between two equalisers, as timbre and level of a player do.
    background_db
        Level of the noise behind a mixture, relative to it, drawn between these; None for no noise.
    tilt_db_per_octave
        Largest slope of a source's spectrum above 500 Hz, either way.
    darkening_db_per_octave
        Further slopes, drawn between this and 0, by instrument: sounds that are too bright in the library.
    coherent_detune_cents, random_detune_cents
        Largest change of the tuning of a source, by resampling.
    dry_share
        Share of mixtures without a room.
    least_activity
        Share of a crop in which a source must sound; others are drawn again.
    always
        An instrument every mixture holds; None for no such.

    Examples
    --------
    >>> from rebalance.training.data import MixingSettings
    >>> MixingSettings(batch_size=8).crop_samples / 44_100 < 3.0
    True
    """

    batch_size: int = 4
    crop_samples: int = 131_072
    n_sources_weights: tuple[float, ...] = (1.0, 1.2, 1.6, 0.7)
    coherent_share: float = 0.5
    pair_share: float = 0.25
    section_share: float = 0.0
    coherent_level_db: float = 4.0
    random_level_db: float = 8.0
    eq_db: float = 6.0
    resonance_db: float = 0.0
    wander_share: float = 0.0
    background_db: tuple[float, float] | None = None
    tilt_db_per_octave: float = 1.5
    darkening_db_per_octave: dict[str, float] = field(default_factory=lambda: {"Clarinet": -5.0, "Sax": -2.5})
    coherent_detune_cents: float = 20.0
    random_detune_cents: float = 120.0
    dry_share: float = 0.05
    least_activity: float = 0.25
    always: str | None = None

    @property
    def lasting(self) -> dict[str, Any]:
        """The settings that must stay when a run is continued."""
        later = {"resonance_db": 0.0, "wander_share": 0.0, "background_db": None}  # unknown to states from before them
        return {name: value for name, value in asdict(self).items() if not (name in later and value == later[name])}

    @property
    def plain(self) -> MixingSettings:
        """The same without what is altered of sounds: no equalisers, no noise, no retuning."""
        return replace(
            self,
            eq_db=0.0,
            resonance_db=0.0,
            wander_share=0.0,
            background_db=None,
            tilt_db_per_octave=0.0,
            darkening_db_per_octave={},
            coherent_detune_cents=0.0,
            random_detune_cents=0.0,
        )

    @property
    def n_fft(self) -> int:
        """Length of the transforms that carry equaliser and room: a crop and what rings into it."""
        return self.crop_samples + TAPS
