"""Scores to stems: synthetic ensembles of the challenge's instruments."""
