"""The listening room: a page on this machine where a person moves the sliders and hears music fitted for their ears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.web.listening_room._library import Library
    from rebalance.web.listening_room._limits import UploadLimits
    from rebalance.web.listening_room._server import create_app
    from rebalance.web.listening_room._serving import RoomOptions, serve_room

__all__ = ["Library", "RoomOptions", "UploadLimits", "create_app", "serve_room"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_library": ("Library",),
        "_limits": ("UploadLimits",),
        "_server": ("create_app",),
        "_serving": ("RoomOptions", "serve_room"),
    },
)
