"""What the page sends and what it is answered: checked values, one per message."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from rebalance.hearing import MAX_LIVE_RATE, MIN_LIVE_RATE, Audiogram, EarFitting, Fitting, Listener, LiveLossFilters
from rebalance.web.listening_room._separations import Stage

_Threshold: TypeAlias = Annotated[float, Field(ge=-20, le=140, allow_inf_nan=False)]
_Frequency: TypeAlias = Annotated[float, Field(ge=20, le=20_000, allow_inf_nan=False)]
_Gain: TypeAlias = Annotated[float, Field(ge=-60, le=60, allow_inf_nan=False)]
_Weight: TypeAlias = Annotated[float, Field(ge=-2_000, le=2_000, allow_inf_nan=False)]


class Message(BaseModel):
    """A message; what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hearing(Message):
    """Thresholds of both ears in dB HL at the same frequencies in Hz."""

    frequencies_hz: list[_Frequency] = Field(min_length=1, max_length=40)
    left_db_hl: list[_Threshold] = Field(min_length=1, max_length=40)
    right_db_hl: list[_Threshold] = Field(min_length=1, max_length=40)
    name: str = Field(default="listener", max_length=100)

    def listener(self) -> Listener:
        """Return the listener these thresholds belong to."""
        left, right = (
            Audiogram(frequencies_hz=tuple(self.frequencies_hz), thresholds_db_hl=tuple(levels))
            for levels in (self.left_db_hl, self.right_db_hl)
        )
        return Listener(name=self.name, left=left, right=right)

    @classmethod
    def of(cls, listener: Listener, frequencies_hz: tuple[float, ...]) -> Hearing:
        """Return the thresholds of a listener at some frequencies."""
        left, right = (ear.at(frequencies_hz).thresholds_db_hl for ear in (listener.left, listener.right))
        return cls(
            frequencies_hz=list(frequencies_hz), left_db_hl=list(left), right_db_hl=list(right), name=listener.name
        )


class EarSettings(Message):
    """Compressor settings of one ear."""

    ratios: list[float]
    gains_db: list[float]

    @classmethod
    def of(cls, fitting: EarFitting) -> EarSettings:
        """Return the settings as they are sent."""
        return cls(ratios=list(fitting.ratios), gains_db=list(fitting.gains_db))


class Prescription(Message):
    """Compressor settings of both ears, and the degree of loss of the better one."""

    left: EarSettings
    right: EarSettings
    severity: str

    @classmethod
    def of(cls, fitting: Fitting, severity: str) -> Prescription:
        """Return the settings as they are sent."""
        return cls(left=EarSettings.of(fitting.left), right=EarSettings.of(fitting.right), severity=severity)


class Request(Message):
    """Who plays in a recording and what shall separate it."""

    recording: str
    instruments: list[str] = Field(min_length=1, max_length=40)
    separator: str = Field(max_length=100)


class AidedRequest(Message):
    """How the recording and the stems are weighted, and for whose ears the sum is amplified."""

    weights: list[_Weight] = Field(min_length=2, max_length=40)
    hearing: Hearing


class AidedLoudness(Message):
    """Loudness in LUFS of the loudest passage at the input of the aid and at its output."""

    input_lufs: float
    output_lufs: float


class LossRequest(Message):
    """Whose loss of hearing shall be simulated, and at what sample rate in Hz."""

    hearing: Hearing
    sample_rate: int = Field(ge=MIN_LIVE_RATE, le=MAX_LIVE_RATE)


class SimulatedLoss(Message):
    """What simulates the loss of both ears."""

    left: LiveLossFilters
    right: LiveLossFilters


class SaveRequest(Message):
    """A remix to be saved."""

    gains_db: dict[str, _Gain]
    hearing: Hearing | None = None
    format: Literal["flac", "wav"] = "flac"
    bits: Literal[16, 24] = 16


class RecordingState(Message):
    """A recording as the page knows it."""

    id: str
    name: str
    sample_rate: int
    n_channels: int
    n_samples: int
    remarks: list[str]
    suggested: list[str]


class SeparationState(Message):
    """A separation as the page knows it."""

    id: str
    recording: RecordingState
    instruments: list[str]
    players: list[str]
    separator: str
    shrinkage: list[float]
    stage: Stage
    n_ready: int
    n_hops: int
    left_s: float | None
    error: str | None
    hardly_heard: list[str]
    n_block: int


class SeparatorChoice(Message):
    """A separator the page offers."""

    name: str
    title: str


class AidState(Message):
    """What every aid has in common, one value per band, and the level in LUFS it is meant for."""

    crossover_frequencies_hz: list[float]
    thresholds_db: list[float]
    attacks_ms: list[float]
    releases_ms: list[float]
    band_frequencies_hz: list[float]
    input_lufs: float


class Setup(Message):
    """All the page needs to begin."""

    version: str
    instruments: list[str]
    separators: list[SeparatorChoice]
    demos: list[str]
    standard_hearing: dict[str, Hearing]
    frequencies_hz: list[float]
    aid: AidState
    largest_upload: int
    n_players: int
    opened: str | None
    opened_separation: str | None
