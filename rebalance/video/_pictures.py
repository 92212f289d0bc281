"""Single pictures as PNG files."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded, replacing


def write_picture(path: StrPath, picture: NDArray[np.uint8]) -> None:
    """Write a picture as a PNG file, whole or not at all.

    Parameters
    ----------
    path
        A name ending in ``.png``.
    picture
        Shape ``(height, width, 3)``, red, green, blue.

    Raises
    ------
    ConfigError
        If it is no picture, or the name has another ending.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.video import write_picture
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_picture(Path(folder, "red.png"), np.full((4, 6, 3), (255, 0, 0), np.uint8))
    ...     Path(folder, "red.png").read_bytes()[1:4]
    b'PNG'
    """
    path = expanded(path)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ConfigError(where=path, expected="bytes (height, width, 3)", got=f"{picture.dtype} {picture.shape}")
    if path.suffix.lower() != ".png":
        raise ConfigError(where=path, expected="a name ending in .png", got=repr(path.suffix))
    with optional_packages():
        import av

    encoder = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.time_base = "rgb24", Fraction(1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    with replacing(path) as temporary:
        temporary.write_bytes(b"".join(bytes(packet) for packet in packets))
