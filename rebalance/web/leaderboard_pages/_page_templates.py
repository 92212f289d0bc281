"""How pages are made from templates, and how numbers and times are written on them."""

from __future__ import annotations

import datetime as dt
import functools

import jinja2
from markupsafe import Markup

from rebalance._base.bootstrap import Estimate
from rebalance.report import difference_text, p_value_text

_STATES = {
    "checking": "being checked",
    "refused": "refused",
    "scoring": "being scored",
    "scored": "scored",
    "failed": "failed",
    "withdrawn": "withdrawn",
}
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
_MILLION = 1_000_000


def render(template: str, **values: object) -> str:
    """Return a page."""
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rebalance.web.leaderboard_pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment_text,
        "size": size_text,
        "interval": interval_text,
        "difference": difference_text,
        "p_value": p_value_text,
        "state": _STATES.__getitem__,
        "parameters": parameters_text,
        "svg": Markup,  # only for what this package drew itself
    }
    return environment


def moment_text(moment: dt.datetime | None) -> Markup:
    """Return a moment in UTC as a `time` element; a dash for none."""
    if moment is None:
        return Markup("–")
    utc = moment.astimezone(dt.UTC)
    shown = f"{utc.day} {utc:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(utc.isoformat(timespec="seconds"), shown)


def size_text(n_bytes: int) -> str:
    """Return a size of a file, ``1.2 GB``."""
    unit, name = next(((unit, name) for unit, name in _UNITS if n_bytes >= unit), (1, "bytes"))
    return f"{n_bytes / unit:.3g} {name}" if unit > 1 else f"{n_bytes} {name}"


def interval_text(estimate: Estimate) -> str:
    """Return an interval, ``0.480 to 0.541``; words where there is none."""
    if estimate.interval is None:
        return "no interval"
    return f"{estimate.interval.low:.3f} to {estimate.interval.high:.3f}"


def parameters_text(n_parameters: int | None) -> str:
    """Return how many trained numbers a system has, ``6.6 million``; a dash where unknown."""
    if n_parameters is None:
        return "–"
    return f"{n_parameters / _MILLION:.3g} million" if n_parameters >= _MILLION else f"{n_parameters:,}"
