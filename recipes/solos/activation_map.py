"""Paint where players are heard: `python activation_map.py MODEL VIDEO N_PLAYERS OUT.png [START_S]`.

MODEL is that of The Sound of Pixels. Every player's middle square of the picture is shown, from left to right, once as
it is and once with its activation map over it.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from rebalance import ConfigError, RebalanceError
from rebalance.audio import resample
from rebalance.separation import load_separator
from rebalance.separation.solos import PixelsSeparator, activation_maps, framed, over_frame
from rebalance.video import players_in_video, read_sound, write_picture

SIDE = 224


def main(model: str, video: Path, n_players: int, out: Path, start_s: float) -> None:
    """Write the picture, and print where each player is heard most."""
    separator = load_separator(f"sound-of-pixels:{model}", device="cpu")
    assert isinstance(separator, PixelsSeparator)
    network = separator.network
    recording = read_sound(video)
    if start_s >= recording.duration_s:
        raise ConfigError(where="START_S", expected=f"less than {recording.duration_s:.1f} s", got=f"{start_s:g}")
    sound = recording.samples[:, round(start_s * recording.sample_rate) :]
    spectrum = network.config.spectrum
    mixture = resample(sound, recording.sample_rate, spectrum.sample_rate)[:, : spectrum.segment_samples]
    length_s = mixture.shape[1] / spectrum.sample_rate
    players = players_in_video(video, n_players, sound_s=start_s + length_s)
    frames = players(network.config.vision.times_s(start_s, length_s))
    maps = activation_maps(network, mixture, frames)
    seen = np.rint(framed(frames[:, frames.shape[1] // 2], SIDE) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    painted = [over_frame(frame, activation) for frame, activation in zip(seen, maps, strict=True)]
    write_picture(out, np.concatenate([np.concatenate(list(seen), axis=1), np.concatenate(painted, axis=1)]))
    for number, activation in enumerate(maps, start=1):
        down, across = np.unravel_index(int(activation.argmax()), activation.shape)
        place = f"row {down + 1} and column {across + 1} of {activation.shape[0]} x {activation.shape[1]}"
        sys.stdout.write(f"player {number}: most at {place}, {activation.max():.3f} of the energy\n")


def seconds(text: str) -> float:
    """Read a time.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        start_s = float(text)
    except ValueError:
        start_s = math.nan
    if not 0.0 <= start_s < math.inf:
        raise ConfigError(where="START_S", expected="seconds from 0", got=repr(text))
    return start_s


if __name__ == "__main__":
    if not 5 <= len(sys.argv) <= 6 or not sys.argv[3].isdigit():
        sys.exit("usage: python activation_map.py MODEL VIDEO N_PLAYERS OUT.png [START_S]")
    try:
        main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), seconds((*sys.argv[5:], "0")[0]))
    except RebalanceError as error:
        sys.exit(f"activation_map.py: {error}")
