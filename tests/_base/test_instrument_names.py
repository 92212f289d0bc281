"""One vocabulary: names in many languages, plurals, abbreviations, and what only looks like an instrument of ours."""

from __future__ import annotations

import pytest

from rebalance._base.errors import ConfigError
from rebalance._base.instrument_names import instrument_of, instruments_listed, names_another, voice_of
from rebalance.separation import known_instruments, source_names
from rebalance.synthesis.notation._instruments import INSTRUMENTS, recognise_instrument

NAMES = {
    "Bassoon": "bassoon Bsn. Fagott Fagotte fagotto fagotti basson Bassons fagot Bassoon/Contrabassoon фагот",
    "Cello": "cello Celli Violoncello Violoncelli violoncelle violonchelo Vc. VLC I_Violoncello_II виолончель チェロ",
    "Clarinet": "Clarinet|Clarinet in Bb|Klarinette in A|clarinetto|Clarinette|Clarinetto in La|clarinete|Cl. 2",
    "Flute": "flute Flöte Flûte Flo\u0308te Querflöte flauto Flauti flauta Fl. fluit Flutes フルート Flute/Piccolo",
    "Oboe": "oboe Hautbois|Hautbois 2|Oboen|Oboe I|oboi|Ob.|гобой",
    "Sax": "sax|saxophone|Saxophones|Saxophon|saxofón|sassofono|Alto Sax|Tenorsaxophon|Soprano Saxophone|saxphone",
    "Viola": "viola|Bratsche|Bratschen|Alto|Viole|Vla.|Viola 2|альт",
    "Violin": "violin|violins|Geige|1. Geige|Geigen|Violine|Violinen|Violino II|ViolinI|Violini I|violon|Vln. 1|VL"
    "|violín|1st Violin|Solovioline|Violin Legato|violin_2|скрипка|バイオリン|小提琴",
    "Bass": "Kontrabass|Kontrabaß|double bass|Contrabass|contrebasse|Violone|Db.|Bass",
    "EnglishHorn": "Cor anglais|English Horn|Englischhorn|corno inglese",
    "BassClarinet": "Bass Clarinet|Bassklarinette",
    "Contrabassoon": "Contrabassoon|Kontrafagott",
    "Horn": "Horn|Horn in F|Horn in Db|Corni|Cor|Waldhorn|French Horns",
    "Trumpet": "Trompete in B|tromba|Trumpets",
    "Trombone": "Bass Trombone|Posaunen|Tromboni|Bassposaune",
    "Timpani": "Pauken|Timpani|timbales",
    "Piccolo": "Piccolo|Flauto piccolo|ottavino|Petite flûte",
}
ALL_NAMES = [
    (name, instrument)
    for instrument, names in NAMES.items()
    for name in (names.replace(" ", "|") if "|" not in names else names).split("|")
]
OTHERS = [
    *("Alto Flute", "Altflöte", "Alto Recorder", "Bass Drum", "Bassetthorn", "Basset Horn", "Bass Oboe", "Harpsichord"),
    *("Cornet", "Oboe d'amore", "Viola da gamba", "Viola d'amore", "Contrabass Clarinet", "Bass Guitar", "Piano"),
    *("Blockflöte", "Flauto dolce", "Flugelhorn", "Tenor"),
]


@pytest.mark.parametrize(("name", "expected"), ALL_NAMES)
def test_a_name_is_understood(name: str, expected: str) -> None:
    assert instrument_of(name) == expected
    assert instrument_of(name.upper()) == expected
    assert recognise_instrument(name).name == expected


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_shares_a_word_is_not_taken_for_it(name: str) -> None:
    assert instrument_of(name) is None
    assert names_another(name)
    assert recognise_instrument(name, INSTRUMENTS["Flute"].program) is None


@pytest.mark.parametrize("name", ["", "Staff 3", "chello", "flautist", "12", "Altus", "!"])
def test_what_is_no_name_is_none(name: str) -> None:
    assert instrument_of(name) is None
    assert not names_another(name)


def test_every_instrument_of_the_table_is_named_by_itself() -> None:
    assert {name: instrument_of(name) for name in INSTRUMENTS} == {name: name for name in INSTRUMENTS}


@pytest.mark.parametrize(
    ("text", "players"),
    [
        ("violin,violin,viola,cello", "Violin Violin Viola Cello"),
        ("violin clarinet", "Violin Clarinet"),
        ("2 violins, viola, cello", "Violin Violin Viola Cello"),
        ("2x Geige und Bratsche", "Violin Violin Viola"),
        ("flute & oboe; fagott / sax", "Flute Oboe Bassoon Sax"),
        ("violin 1, violin 2", "Violin Violin"),
        ("1. Geige, 2. Geige", "Violin Violin"),
        ("2nd violin, cello", "Violin Cello"),
        ("alto sax cello", "Sax Cello"),
        ("violins", "Violin"),
        (" saxophone ,", "Sax"),
    ],
)
def test_players_are_listed_as_people_write_them(text: str, players: str) -> None:
    assert instruments_listed(text) == tuple(players.split())


@pytest.mark.parametrize("text", ["chello, violin", "Kontrabass, violin", "alto flute, violin"])
def test_what_cannot_be_separated_stays_as_it_was_written(text: str) -> None:
    assert instruments_listed(text) == (text.split(",", maxsplit=1)[0], "Violin")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "Kontrabass",
            r"instrument 'Kontrabass' \(double bass\): not among those that can be separated: Bassoon, Cello",
        ),
        ("Alto Flute", "instrument 'Alto Flute': not among those"),
        ("Horn", "instrument 'Horn': not among those"),
        ("chello", "did you mean 'Cello'"),
    ],
)
def test_what_cannot_be_separated_is_refused_with_words(name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        known_instruments([name])


def test_separators_are_told_the_names_of_the_challenge() -> None:
    assert known_instruments(["Geige", "hautbois"]) == ("Violin", "Oboe")
    assert source_names(["Geige", "violin", "Celli"]) == ("Violin_1", "Violin_2", "Cello")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("violin_2", ("violin", 2)), ("Geige 2", ("Geige", 2)), ("cello", ("cello", None)), ("2", ("2", None))],
)
def test_a_number_at_the_end_is_a_voice(name: str, expected: tuple[str, int | None]) -> None:
    assert voice_of(name) == expected
