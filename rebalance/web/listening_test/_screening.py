"""Whose ratings count: those who hear the hidden reference."""

from __future__ import annotations

import pandas as pd

from rebalance.web.listening_test._listening_plans import REFERENCE

# ITU-R BS.1534-3, section 4.1.2: the hidden reference below 90 in more than 15 % of the test items.
MIN_REFERENCE_RATING = 90.0
MAX_SHARE_BELOW = 0.15

_ANCHOR = "anchor "


def screen_participants(answers: pd.DataFrame) -> pd.DataFrame:
    """Tell who did not hear the hidden reference, and is left out.

    Source: ITU-R BS.1534-3, section 4.1.2.

    Parameters
    ----------
    answers
        A line for every signal of a MUSHRA test, as `AnswerStore.table` gives them.

    Returns
    -------
    A line for every participant, with the columns ``participant``, ``n_trials``, ``n_reference_below_90``,
    ``share_below_90``, ``n_anchor_above_90`` (to look at: it excludes nobody) and ``excluded``.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import screen_participants
    >>> answers = pd.DataFrame({"participant": [1, 1, 2, 2], "trial": [1, 2, 1, 2], "system": "reference"})
    >>> screened = screen_participants(answers.assign(rating=[100.0, 90.0, 100.0, 89.0]))
    >>> screened["excluded"].tolist()
    [False, True]
    """
    reference = answers[answers["system"] == REFERENCE]
    grouped = reference.assign(below=reference["rating"] < MIN_REFERENCE_RATING).groupby("participant")["below"]
    anchors = answers[answers["system"].str.startswith(_ANCHOR)]
    high = anchors[anchors["rating"] > MIN_REFERENCE_RATING].groupby("participant").size()
    screened = pd.DataFrame({"n_trials": grouped.size(), "n_reference_below_90": grouped.sum()})
    screened["share_below_90"] = screened["n_reference_below_90"] / screened["n_trials"]
    screened["n_anchor_above_90"] = high.reindex(screened.index, fill_value=0)
    screened["excluded"] = screened["share_below_90"] > MAX_SHARE_BELOW
    return screened.reset_index()
