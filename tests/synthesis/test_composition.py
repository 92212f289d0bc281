import itertools

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.synthesis.composition import Chord, compose, composed_pieces, named_score, progression
from rebalance.synthesis.composition._textures import _offbeat
from rebalance.synthesis.composition._voice_leading import VOICE_RANGES, lead_voices
from rebalance.synthesis.notation import arrange, parse_ensemble, select_pieces

PIECES = composed_pieces(6)


def sounding(part, position_q):
    """Return the pitch a part has at a time, None where it rests."""
    return next((note.pitch for note in part.notes if note.onset_q <= position_q < note.end_q), None)


@pytest.mark.parametrize("name", PIECES)
def test_voices_have_one_note_at_a_time(name):
    score = compose(name)
    assert 2 <= len(score.parts) <= 5
    for part in score.parts:
        for note, following in itertools.pairwise(part.notes):
            assert note.duration_q > 0
            assert note.end_q <= following.onset_q + 1e-6
        assert all(28 <= note.pitch <= 100 for note in part.notes)
    assert 30 < score.seconds_at(score.end_q, default_bpm=90.0) < 150


@pytest.mark.parametrize("seed", range(5))
def test_chords_are_led_within_ranges_and_without_parallels(seed):
    rng = np.random.default_rng(seed)
    chords = [chord for phrase in progression(3, 4, 1.0, 4.0, rng) for chord in phrase]
    voices = lead_voices(chords, rng)
    assert voices.shape == (len(chords), 4)
    for chord, row in zip(chords, voices.tolist(), strict=True):
        assert row[3] % 12 == chord.bass
        assert all(pitch % 12 in chord.tones for pitch in row)
        assert row == sorted(row, reverse=True)
        assert all(low <= pitch <= high for pitch, (low, high) in zip(row, VOICE_RANGES, strict=True))
    parallels = sum(
        (one[a] - one[b]) % 12 in (0, 7) and one[a] - one[b] == two[a] - two[b] and one[a] != two[a]
        for one, two in itertools.pairwise(voices.tolist())
        for a, b in itertools.combinations(range(4), 2)
    )
    assert parallels <= 2  # a progression can leave no other way
    assert np.abs(np.diff(voices[:, :3], axis=0)).mean() < 3  # mostly steps


def test_phrases_of_a_progression_end_in_cadences():
    for seed in range(10):
        phrases = progression(4, 4, 2.0, 4.0, np.random.default_rng(seed))
        first, last = phrases[0][0], phrases[-1][-1]
        assert first.tones[0] == last.tones[0]  # begins and ends on the tonic
        for phrase in phrases:
            assert [chord.bass for chord in phrase[-2:]] == [chord.tones[0] for chord in phrase[-2:]]  # not inverted
            closed, open_ = (phrase[-1].tones[0] - phrase[0].tones[0]) % 12 == 0, phrase[-1].tones[0]
            assert closed or (open_ - phrase[0].tones[0]) % 12 == 7
        assert (phrases[-1][-2].tones[0] - last.tones[0]) % 12 == 7  # after the dominant
        assert (phrases[-1][-2].tones[1] - last.tones[0]) % 12 == 11  # with its leading note, in minor, too


def test_voices_of_a_canon_repeat_the_first_one_later():
    for number in range(6):
        leader, follower, *_ = compose(f"composed/canon/{number}").parts
        delay_q = follower.notes[0].onset_q
        shift = follower.notes[0].pitch - leader.notes[0].pitch
        assert delay_q > 0
        assert shift % 12 == 0
        for note, model in zip(follower.notes, leader.notes, strict=False):
            assert note.pitch == model.pitch + shift
            assert note.onset_q == pytest.approx(model.onset_q + delay_q)


def test_voices_cross_more_often_than_in_chorales():
    def crossings(texture):
        scores = [compose(f"composed/{texture}/{number}") for number in range(8)]
        pairs = [
            (sounding(high, position), sounding(low, position))
            for score in scores
            for high, low in itertools.pairwise(score.parts)
            for position in np.arange(0, score.end_q, 0.5)
        ]
        both = [(high, low) for high, low in pairs if high is not None and low is not None]
        return np.mean([high < low for high, low in both])

    assert crossings("canon") > crossings("chorale") + 0.1
    assert crossings("quartet") > crossings("chorale")


def test_keys_are_near_each_other():
    for seed in range(20):
        home, *others = progression(6, 4, 1.0, 4.0, np.random.default_rng(seed))
        natural = [
            min(
                (chord.scale for chord in phrase),
                key=lambda scale, phrase=phrase: sum(c.scale != scale for c in phrase),
            )
            for phrase in (home, *others)
        ]
        assert all(len(natural[0] - other) <= 2 for other in natural)  # an accidental, and a raised seventh


@pytest.mark.parametrize(
    ("onset_q", "duration_q", "expected"), [(0.0, 1.5, [0.5]), (1.5, 1.5, [1.5, 2.5]), (3.0, 3.0, [3.5, 4.5, 5.5])]
)
def test_off_beats_lie_between_the_beats_of_the_bar(onset_q, duration_q, expected):
    chord = Chord(
        onset_q=onset_q, duration_q=duration_q, tones=(0, 4, 7), bass=0, scale=frozenset({0, 2, 4, 5, 7, 9, 11})
    )
    assert [note.onset_q for note in _offbeat(chord, 60, 0.5)] == expected


def test_quartets_have_rests_and_lively_notes():
    scores = [compose(f"composed/quartet/{number}") for number in range(8)]
    parts = [part for score in scores for part in score.parts]
    assert any(two.onset_q - one.end_q > 4 for part in parts for one, two in itertools.pairwise(part.notes))
    assert any(note.duration_q <= 0.25 for part in parts for note in part.notes)


def test_name_decides():
    assert compose("composed/quartet/7") == compose("composed/quartet/7")
    assert compose("composed/quartet/7").parts != compose("composed/quartet/8").parts
    assert len({compose(name).parts for name in PIECES}) == len(PIECES)


def test_composed_pieces_are_pieces_by_name_and_can_be_arranged():
    (piece,) = select_pieces(["composed/chorale/2"], "train")
    assert piece.path is None
    score = named_score(piece.name)
    arranged = arrange(score, parse_ensemble(["Flute", "Oboe", "Clarinet", "Sax", "Bassoon"])).score
    assert [part.name for part in arranged.parts] == ["Flute", "Oboe", "Clarinet", "Sax", "Bassoon"]
    assert all(part.instrument.plays(note.pitch) for part in arranged.parts for note in part.notes)


@pytest.mark.parametrize(
    "name",
    ["composed/fugue/1", "composed/canon", "composed/canon/-1", "composed/canon/1/2", "composed/canon/٣", "composed/*"],
)
def test_other_names_are_refused(name):
    for use in (named_score, lambda wanted: select_pieces([wanted], "train")):
        with pytest.raises(ConfigError, match="composed/TEXTURE/NUMBER"):
            use(name)


def test_phrases_without_room_are_refused():
    with pytest.raises(ConfigError, match="three chords"):
        progression(1, 1, 2.0, 4.0, np.random.default_rng(0))
