"""The registry of loaders, and the check that evaluation material is opened for evaluation alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import suggestion
from rebalance.datasets import (
    _bach10,
    _cadenza_woodwind,
    _ensembleset,
    _medleydb,
    _mixing_secrets,
    _musdb18_hq,
    _slakh,
    _synthsod,
    _urmp,
)
from rebalance.datasets._corpus import Corpus, CorpusInfo, Piece, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """How a corpus is read: what it is, and the function from its root folder to its pieces."""

    info: CorpusInfo
    read_pieces: Callable[[Path], tuple[Piece, ...]]


LOADERS: dict[str, Loader] = {
    module.INFO.name: Loader(info=module.INFO, read_pieces=module.read_pieces)
    for module in (
        _bach10,
        _cadenza_woodwind,
        _ensembleset,
        _medleydb,
        _mixing_secrets,
        _musdb18_hq,
        _slakh,
        _synthsod,
        _urmp,
    )
}


def load_corpus(name: str, root: StrPath, *, purpose: Purpose, allow_evaluation_material: str | None = None) -> Corpus:
    """Open a corpus on disk.

    Parameters
    ----------
    name
        Name in the registry: ``EnsembleSet``, ``CadenzaWoodwind``, ``URMP``, ``BACH10``, ``SynthSOD``, ``Slakh2100``,
        ``MUSDB18-HQ``, ``MedleyDB``, ``MixingSecrets``.
    root
        Its folder, or the folder it was unpacked into.
    purpose
        The intended use: ``"training"`` or ``"evaluation"``.
    allow_evaluation_material
        To train on what the challenge evaluates on, say so in these words:
        ``"I know that URMP is evaluation material"``. The corpus is stamped with it.

    Raises
    ------
    ConfigError
        If there is no such corpus, or evaluation material is wanted for training without those words.
    MetadataError
        If the folder holds no piece of it, or something in it is not as described.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.datasets import load_corpus
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for label in ("Violin_1", "Violin_2", "Viola", "Cello"):
    ...         stem = Path(root, "EnsembleSet", "mozart", "Mix_1", f"{label}.flac")
    ...         write_audio(stem, np.zeros((2, 441)), 44_100)
    ...     corpus = load_corpus("EnsembleSet", root, purpose="training")
    >>> [(piece.name, [part.label for part in piece.parts]) for piece in corpus.pieces]
    [('mozart', ['Cello', 'Viola', 'Violin_1', 'Violin_2'])]
    >>> load_corpus("URMP", "URMP", purpose="training")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: URMP is evaluation material: to train on it all the same, say 'I ...
    """
    root = expanded(root)
    if name not in LOADERS:
        raise ConfigError(
            where="corpus", expected=f"one of {', '.join(LOADERS)}", got=repr(name), more=suggestion(name, LOADERS)
        )
    info = LOADERS[name].info
    stamped = info.evaluation_material and purpose == "training"
    words = f"I know that {name} is evaluation material"
    if stamped and allow_evaluation_material != words:
        raise ConfigError(f"to train on it all the same, say {words!r}", where=f"{name} is evaluation material")
    pieces = LOADERS[name].read_pieces(Path(root))
    if not pieces:
        raise MetadataError(where=root, expected=f"pieces of {name} ({info.origin})", found="none")
    return Corpus(info=info, pieces=pieces, purpose=purpose, trains_on_evaluation_material=stamped)
