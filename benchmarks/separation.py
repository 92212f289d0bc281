"""Measure what separating 15 s of a stereo quartet costs, beside the official ConvTasNets.

    python benchmarks/separation.py

Prints a section of docs/numbers.md. The separators that ship have their weights, the ConvTasNets random ones of the
published sizes: what they cost does not depend on what they have learnt. Each row runs in a process of its own, on one
thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rebalance.separation import info_of, load_separator, official_chunks, shipped_weights
from rebalance.separation.convtasnet import ConvTasNet, ConvTasNetShape

QUARTET = ("Violin", "Violin", "Viola", "Cello")
DURATION_S, RATE = 15, 44_100
TURNS = 3
OFFICIAL = "official ConvTasNets"
OURS = "the same, our class, violin once"


def main() -> None:
    """Print one table: every row measured by this script in another process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", help="measure this row only and print it as JSON")
    row = parser.parse_args().row
    if row is not None:
        print(json.dumps(measured(row)))
        return
    rows = {name: in_own_process(name) for name in (OFFICIAL, OURS, *shipped_weights())}
    peer_s = rows[OFFICIAL]["seconds"]
    print("| separator | parameters | weights, fp16 | look-ahead | processor time | peak memory | cheaper |")
    print("|---|---|---|---|---|---|---|")
    for name, figures in rows.items():
        megabytes = figures["parameters"] * 2 / 1e6
        print(
            f"| {name} | {figures['parameters'] / 1e6:.2f} M | {megabytes:.1f} MB | {figures['look_ahead']} |"
            f" {figures['seconds']:.1f} s | {figures['memory_mb']:.0f} MB | {peer_s / figures['seconds']:.0f}x |"
        )
    print(
        f"\n{DURATION_S} s of stereo, two violins, viola and cello; median of {TURNS} calls after one"
        " that is not counted (the ConvTasNets: one call), one core. Memory is the largest of the whole"
        " process, torch included. The official recipe runs the violin's network twice, and again for every listener."
    )


def in_own_process(row: str) -> dict[str, Any]:
    """Return the figures of a row."""
    run = subprocess.run([sys.executable, __file__, "--row", row], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def measured(row: str) -> dict[str, Any]:
    """Return parameters, look-ahead, processor time and memory of a row."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    mixture = (0.1 * np.random.default_rng(0).standard_normal((2, DURATION_S * RATE))).astype(np.float32)
    work: Callable[[], object]
    if row in shipped_weights():
        separator = load_separator(row, device="cpu")
        work, turns = lambda: separator(mixture, QUARTET), TURNS
        info = info_of(separator)
        n_parameters, look_ahead_ms = info.n_parameters or 0, info.lookahead_ms or 0.0
    else:
        network = (official_network() if row == OFFICIAL else ConvTasNet(ConvTasNetShape())).eval()
        n_networks, turns, look_ahead_ms = len(set(QUARTET)), 1, math.inf
        n_parameters = n_networks * sum(parameter.numel() for parameter in network.parameters())
        runs = len(QUARTET) if row == OFFICIAL else n_networks
        work = lambda: [official_chunks(lambda chunk: outputs(network, chunk), mixture, RATE, 2) for _ in range(runs)]  # noqa: E731
    return {
        "parameters": n_parameters,
        "look_ahead": f"{look_ahead_ms:.2f} ms" if math.isfinite(look_ahead_ms) else "whole",
        "seconds": statistics.median(seconds(work, turns, warm_up=row in shipped_weights())),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def seconds(work: Callable[[], object], turns: int, *, warm_up: bool) -> list[float]:
    """Return the processor time of some calls."""
    times = []
    for _ in range(turns + warm_up):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return times[warm_up:]


def outputs(network: torch.nn.Module, chunk: np.ndarray) -> np.ndarray:
    """Run a ConvTasNet."""
    with torch.inference_mode():
        return network(torch.from_numpy(chunk)[None])[0].numpy()


def official_network() -> torch.nn.Module:
    """Return the official class at the published sizes; loaded by file, its package needs more than it uses."""
    recipes = importlib.util.find_spec("recipes")
    if recipes is None or recipes.submodule_search_locations is None:
        sys.exit("separation.py: expected pyclarity's recipes, found none")
    (package,) = recipes.submodule_search_locations
    spec = importlib.util.spec_from_file_location("tasnet", Path(package) / "cad2/task2/ConvTasNet/local/tasnet.py")
    if spec is None or spec.loader is None:
        sys.exit(f"separation.py: expected the official ConvTasNet below {package}, found none")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ConvTasNetStereo(N=256, L=20, B=256, H=512, P=3, X=8, R=3, C=2, audio_channels=2, samplerate=RATE)


if __name__ == "__main__":
    main()
