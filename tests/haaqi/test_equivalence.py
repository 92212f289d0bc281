import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import AudioError
from rebalance.haaqi import haaqi
from rebalance.hearing import Audiogram

_spec = importlib.util.spec_from_file_location("haaqi_equivalence", Path(__file__).parent / "equivalence.py")
equivalence = importlib.util.module_from_spec(_spec)
sys.modules["haaqi_equivalence"] = equivalence
_spec.loader.exec_module(equivalence)

TOLERANCE = 1e-6
CASES = equivalence.cases()
AUDIBLE_CASES = [case for case in CASES if case.number not in equivalence.INAUDIBLE_CASES]
GOLDEN = json.loads(equivalence.GOLDEN.read_text(encoding="utf-8"))
SPREAD = json.loads(equivalence.SPREAD.read_text(encoding="utf-8"))


def ours(case, rng):
    reference = equivalence.reference_of(case)
    score = haaqi(
        reference,
        equivalence.processed_of(case, reference),
        Audiogram(frequencies_hz=equivalence.FREQUENCIES_HZ, thresholds_db_hl=equivalence.AUDIOGRAMS[case.audiogram]),
        sample_rate=24_000,
        full_scale_db_spl=equivalence.full_scale_db_spl(case, reference),
        reference_amplification=case.amplification,
        rng=rng,
    )
    return [
        score.value,
        score.nonlinear,
        score.linear,
        score.cepstral_correlation,
        score.membrane_covariance,
        score.loudness,
        score.spectrum,
    ]


@pytest.mark.parametrize("case", CASES[: equivalence.N_FAST], ids=lambda case: case.name)
def test_index_and_terms_equal_the_recorded_ones_of_pyclarity(case):
    found = ours(case, np.random.RandomState(case.number))
    np.testing.assert_allclose(found, GOLDEN[case.name], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("number", [2, 21])
@pytest.mark.filterwarnings("ignore")
def test_index_and_terms_equal_those_of_pyclarity_run_now(number):
    case = CASES[number]
    expected = equivalence.by_pyclarity(case)
    np.testing.assert_allclose(expected, GOLDEN[case.name], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours(case, np.random.RandomState(number)), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("case", AUDIBLE_CASES, ids=lambda case: case.name)
@pytest.mark.filterwarnings("ignore")
def test_index_and_terms_equal_those_of_pyclarity_over_the_whole_table(case):
    found = ours(case, np.random.RandomState(case.number))
    np.testing.assert_allclose(found, equivalence.by_pyclarity(case), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("number", equivalence.INAUDIBLE_CASES, ids=lambda number: CASES[number].name)
def test_what_pyclarity_could_not_score_has_no_number(number, caplog):
    _, _, _, cepstral, covariance, _, _ = equivalence.by_pyclarity(CASES[number])
    assert cepstral == covariance == 0.0
    assert "Signal below threshold" in caplog.text
    with pytest.raises(AudioError, match="below the listener's threshold"):
        ours(CASES[number], np.random.RandomState(number))


@pytest.mark.parametrize("number", equivalence.SPREAD_CASES, ids=lambda number: CASES[number].name)
def test_every_seed_gives_the_index_of_pyclarity(number):
    found = [ours(CASES[number], np.random.RandomState(seed))[0] for seed in range(10)]
    np.testing.assert_allclose(found, SPREAD[CASES[number].name], rtol=0, atol=TOLERANCE)


def test_table_covers_what_it_promises():
    assert len(AUDIBLE_CASES) >= 200
    fast = CASES[: equivalence.N_FAST]
    assert {case.processing for case in fast} == set(equivalence.PROCESSINGS)
    assert {case.audiogram for case in fast} == set(equivalence.AUDIOGRAMS)
    assert {case.kind for case in fast} == set(equivalence.KINDS)
    assert {case.amplification for case in fast} == {"none", "nal_r"}
    assert min(case.level_db_spl for case in CASES) == 20
    assert max(case.level_db_spl for case in CASES) == 100
    assert min(case.duration_s for case in CASES) == 2
    assert max(case.duration_s for case in CASES) == 30
