"""Ask whether the drawn instruments can be told apart by sight: `python sight.py [WORK]`; a minute of one core.

A hundred players of each instrument, in stripes and checks, teach the vision network of config.yaml; twenty others, in
scenery it has never seen, are named. All pictures are read from video files.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from rebalance import RebalanceError
from rebalance.separation.solos import SOLOS_INSTRUMENTS, VisionNetwork, framed
from rebalance.synthesis.performers import Scenery, draw_stage
from rebalance.training import SolosStudy, read_recipe
from rebalance.training.solos import SightNetwork
from rebalance.video import read_frames, write_video

SIDE, FRAME_RATE, N_FRAMES = 64, 25, 3
STEPS, BATCH = 450, 24


def filmed(folder: Path, sceneries: tuple[Scenery, ...], n_each: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Write and read the videos of some players: frames ``(n, 3, 3, side, side)`` in [0, 1], and their instruments."""
    rng = np.random.default_rng(seed)
    names = [number for number in range(len(SOLOS_INSTRUMENTS)) for _ in range(n_each)]
    seen = []
    for place, name in enumerate(names):
        stage = draw_stage(SOLOS_INSTRUMENTS[name], sceneries[place % len(sceneries)], rng)
        path = folder / f"{seed}-{place}.mp4"
        write_video(path, stage.frames(rng.random(N_FRAMES), side=SIDE, frame_rate=FRAME_RATE), frame_rate=FRAME_RATE)
        seen.append(framed(read_frames(path, [number / FRAME_RATE for number in range(N_FRAMES)]), SIDE))
    return torch.from_numpy(np.stack(seen)), torch.tensor(names)


def main(work: Path) -> None:
    """Teach, ask and print the share named rightly."""
    torch.manual_seed(0)
    study = read_recipe(Path(__file__).parent, "default", SolosStudy)
    network = SightNetwork(VisionNetwork(study.vision, study.pixels.n_components), SOLOS_INSTRUMENTS)
    frames, names = filmed(work, ("stripes", "checks"), 100, seed=1)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, STEPS)
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        chosen = torch.from_numpy(rng.permutation(len(names))[:BATCH])
        shown = frames[chosen].flip(-1) if rng.random() < 0.5 else frames[chosen]
        loss = torch.nn.functional.cross_entropy(network(shown), names[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    asked, true = filmed(work, ("speckles",), 20, seed=2)
    network.eval()
    with torch.inference_mode():
        right = (network(asked).argmax(dim=1) == true).float()
    sys.stdout.write(f"named by sight: {100 * right.mean():.1f} % of {len(true)} players\n")
    for number, name in enumerate(SOLOS_INSTRUMENTS):
        sys.stdout.write(f"  {name}: {100 * right[true == number].mean():.0f} %\n")


if __name__ == "__main__":
    try:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder))
    except RebalanceError as error:
        sys.exit(f"sight.py: {error}")
