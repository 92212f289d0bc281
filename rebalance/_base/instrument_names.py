"""The one vocabulary of instruments: their names in the languages of printed scores, plurals and abbreviations."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from rebalance._base.challenge import CAD2_TASK2

# Names by instrument, without accents and in lower case; plurals in -s, -n and -en are understood of themselves.
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "Bassoon": """bassoon, basoon, bsn, bn, fagott, fagotte, fagotto, fagotti, fag, fg, basson, fagot,
            fagote, fagoty, fagotter, фагот, фаготы, ファゴット, バスーン, 巴松, 巴松管, 大管""",
        "Cello": """cello, celli, vlc, vc, vcl, violoncello, violoncelli, violoncell, violoncelle, violonchelo,
            violonchelos, violoncelo, chelo, cellot, wiolonczela, wiolonczele, cselló, виолончель, виолончели,
            チェロ, 大提琴""",
        "Clarinet": """clarinet, clarinett, clarinete, cl, clar, klar, klarinette, clarinetto, clarinetti,
            clarinette, klarinet, klarinett, klarnet, klarnety, clarinetist, b clarinet, bb clarinet,
            a clarinet, eb clarinet, кларнет, кларнеты, クラリネット, 单簧管, 單簧管, 黑管""",
        "Flute": """flute, fl, floete, flote, querflote, querfloete, flauto, flauti, flauta, flute traversiere,
            transverse flute, flauto traverso, traverso, traversflote, grosse flote, grande flute, dwarsfluit,
            fluit, flojt, flojte, floyte, flet, flety, huilu, fuvola, concert flute, c flute, флейта, флейты,
            フルート, 长笛, 長笛""",
        "Oboe": """oboe, ob, oboi, oboen, hoboe, hautbois, hautboy, oboista, oboje, hobo, obo, obó, гобой,
            гобои, オーボエ, 双簧管, 雙簧管""",
        "Sax": """sax, saxes, saxophone, saxofone, saxophon, saxofon, saxofono, sassofono, sassofoni, saxofoon,
            saksofon, saksofony, saxo, saxphone, soprano sax, alto sax, tenor sax, baritone sax, bass sax,
            soprano saxophone, alto saxophone, tenor saxophone, baritone saxophone, bass saxophone,
            sopransaxophon, sopransax, altsaxophon, altsax, altosax, altosaxophone, tenorsaxophon, tenorsax,
            baritonsaxophon, baritonsax, basssaxophon, saxophone soprano, saxophone alto, saxophone tenor,
            saxophone baryton, saxofon alto, saxofon tenor, saxo alto, saxo tenor, sax alto, sax tenor,
            sax soprano, sax contralto, sassofono contralto, sassofono tenore, sassofono soprano, asax, tsax,
            ssax, bari sax, саксофон, саксофоны, サックス, サクソフォン, サキソフォン, 萨克斯, 薩克斯, 萨克斯风""",
        "Viola": """viola, viole, vla, va, vle, vlas, bratsche, alto, altviool, altfiol, bratsj, bratsch,
            altówka, altowka, altowki, viola d arco, violas de arco, альт, альты, ヴィオラ, ビオラ, 中提琴""",
        "Violin": """violin, violins, violine, violino, violini, violon, vln, vl, vn, vlni, vlns, geige, fiddle,
            violín, violim, viool, violen, fiol, fioler, fiolin, skrzypce, housle, viulu, hegedu, скрипка,
            скрипки, ヴァイオリン, バイオリン, 小提琴""",
        "Bass": """bass, basse, basso, bassi, bassist, double bass, doublebass, string bass, upright bass,
            contrabass, contrabasso, contrabassi, contrebasse, kontrabass, kontrabasse, kontrabassi, contrabajo,
            contrabas, contrabaixo, kontrabas, basso d arco, violone, violoni, db, cb, kb, контрабас,
            コントラバス, 低音提琴""",
        "Harp": """harp, harfe, harpe, arpa, arpe, hp, harpa, harfa, арфа, ハープ, 竖琴""",
        "Piccolo": """piccolo, piccoli, picc, ottavino, ottavini, flauto piccolo, flauti piccoli, piccolo flute,
            piccoloflote, pikkoloflote, pikkolo, kleine flote, petite flute, flautino, flautin, пикколо,
            ピッコロ, 短笛""",
        "EnglishHorn": """english horn, englishhorn, cor anglais, coranglais, corno inglese, corni inglesi,
            englisch horn, englischhorn, engelse hoorn, eng hn, e h, c i, ca, corno ingles, английский рожок,
            コーラングレ, 英国管""",
        "BassClarinet": """bass clarinet, bassclarinet, bassklarinette, bass klarinette, clarinetto basso,
            clarinette basse, clarinete bajo, b cl, bass cl, basklarinet, басовый кларнет, バスクラリネット""",
        "Contrabassoon": """contrabassoon, contra bassoon, double bassoon, kontrafagott, contrafagotto,
            contrebasson, contrafagot, contrafagote, cbsn, c bn, контрафагот, コントラファゴット""",
        "Horn": """horn, french horn, horn in f, hn, hrn, corno, corni, cor, cors, waldhorn, waldhorner, horner,
            hoorn, trompa, trompas, corno da caccia, natural horn, naturhorn, valthorn, валторна, валторны,
            ホルン, 圆号""",
        "Trumpet": """trumpet, tpt, trp, trompete, tromba, trombe, trompette, trompeta, trompet, trumpete,
            clarino, clarini, piccolo trumpet, труба, трубы, トランペット, 小号""",
        "Trombone": """trombone, tromboni, tbn, trb, posaune, posaunen, trombon, trombones, bass trombone,
            tenor trombone, alto trombone, bassposaune, tenorposaune, altposaune, trombone basso,
            trombone tenore, trombone alto, trombone basse, trombón, тромбон, トロンボーン, 长号""",
        "Tuba": """tuba, tube, tba, basstuba, bass tuba, contrabass tuba, basso tuba, туба, チューバ, 大号""",
        "Timpani": """timpani, timpano, timp, pauke, pauken, pk, timbales, timbale, kettledrum, kettle drum,
            kettle drums, timbal, timbali, литавры, ティンパニ, 定音鼓""",
    }
)

# What is no instrument of ours, though it shares a word with one.
_OTHERS = """accordion, alto clarinet, alto flute, altflote, altfloete, altklarinette, alto recorder, alphorn,
    banjo, bariton, barytone, bass drum, bass flute, bassflote, bass guitar, bass oboe, bass recorder,
    bass viol, basset clarinet, basset horn, bassetthorn, bassethorn, corno di bassetto, basso continuo,
    continuo, b c, bass voice, alto voice, blockflote, blockfloete, block flute, flauto dolce, flute a bec,
    recorder, celesta, cello da spalla, cembalo, clavecin, clavicembalo, clavichord, choir, clavier,
    contrabass clarinet, contra alto clarinet, contrabass saxophone, kontrabassklarinette, cornet, cornetto,
    cornett, kornett, zink, cymbal, drum, drums, dulcian, euphonium, flugelhorn, flugel, gamba, gambe,
    viola da gamba, viola da gambe, viol, viole de gambe, glockenspiel, gran cassa, guitar, gitarre,
    hammered dulcimer, harmonica, harmonium, harp guitar, harpsichord, heckelphone, jagdhorn, keyboard, klavier,
    koto, lute, laute, liuto, mandolin, marimba, oboe d amore, oboe da caccia, liebesoboe, ocarina, organ,
    orgel, orgue, organo, pan flute, panflote, panpipes, percussion, piano, pianoforte, sackbut, saxhorn,
    serpent, shakuhachi, shawm, soprano, synth, tabor, tambour, tenor, tenor horn, tenorhorn, tin whistle,
    triangle, tambourine, ukulele, vibraphone, vihuela, viola d amore, violetta, viola pomposa, baryton,
    viola bastarda, vocals, voice, stimme, gesang, wagner tuba, whistle, xylophone, zither, low whistle,
    irish flute, bansuri, native american flute, electric bass, bass gitarre, e bass, slide guitar"""

# Words beside a name that do not change what plays.
_PASSING = frozenset(
    {
        *("i", "ii", "iii", "iv", "v", "vi", "1st", "2nd", "3rd", "4th", "first", "second", "third", "fourth"),
        *("erste", "erster", "zweite", "zweiter", "dritte", "dritter", "premier", "premiere", "seconde", "deuxieme"),
        *("primo", "prima", "secondo", "seconda", "terzo", "terza", "primer", "segundo", "segunda"),
        *(
            "solo",
            "soli",
            "tutti",
            "section",
            "sections",
            "div",
            "divisi",
            "unis",
            "principal",
            "concertino",
            "ripieno",
        ),
        *("obbligato", "obligato", "obl", "arco", "pizz", "pizzicato", "con", "sord", "sordino", "player"),
        *("in", "the", "of", "part", "parts"),
    }
)
_MODIFIERS = frozenset({"bass", "basse", "basso", "alto", "contrabass", "kontrabass"})
_COUNT = re.compile(r"\s*([2-9])\s*[x×]?\s+(?=[^\W\d])|\s*([2-9])\s*[x×]\s*")
_BETWEEN = re.compile(r"[,;/+&\n]|\b(?:and|und|et|y|og|och|en)\b", flags=re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+|\d+\w*")
_VOICE = re.compile(r"(?P<name>.*[^\W\d_])[\s_.#-]*(?P<voice>[1-9])", flags=re.DOTALL)
_MAX_WORDS = 4


def instrument_of(name: str) -> str | None:
    """Return the instrument of a name in whatever language, number and abbreviation; None for none of the vocabulary.

    Words that do not change what plays are passed over: ``"1. Geige"``, ``"Clarinet in Bb"``, ``"Vln. II solo"``.

    Examples
    --------
    >>> from rebalance._base.instrument_names import instrument_of
    >>> instrument_of("Flöte 1"), instrument_of("Alto Flute"), instrument_of("Bass Trombone")
    ('Flute', None, 'Trombone')
    """
    words = _words(name)
    found = _phrases(words)
    if not found or any(other is None for other, _ in found):
        return None
    (first, n_words), *more = found
    is_modifier = n_words == 1 and _meant(words)[0] in _MODIFIERS
    return None if is_modifier and more else first


def names_another(name: str) -> bool:
    """Tell whether a name is that of an instrument which is none of the vocabulary, such as ``"Alto Flute"``."""
    found = _phrases(_words(name))
    return bool(found) and instrument_of(name) is None


def instruments_listed(text: str) -> tuple[str, ...]:
    """Split what somebody types as a list of players: ``"2 violins, viola und Cello"``, ``"violin clarinet"``.

    Returns
    -------
    tuple of str
        One entry for each player: the instrument where the challenge has it, otherwise what was written.

    Examples
    --------
    >>> from rebalance._base.instrument_names import instruments_listed
    >>> instruments_listed("violin clarinet, 2 Flöten")
    ('Violin', 'Clarinet', 'Flute', 'Flute')
    """
    players: list[str] = []
    for entry in filter(None, map(str.strip, _BETWEEN.split(text))):
        count, rest = _counted(entry)
        one = instrument_of(rest)
        several = _several(rest)
        players += several if len(several) > 1 else [str(one) if one in CAD2_TASK2.instruments else rest] * count
    return tuple(players)


def voice_of(name: str) -> tuple[str, int | None]:
    """Take a number off the end of a name: ``"violin_2"`` and ``"Geige 2"`` are the second of their kind."""
    match = _VOICE.fullmatch(name.strip())
    return (match["name"], int(match["voice"])) if match else (name.strip(), None)


def spaced(instrument: str) -> str:
    """Return the name of an instrument in words: ``"EnglishHorn"`` is an English horn, ``"Bass"`` a double bass."""
    if instrument == "Bass":
        return "double bass"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", instrument).capitalize()


def letters_of(name: str) -> str:
    """Return the letters of a name in lower case and without accents: ``"ElectricGuitar"`` is ``"electric guitar"``."""
    return "".join(filter(str.isalpha, plain(name)))


def plain(text: str) -> str:
    """Return text in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _counted(entry: str) -> tuple[int, str]:
    """Take the number of players off the beginning of an entry; an ordinal (``2.``, ``2nd``) is none."""
    match = _COUNT.match(entry)
    return (int(match[1] or match[2]), entry[match.end() :]) if match else (1, entry)


def _several(text: str) -> list[str]:
    """Return the instruments of words that name several, one after the other; nothing if a word is not understood."""
    words = _words(text)
    if instrument_of(text) is not None and len(_phrases(words)) == 1:
        return []
    found = _phrases(words)
    n_understood = sum(n_words for _, n_words in found)
    if any(name is None for name, _ in found) or n_understood != len(_meant(words)):
        return []
    return [name for name, _ in found if name is not None]


def _words(name: str) -> list[str]:
    return _WORD.findall(plain(name))


def _meant(words: Iterable[str]) -> list[str]:
    """Return the words that may name an instrument; ``in Bb`` is the key of a transposing one."""
    meant: list[str] = []
    previous = ""
    for word in words:
        if word not in _PASSING and not word[0].isdigit() and previous != "in":
            meant.append(word)
        previous = word
    return meant


def _phrases(words: Sequence[str]) -> list[tuple[str | None, int]]:
    """Return what the words name, longest phrases first, None for an instrument that is not ours, with their length."""
    meant = _meant(words)
    found: list[tuple[str | None, int]] = []
    at = 0
    while at < len(meant):
        for n_words in range(min(_MAX_WORDS, len(meant) - at), 0, -1):
            phrase = " ".join(meant[at : at + n_words])
            if (key := _known_form(phrase)) is not None:
                found.append((_vocabulary()[key], n_words))
                at += n_words
                break
        else:
            at += 1
    return found


@functools.cache
def _vocabulary() -> dict[str, str | None]:
    """Return the instrument of every phrase."""
    known: dict[str, str | None] = {}
    for phrase in _OTHERS.split(","):
        known[" ".join(_WORD.findall(plain(phrase)))] = None
    for instrument, names in _NAMES.items():
        for phrase in (instrument, *names.split(",")):
            known[" ".join(_WORD.findall(plain(phrase)))] = instrument
    return known


def _known_form(phrase: str) -> str | None:
    """Return how the vocabulary has a phrase: as it is, without a plural, or without a number (``ViolinI``)."""
    vocabulary = _vocabulary()
    for form in (
        phrase,
        *(phrase.removesuffix(end) for end in ("s", "n", "en", "es", "ii", "i") if phrase.endswith(end)),
    ):
        if len(form) > 1 and form in vocabulary and (form == phrase or len(form) > 3):
            return form
    if phrase.startswith("solo") and phrase.removeprefix("solo") in vocabulary:
        return phrase.removeprefix("solo")
    return None
