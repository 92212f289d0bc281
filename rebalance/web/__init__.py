"""What is served to browsers; here what all servers share: guard, answers in one line, files in and out, the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.web._answers import answer_errors_in_one_line, attachment, shown_name, temporary_attachment, uploaded
    from rebalance.web._guards import LOOPBACK_NAMES, Guard
    from rebalance.web._hosting import ServerOptions, bound_socket, closing_in_order, run_server

__all__ = [
    "LOOPBACK_NAMES",
    "Guard",
    "ServerOptions",
    "answer_errors_in_one_line",
    "attachment",
    "bound_socket",
    "closing_in_order",
    "run_server",
    "shown_name",
    "temporary_attachment",
    "uploaded",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_answers": ("answer_errors_in_one_line", "attachment", "shown_name", "temporary_attachment", "uploaded"),
        "_guards": ("Guard", "LOOPBACK_NAMES"),
        "_hosting": ("ServerOptions", "bound_socket", "closing_in_order", "run_server"),
    },
)
