"""HAAQI as a metric that accumulates, in the manner of torchmetrics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rebalance._base.errors import ConfigError
from rebalance.haaqi._batches import HaaqiScores, Signals, haaqi
from rebalance.haaqi._equalisation import ReferenceAmplification
from rebalance.haaqi._index import HaaqiScore
from rebalance.haaqi._metric import DEFAULT_FULL_SCALE_DB_SPL
from rebalance.hearing import Audiogram, Listener


class HAAQI:
    """Mean HAAQI over batches, by `update`, `compute` and `reset` as in torchmetrics; takes tensors, needs no torch.

    Parameters
    ----------
    audiogram
        Of the ear, or the listener whose both ears hear; see `haaqi`.
    sample_rate
        Of all signals in Hz.
    full_scale_db_spl
        Level of a signal with an RMS of 1, where `update` is not told another.
    reference_amplification
        See `haaqi`.
    seed
        Of the noise at the threshold; every ear begins anew at it, so that the order of updates changes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import Audiogram
    >>> from rebalance.haaqi import HAAQI
    >>> reference = 0.1 * np.random.default_rng(1).standard_normal((2, 12_000))
    >>> ear = Audiogram(frequencies_hz=(250.0, 1000.0, 4000.0), thresholds_db_hl=(20.0, 30.0, 50.0))
    >>> metric = HAAQI(ear, sample_rate=24_000, full_scale_db_spl=85.0)
    >>> metric.update(reference, reference)
    >>> round(metric.compute(), 2)
    1.0
    """

    higher_is_better = True
    is_differentiable = False

    def __init__(
        self,
        audiogram: Audiogram | Listener,
        *,
        sample_rate: float,
        full_scale_db_spl: ArrayLike = DEFAULT_FULL_SCALE_DB_SPL,
        reference_amplification: ReferenceAmplification = "none",
        seed: int = 0,
    ) -> None:
        self.audiogram = audiogram
        self.sample_rate = sample_rate
        self.full_scale_db_spl = full_scale_db_spl
        self.reference_amplification = reference_amplification
        self.seed = seed
        self._scores: list[HaaqiScores] = []

    def update(self, preds: Signals, target: Signals, *, full_scale_db_spl: ArrayLike | None = None) -> None:
        """Score signals and keep the scores.

        Parameters
        ----------
        preds
            Processed signals: one, or a batch; see `haaqi`.
        target
            Their references.
        full_scale_db_spl
            Level of a signal with an RMS of 1, of these signals.

        Raises
        ------
        AudioError, ConfigError
            As `haaqi` does; nothing is kept of the batch.
        """
        self._scores.append(self._scored(preds, target, full_scale_db_spl))

    def __call__(self, preds: Signals, target: Signals, *, full_scale_db_spl: ArrayLike | None = None) -> float:
        """Score signals, keep the scores, and return the mean of these alone; see `update`."""
        self.update(preds, target, full_scale_db_spl=full_scale_db_spl)
        return float(self._scores[-1].value.mean())

    def compute(self) -> float:
        """Return the mean over all ears since the last `reset`.

        Raises
        ------
        ConfigError
            If there is no score yet.
        """
        if not self._scores:
            raise ConfigError(where="HAAQI", expected="update() before compute(), there is no score yet")
        return float(np.mean(np.concatenate([scores.value.ravel() for scores in self._scores])))

    def reset(self) -> None:
        """Forget all scores."""
        self._scores = []

    def table(self) -> pd.DataFrame:
        """Return a line for every ear scored, indexed by the number of the update, with a column for every term."""
        tables = [scores.table().reset_index(drop=True) for scores in self._scores]
        if not tables:
            return pd.DataFrame()
        return pd.concat(dict(enumerate(tables)), names=["update", "ear"])

    def __repr__(self) -> str:
        counted = sum(scores.value.size for scores in self._scores)
        mean = f", mean {self.compute():.3f}" if counted else ""
        return f"{type(self).__name__}({counted} scores{mean})"

    def _scored(self, preds: Signals, target: Signals, full_scale_db_spl: ArrayLike | None) -> HaaqiScores:
        """Score signals."""
        score: Callable[..., HaaqiScore | HaaqiScores] = haaqi
        scores = score(
            target,
            preds,
            self.audiogram,
            sample_rate=self.sample_rate,
            rng=self.seed,
            full_scale_db_spl=self.full_scale_db_spl if full_scale_db_spl is None else full_scale_db_spl,
            reference_amplification=self.reference_amplification,
        )
        return HaaqiScores.of([scores], (1,)) if isinstance(scores, HaaqiScore) else scores
