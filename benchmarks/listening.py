"""Measure the listening room: how soon music can be heard, how much memory the room takes, how large the page is.

    python benchmarks/listening.py [--hour]

The recordings are the embedded quartet again and again. Prints a section of docs/listening-room.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from rebalance.assets import demo_folder
from rebalance.audio import read_audio

ASSETS = Path(__file__).parents[1] / "rebalance" / "web" / "listening_room" / "assets"
PLAYERS = ["Violin", "Violin", "Viola", "Cello"]


def write_music(path: Path, duration_s: float) -> None:
    music = read_audio(demo_folder() / "audio/valid/haydn-quartet/mixture.flac")
    n_times = int(np.ceil(duration_s * music.sample_rate / music.samples.shape[1]))
    with soundfile.SoundFile(path, "w", music.sample_rate, 2, "PCM_16", format="FLAC") as file:
        for _ in range(n_times):
            file.write(music.samples.T)


def ask(address: str, *, body: bytes | None = None, kind: str = "application/json") -> dict[str, Any]:
    request = urllib.request.Request(address, data=body, headers={"Content-Type": kind})  # noqa: S310 - the room's own
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def processor_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_gigabytes(process_id: int) -> float:
    """Memory that is the process's own; files it has mapped are given back when others need the room."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(first_match(r"RssAnon:\s+(\d+)", status)) / 2**20


def first_match(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        sys.exit(f"listening.py: expected {pattern!r} in {text[:200]!r}")
    return found[1]


def measured(path: Path, separator: str) -> dict[str, float]:
    """Seconds, and seconds of processor, from the upload until something and until all can be heard; largest memory."""
    command = [sys.executable, "-m", "rebalance", "listen", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = f"{first_match(r'(http://[^ ]+/)', process.stdout.readline())}api"
        started_s, worked_s = time.monotonic(), processor_seconds(process.pid)
        recording = ask(f"{address}/recordings?name=music.flac", body=path.read_bytes(), kind="audio/flac")
        request = {"recording": recording["id"], "instruments": PLAYERS, "separator": separator}
        state = ask(f"{address}/separations", body=json.dumps(request).encode())
        found = {"gigabytes": 0.0}
        while state["stage"] in ("waiting", "separating"):
            found["gigabytes"] = max(found["gigabytes"], own_gigabytes(process.pid))
            if "first_s" not in found and state["n_ready"]:
                found["first_s"] = time.monotonic() - started_s
                found["first_processor_s"] = processor_seconds(process.pid) - worked_s
            time.sleep(0.05)
            state = ask(f"{address}/separations/{state['id']}")
        assert state["stage"] == "ready", state["error"]
        found["whole_s"] = time.monotonic() - started_s
        found["whole_processor_s"] = processor_seconds(process.pid) - worked_s
        found |= saved(f"{address}/separations/{state['id']}", process.pid)
    finally:
        process.terminate()
        process.wait()
    return found


def saved(address: str, process_id: int) -> dict[str, float]:
    """Seconds until the remix is written as FLAC, and the largest memory meanwhile."""
    wanted = {"gains_db": {"Cello": 6.0}, "format": "flac", "bits": 16}
    request = urllib.request.Request(  # noqa: S310 - the room's own
        f"{address}/remix", data=json.dumps(wanted).encode(), headers={"Content-Type": "application/json"}
    )
    started_s, gigabytes = time.monotonic(), 0.0
    with ThreadPoolExecutor(1) as threads:
        saving = threads.submit(_size_of_answer, request)
        while not saving.done():
            gigabytes = max(gigabytes, own_gigabytes(process_id))
            time.sleep(0.05)
    assert saving.result() > 1000
    return {"saved_s": time.monotonic() - started_s, "saving_gigabytes": gigabytes}


def _size_of_answer(request: urllib.request.Request) -> int:
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return sum(len(piece) for piece in iter(lambda: answer.read(2**20), b""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hour", action="store_true", help="measure an hour of music, too")
    arguments = parser.parse_args()
    runs = [("3 min", 180.0, "fast"), ("3 min", 180.0, "default")]
    if arguments.hour:
        runs.append(("60 min", 3600.0, "mixture"))
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    print(
        "| music | separator | first heard | of that, processor | all separated | of that, processor | memory"
        " | remix saved after | memory |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for title, duration_s, separator in runs:
            path = Path(folder) / f"{duration_s:.0f}.flac"
            if not path.exists():
                write_music(path, duration_s)
            found = measured(path, separator)
            print(
                f"| {title} | `{separator}` | {found['first_s']:.0f} s | {found['first_processor_s']:.0f} s"
                f" | {found['whole_s']:.0f} s | {found['whole_processor_s']:.0f} s | {found['gigabytes']:.2f} GB"
                f" | {found['saved_s']:.0f} s | {found['saving_gigabytes']:.2f} GB |",
                flush=True,
            )
    n_bytes = sum(len(gzip.compress(path.read_bytes())) for path in ASSETS.iterdir())
    print(f"\nThe page is {n_bytes / 1000:.0f} kB compressed.")


if __name__ == "__main__":
    main()
