"""Optional packages, and the command that installs them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rebalance._base.errors import ConfigError

DISTRIBUTION = "rebalance-music"

EXTRA_OF = {
    "alembic": "web",
    "av": "video",
    "distributed": "cluster",
    "fastapi": "web",
    "fluidsynth": "render",
    "huggingface_hub": "hub",
    "hydra": "baseline",
    "jinja2": "report",
    "librosa": "score",
    "markupsafe": "report",
    "matplotlib": "report",
    "mido": "score",
    "mir_eval": "score",
    "music21": "render",
    "omegaconf": "train",
    "prometheus_client": "web",
    "psycopg": "web",
    "pydantic": "web",
    "pyroomacoustics": "render",
    "safetensors": "separation",
    "sqlalchemy": "web",
    "starlette": "web",
    "statsmodels": "web",
    "torch": "separation",
    "uvicorn": "web",
    "yaml": "render",
}


def install_command(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def missing_package(error: ImportError) -> str | None:
    """Return in one line which optional package is missing and how to get it; None for any other module."""
    package = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(package)
    return None if extra is None else f"this needs {package}, which is not installed: {install_command(extra)}"


@contextlib.contextmanager
def optional_packages(where: str = "", more: str = "") -> Iterator[None]:
    """Import optional packages inside the block.

    Parameters
    ----------
    where
        What needs them, where the error does not say it by itself.
    more
        What else would do.

    Raises
    ------
    ConfigError
        If one is not installed, with the command that installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (reason := missing_package(error)) is None:
            raise
        raise ConfigError(reason, where=where, more=more) from error
