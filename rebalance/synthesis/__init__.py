"""Scores to stems: synthetic ensembles in the challenge's format."""
