"""Plain mixtures: crops and gains, nothing else."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.training.data import PlainMixer, PlainMixingSettings
from rebalance.training.data._stem_library import StemLibrary

TARGETS = {"Violin": ("Violin",), "Cello": ("Cello",)}


def plain(library: StemLibrary, **changes: object) -> PlainMixer:
    given = {"targets": TARGETS, "batch_size": 3, "crop_samples": 8_192, "crops_per_piece": 4}
    settings = PlainMixingSettings(**{**given, **changes})  # type: ignore[arg-type]
    return PlainMixer(stem_library=library, settings=settings, seed=5, device=torch.device("cpu"))


def test_every_target_is_its_stem_at_a_gain_between_a_quarter_and_five_quarters(library: StemLibrary) -> None:
    cello = next(stem for stem in library.stems if stem.entry.label == "Cello")
    mixer = plain(library, crop_samples=len(cello.samples))  # the only crop is the whole piece
    heard = [sources[1, 0].numpy() for step in range(20) for sources in mixer.batch(step).sources if sources[1].any()]
    true = cello.crop(0, len(cello.samples))
    gains = [float(np.dot(target, true) / np.dot(true, true)) for target in heard]
    for target, gain in zip(heard, gains, strict=True):
        np.testing.assert_allclose(target, gain * true, atol=1e-6)
    assert 0.25 <= min(gains) < 0.4
    assert 1.1 < max(gains) <= 1.25


def test_the_same_step_gives_the_same_batch_and_another_rank_another(library: StemLibrary) -> None:
    mixer = plain(library)
    assert torch.equal(mixer.batch(2).sources, mixer.batch(2).sources)
    assert not torch.equal(mixer.batch(2).sources, mixer.batch(2, rank=1).sources)


def test_an_epoch_holds_every_piece_equally_often(library: StemLibrary) -> None:
    mixer = plain(library, batch_size=1)
    assert mixer.steps_per_epoch == 8
    counts = Counter(bool(mixer.batch(step).sources[0, 0].any()) for step in range(8, 16))
    assert counts == {True: 4, False: 4}  # one of the two pieces has violins


def test_crops_of_one_piece_differ(library: StemLibrary) -> None:
    batches = [plain(library, batch_size=1).batch(step).sources for step in range(8)]
    distinct = {batch.numpy().tobytes() for batch in batches}
    assert len(distinct) == 8


def test_silent_crops_are_not_drawn_again(library: StemLibrary) -> None:
    mixer = plain(library, batch_size=1, crops_per_piece=32)
    cellos = [mixer.batch(step).sources[0, 1] for step in range(64)]
    with_violin = [mixer.batch(step).sources[0, 0].any() for step in range(64)]
    silent = [not cello.any() for cello, there in zip(cellos, with_violin, strict=True) if there]
    assert 5 < sum(silent) < 28  # the cello rests for the first half of its piece


def test_targets_and_rest_sum_to_the_mixture_of_the_whole_piece(library: StemLibrary) -> None:
    whole = plain(library).whole_pieces()["first"]
    stems = [stem.samples / np.float32(32_768) for stem in library.stems if stem.entry.rendition == "first"]
    np.testing.assert_allclose(whole.sum(axis=0), np.sum(stems, axis=0), atol=1e-6)
    assert not whole[-1].any()
    assert plain(library).whole_pieces()["second"][-1].any()


def test_settings_that_cannot_be_are_refused(library: StemLibrary) -> None:
    with pytest.raises(ConfigError, match="each stem in one of them"):
        PlainMixingSettings(targets={"A": ("Violin",), "B": ("Violin",)})
    with pytest.raises(ConfigError, match="the least from 0"):
        PlainMixingSettings(targets=TARGETS, gains=(1.0, 0.5))
    with pytest.raises(MetadataError, match="expected some of Tuba, found none"):
        plain(library, targets={"Tuba": ("Tuba",)})
