"""Means and paired differences with their intervals: what every table of a report is made of."""

from rebalance._base.bootstrap import Estimate, clustered_mean, paired_difference

__all__ = ["Estimate", "clustered_mean", "paired_difference"]
