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

__getattr__ = lazy_names(
    __name__,
    {
        "Guard": "_guards",
        "LOOPBACK_NAMES": "_guards",
        "ServerOptions": "_hosting",
        "answer_errors_in_one_line": "_answers",
        "attachment": "_answers",
        "bound_socket": "_hosting",
        "closing_in_order": "_hosting",
        "run_server": "_hosting",
        "shown_name": "_answers",
        "temporary_attachment": "_answers",
        "uploaded": "_answers",
    },
)
