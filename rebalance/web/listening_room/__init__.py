"""The listening room: a page on this machine where a person moves the sliders and hears music fitted for their ears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names
from rebalance.web.listening_room._limits import UploadLimits

if TYPE_CHECKING:
    from rebalance.web.listening_room._library import Library
    from rebalance.web.listening_room._server import create_app
    from rebalance.web.listening_room._serving import RoomOptions, serve_room

__all__ = ["Library", "RoomOptions", "UploadLimits", "create_app", "serve_room"]

__getattr__ = lazy_names(
    __name__,
    {
        "Library": "_library",
        "RoomOptions": "_serving",
        "create_app": "_server",
        "serve_room": "_serving",
    },
)
