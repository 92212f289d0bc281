"""What is known of a trained network beyond its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rebalance._base.errors import ConfigError
from rebalance.separation._info import SeparatorInfo

if TYPE_CHECKING:
    from torch import nn

_MAX_RELIABILITY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What is known of a trained network beyond its weights.

    Parameters
    ----------
    shrinkage
        How far the remix should trust its estimates, in [0, 1]: for two sources, for three, and so on, the last
        for all numbers beyond; fitted on validation HAAQI.
    voice_trust
        How far to trust what tells two voices of one instrument apart, in [0, 1]; 0 gives each half.
    reliability
        Which share of the gains that its estimates promise a remix was measured to make, by number of sources as for
        the shrinkage; empty where it was not measured. See `rebalance.pipeline.estimate_balance`.
    data
        What it was trained on.
    training
        Command, seed, budget, scores: text by name.

    Raises
    ------
    ConfigError
        If a shrinkage, the voice trust or a reliability is out of range.

    Examples
    --------
    >>> from rebalance.separation import ModelCard
    >>> ModelCard(shrinkage=(0.9, 0.8), data=("SynthSOD",)).voice_trust
    1.0
    >>> ModelCard(shrinkage=(1.2,))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: model card: expected shrinkage and voice trust in [0, 1], got ...
    """

    shrinkage: tuple[float, ...] = (1.0,)
    voice_trust: float = 1.0
    reliability: tuple[float, ...] = ()
    data: tuple[str, ...] = ()
    training: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.shrinkage or not all(0.0 <= value <= 1.0 for value in (*self.shrinkage, self.voice_trust)):
            raise ConfigError(
                where="model card",
                expected="shrinkage and voice trust in [0, 1]",
                got=f"{self.shrinkage}, {self.voice_trust}",
            )
        if not all(0.0 <= value <= _MAX_RELIABILITY for value in self.reliability):
            raise ConfigError(
                where="model card", expected=f"reliabilities from 0 to {_MAX_RELIABILITY:g}", got=str(self.reliability)
            )

    def with_widths(self, widths: str) -> ModelCard:
        """Return the card with how wide the network is: ``"published"`` or ``"small"``.

        Examples
        --------
        >>> from rebalance.separation import ModelCard
        >>> ModelCard(training={"Seed": "1"}).with_widths("small").training
        {'Seed': '1', 'Widths': 'small'}
        """
        return replace(self, training={**self.training, "Widths": widths})

    def info(
        self,
        *networks: nn.Module,
        weights: str | None,
        lookahead_ms: float = math.inf,
        mixture_consistent: bool = False,
    ) -> SeparatorInfo:
        """Return what is known of a separator with this card.

        Parameters
        ----------
        networks
            All it consists of.
        weights
            Sha256 of their file; None where unknown.
        lookahead_ms
            By how much it looks ahead; infinite where it sees the whole signal.
        mixture_consistent
            Whether its estimates always sum to the mixture.
        """
        return SeparatorInfo(
            shrinkage=self.shrinkage,
            mixture_consistent=mixture_consistent,
            reliability=self.reliability,
            n_parameters=sum(each.numel() for network in networks for each in network.parameters()),
            lookahead_ms=lookahead_ms,
            external_training_data=bool(self.data),
            weights=weights,
        )
