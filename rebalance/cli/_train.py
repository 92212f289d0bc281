"""``rebalance train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance._base.extras import optional_packages
from rebalance.cli._options import DeviceOption
from rebalance.cli._outputs import check_folder_to_write


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings of the experiment, YAML.")],
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of logs, state and best weights.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE...", help="Settings that differ from the file.", show_default=False),
    ] = None,
    stop_after: Annotated[
        int | None, typer.Option(min=1, metavar="STEPS", help="Stop there; the same command goes on.")
    ] = None,
    device: DeviceOption = "auto",
) -> None:
    """Train a separator on stems rendered beforehand; the same command continues an interrupted run.

    More steps than a finished run had continue it too. Several devices: torchrun --nproc-per-node N -m rebalance
    train ...

    Example: rebalance train recipes/default/config.yaml exp/training train.steps=20000
    """
    with optional_packages():
        import omegaconf  # noqa: F401 - asked for before torch, whose extra would not do

    from rebalance.cli._reporting import say
    from rebalance.training import Experiment, read_settings, run_experiment

    check_folder_to_write(run)
    experiment = read_settings(config, Experiment, tuple(overrides or ()))
    run_experiment(experiment, run, device=device, stop_after=stop_after)
    say(f"trained: {run / 'state.safetensors'}")
