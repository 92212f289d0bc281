"""What the command makes of folder names."""

from __future__ import annotations

from rebalance.cli._compare import _teams


def test_a_run_named_like_a_submission_belongs_to_its_team():
    names = ["submission_T002_causal", "exp/submission_T019_noncausal_sup.zip", "exp/mixture"]
    assert _teams(names) == {names[0]: "T002", names[1]: "T019"}
