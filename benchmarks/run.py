"""Run every benchmark and write docs/numbers.md.

    python benchmarks/run.py [--only chain haaqi ...]

Each script of this folder prints its own section; they run one after the other, on one thread each.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rebalance._base.files import write_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "numbers.md"
PACKAGES = ("rebalance-music", "pyclarity", "numpy", "scipy", "numba", "torch", "soundfile", "soxr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One script and what its section is called."""

    script: str
    title: str


SECTIONS = (
    Section(script="chain", title="One scene for one listener"),
    Section(script="haaqi", title="HAAQI, one ear"),
    Section(script="compressor", title="The six-band compressor, one ear"),
    Section(script="vector_maths", title="Logarithm and power in compiled loops"),
    Section(script="rounding", title="What rounding is worth"),
    Section(script="scaling", title="Many cores"),
    Section(script="separation", title="Separation"),
    Section(script="long_recordings", title="Long recordings"),
    Section(script="rendering", title="Rendering"),
    Section(script="submission", title="Checking submissions"),
    Section(script="leaderboard", title="The leaderboard"),
)


def main() -> None:
    """Measure what was asked for and put it in its place on the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[section.script for section in SECTIONS], help="just these")
    only = parser.parse_args().only
    bodies = sections_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    for section in SECTIONS:
        if only is None or section.script in only:
            print(f"{section.script} ...", file=sys.stderr, flush=True)
            today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
            command = f"```\npython benchmarks/{section.script}.py\n```"
            bodies[section.title] = f"{measured(section)}\n\nMeasured {today} by:\n\n{command}"
            write_text(PAGE, page_of(bodies))


def page_of(bodies: dict[str, str]) -> str:
    """Return the page with the sections there are."""
    sections = [f"## {section.title}\n\n{bodies.get(section.title, 'Not measured yet.')}" for section in SECTIONS]
    return "\n\n".join([INTRODUCTION, hardware(), *sections]) + "\n"


def measured(section: Section) -> str:
    """Return what a script prints."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    script = ROOT / "benchmarks" / f"{section.script}.py"
    run = subprocess.run([sys.executable, str(script)], check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return run.stdout.strip()


def sections_of(page: str) -> dict[str, str]:
    """Return the bodies of a page's sections by title."""
    pieces = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return {title: body.strip() for title, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def hardware() -> str:
    """Name the processor and the versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    machine = f"{processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"Machine: {machine}. Python {platform.python_version()}; {versions}."


def processor() -> str:
    """Return the name of the processor."""
    cpu = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", cpu.read_text()) if cpu.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


INTRODUCTION = """# Numbers

Every table is written by `make bench`; single ones by the command below them. Times are **processor time of one core**
unless a table says otherwise, taken in turns with the peer on the same input in the same process, so that the ratios
hold on a busy machine too: median (smallest-largest). The first call, which reads compiled code from its cache, is
not counted."""


if __name__ == "__main__":
    main()
