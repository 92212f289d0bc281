"""Pieces of music21's corpus that may be played: names only, the encodings stay with music21.

The compositions are in the public domain. The encodings are distributed with music21 by permission of their makers,
some not for commercial use: read them where music21 is installed, hand on none of them.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.challenge import Split
from rebalance._base.errors import ConfigError
from rebalance._base.files import expanded, is_hidden
from rebalance._base.names import suggestion

SCORE_SUFFIXES = (".xml", ".musicxml", ".mxl", ".krn", ".abc", ".mid", ".midi")

# The chorales of BACH10 under every number the corpus gives them: the challenge evaluates on recordings of them.
BACH10_CHORALES = frozenset(
    "bach/bwv" + number for number in ("255", "256", "274", "62.6", "275", "296", "297", "326", "327", "364", "385")
)
# Other settings of the same tunes that share long runs of notes with one of those.
BACH10_TWINS = frozenset("bach/bwv" + number for number in ("48.3", "114.7", "178.7", "257", "258"))
EXCLUDED = BACH10_CHORALES | BACH10_TWINS

# Four or more voices, none a repetition of another file.
_CHORALES = """
1.6 2.6 3.6 4.8 5.7 6.6 7.7 8.6 9.7 10.7 11.6 12.7 13.6 14.5 16.6 17.7 18.5-lz 19.7 20.11 24.6 25.6 26.6 27.6
28.6 29.8 30.6 31.9 32.6 33.6 36.4-2 36.8-2 37.6 38.6 39.7 40.3 40.6 40.8 42.7 43.11 44.7 45.7 46.6 47.5 48.7
52.6 55.5 56.5 57.8 60.5 64.2 64.4 64.8 65.2 65.7 66.6 67.4 67.7 69.6 69.6-a 70.7 70.11 72.6 73.5 74.8 77.6 78.7
79.3 79.6 80.8 81.7 83.5 84.5 85.6 86.6 87.7 88.7 89.6 90.5 91.6 92.9 93.7 94.8 95.7 96.6 97.9 99.6 101.7 102.7
103.6 104.6 108.6 110.7 111.6 112.5-sc 115.6 116.6 117.4 119.9 120.6 120.8-a 121.6 122.6 123.6 124.6 125.6 126.6
127.5 128.5 130.6 133.6 135.6 136.6 139.6 140.7 144.3 144.6 145-a 145.5 146.8 148.6 149.7 151.5 153.1 153.5
153.9 154.3 154.8 155.5 156.6 157.5 158.4 159.5 161.6 162.6-lpz 164.6 165.6 166.6 168.6 169.7 171.6 172.6 174.5
175.7 176.6 177.5 179.6 180.7 183.5 184.5 185.6 187.7 188.6 190.7-inst 194.6 194.12 195.6 197.5 197.7-a 197.10
226.2 227.1 227.3 227.7 229.2 244.3 244.10 244.15 244.25 244.29-a 244.32 244.37 244.40 244.44 244.46 244.54
244.62 245.3 245.5 245.11 245.14 245.15 245.17 245.22 245.26 245.28 245.37 245.40 248.5 248.9-1 248.9-s 248.12-2
248.17 248.23-2 248.28 248.33-3 248.35-3 248.42-4 248.46-5 248.53-5 248.59-6 248.64-6 250 251 252 253 254 259
260 261 262 263 264 265 266 267 268 269 270 271 272 273 276 277 278 281 282 283 284 285 286 287 288 289 290 291
292 293 294 295 298 299 300 301 302 303 304 305 306 307 308 309 310 311 312 313 314 315 316 317 318 319 320 321
322 323 324 325 328 329 330 331 332 333 334 335 336 337 338 339 340 341 342 343 344 345 346 347 348 349 350 351
352 353 354 355 356 357 358 359 360 361 362 363 365 366 367 368 369 370 371 372 373 374 375 376 377 378 379 380
381 382 383 384 386 387 388 389 390 391 392 393 394 395 396 397 399 400 401 402 403 404 405 406 407 408 409 410
411 412 413 415 416 417 418 419 420 421 422 423 424 425 426 427 428 429 430 431 432 433 434 435 436 437 438
"""
_QUARTETS = """
haydn/opus1no1/movement1 haydn/opus1no1/movement2 haydn/opus1no1/movement3 haydn/opus1no1/movement4
haydn/opus1no1/movement5 haydn/opus74no1/movement1 haydn/opus74no1/movement2 haydn/opus74no1/movement3
haydn/opus74no1/movement4 mozart/k80/movement1 mozart/k80/movement2 mozart/k80/movement3 mozart/k80/movement4
mozart/k155/movement1 mozart/k155/movement2 mozart/k155/movement3 mozart/k156/movement1 mozart/k156/movement2
mozart/k156/movement3 mozart/k156/movement4 mozart/k458/movement1 mozart/k458/movement2 mozart/k458/movement3
mozart/k458/movement4 beethoven/opus18no1/movement1 beethoven/opus18no1/movement2 beethoven/opus18no1/movement3
beethoven/opus18no1/movement4 beethoven/opus18no3 beethoven/opus18no4 beethoven/opus18no5
beethoven/opus59no1/movement1 beethoven/opus59no1/movement2 beethoven/opus59no1/movement3
beethoven/opus59no1/movement4 beethoven/opus59no2/movement1 beethoven/opus59no2/movement2
beethoven/opus59no2/movement3 beethoven/opus59no2/movement4 beethoven/opus59no3/movement1
beethoven/opus59no3/movement2 beethoven/opus59no3/movement3 beethoven/opus59no3/movement4 beethoven/opus74
beethoven/opus132 beethoven/opus133 schumann_robert/opus41no1/movement1 schumann_robert/opus41no1/movement2
schumann_robert/opus41no1/movement3 schumann_robert/opus41no1/movement4 schumann_robert/opus41no1/movement5
"""

# The works of the embedded task are never trained on.
_ALWAYS_VALIDATION = frozenset({"haydn/opus74no1", "mozart/k155"})
TEXTURES = ("chorale", "canon", "quartet")
"""Kinds of music that `rebalance.synthesis.composition` makes."""
_COMPOSED = re.compile(f"composed/({'|'.join(TEXTURES)})/[0-9]+")
_VALIDATION_SHARE = 0.15
_DIGEST_SPAN = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece to play.

    Parameters
    ----------
    name
        Within the corpus, or of the file.
    path
        A score file of the user; None for a piece of the corpus, or a composed one.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Piece
    >>> Piece(name="haydn/opus74no1/movement1").path is None
    True
    """

    name: str
    path: Path | None = None


def curated_pieces(split: Split | None = None) -> tuple[str, ...]:
    """Return the names of the usable pieces of the corpus, those of one split or all.

    Whole works belong to one split, drawn by their name: about 15 % to validation, the rest to training; none to test.
    """
    names = (*(f"bach/bwv{number}" for number in _CHORALES.split()), *_QUARTETS.split())
    return names if split is None else tuple(name for name in names if split_of_piece(name) == split)


def split_of_piece(name: str) -> Split:
    """Return the split a piece of the corpus is played in: by its work, all movements of one together."""
    work = name.partition("/movement")[0]
    digest = hashlib.sha256(work.encode()).digest()
    if work in _ALWAYS_VALIDATION:
        return "valid"
    return "valid" if int.from_bytes(digest[:4], "big") < _VALIDATION_SHARE * _DIGEST_SPAN else "train"


def is_composed(name: str) -> bool:
    """Return whether a name is that of a piece made by program; see `rebalance.synthesis.composition.compose`.

    Examples
    --------
    >>> from rebalance.synthesis.notation import is_composed
    >>> is_composed("composed/canon/3"), is_composed("bach/bwv66.6")
    (True, False)
    """
    return name.startswith("composed/")


def texture_of(name: str) -> str:
    """Return the texture of a composed piece, one of `TEXTURES`, from its name ``"composed/TEXTURE/NUMBER"``.

    Raises
    ------
    ConfigError
        If the name has another form.

    Examples
    --------
    >>> from rebalance.synthesis.notation import texture_of
    >>> texture_of("composed/canon/3")
    'canon'
    """
    found = _COMPOSED.fullmatch(name)
    if found is None:
        wanted = f"composed/TEXTURE/NUMBER, with a texture of {', '.join(TEXTURES)}"
        raise ConfigError(where="piece", expected=wanted, got=repr(name))
    return found[1]


def select_pieces(wanted: Iterable[str], split: Split) -> tuple[Piece, ...]:
    """Return the pieces a user asks for, each once.

    Parameters
    ----------
    wanted
        Score files, folders of them, names of the corpus, names of composed pieces, or patterns over the curated names
        of the split (``"bach/*"``, ``"*"``).
    split
        Patterns select from its pieces; a piece named in full is taken whatever its split.

    Raises
    ------
    ConfigError
        If nothing matches, or a piece of the evaluation set is asked for.

    Examples
    --------
    >>> from rebalance.synthesis.notation import select_pieces
    >>> [piece.name for piece in select_pieces(["haydn/opus74no1/*"], "valid")]
    ['haydn/opus74no1/movement1', 'haydn/opus74no1/movement2', 'haydn/opus74no1/movement3', 'haydn/opus74no1/movement4']
    >>> select_pieces(["haydn/opus75*"], "valid")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: pieces: nothing in valid matches 'haydn/opus75*'
    """
    chosen: dict[str, Piece] = {}
    for name in wanted:
        for piece in _matching(name, split):
            chosen.setdefault(piece.name, piece)
    return tuple(chosen.values())


def _matching(wanted: str, split: Split) -> list[Piece]:
    """Return the pieces one entry of the list stands for."""
    path = expanded(wanted)
    if path.is_dir():
        files = sorted(
            file for file in path.rglob("*") if file.suffix.lower() in SCORE_SUFFIXES and not is_hidden(file, path)
        )
        if not files:
            raise ConfigError(f"{path} holds no scores ({', '.join(SCORE_SUFFIXES)})", where="pieces")
        return [Piece(name=file.relative_to(path).with_suffix("").as_posix(), path=file) for file in files]
    if path.is_file():
        return [Piece(name=path.stem, path=path)]
    if wanted in EXCLUDED:
        raise ConfigError(f"{wanted} is evaluation material of the challenge (BACH10) or a twin of it", where="pieces")
    known = curated_pieces()
    if is_composed(wanted):
        texture_of(wanted)
        return [Piece(name=wanted)]
    if wanted in known:
        return [Piece(name=wanted)]
    matches = fnmatch.filter(curated_pieces(split), wanted)
    if not matches:
        raise ConfigError(f"nothing in {split} matches {wanted!r}", where="pieces", more=suggestion(wanted, known))
    return [Piece(name=name) for name in matches]
