"""A learning rate that falls on a plateau, and runs that stop early; both through interruptions."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
import torch
from small_networks import small_network

from rebalance._base.errors import ConfigError
from rebalance.training import TrainSettings
from rebalance.training._loop import train
from rebalance.training._losses import LossSettings
from rebalance.training._run_state import progress_of
from rebalance.training._schedule import CurriculumSettings, PlateauSettings, ScheduleState, after_validation
from rebalance.training.data._stem_library import StemLibrary

from .conftest import mixer_of

CPU = torch.device("cpu")
LOSSES = (3.0, 2.0, 2.0, 1.99999, 2.5, 2.1, 2.2, 1.5, 1.6, 1.7, 1.8, 1.9, 1.7, 1.8)


def settings(**changes: object) -> TrainSettings:
    given = {"steps": 6, "validate_every": 1, "save_every": 1, "log_every": 1, "warmup_steps": 0, "decay_steps": 0}
    return TrainSettings(**{**given, "loss": LossSettings(masks_only=True), **changes})  # type: ignore[arg-type]


def rates(run: Path) -> list[float]:
    with (run / "log.csv").open(newline="", encoding="utf-8") as file:
        return [float(row["learning_rate"]) for row in csv.DictReader(file)]


def flat(network: torch.nn.Module, step: int) -> dict[str, float]:
    return {"selection": -LOSSES[step - 1]}


@pytest.mark.parametrize("patience", [0, 1, 2])
@pytest.mark.parametrize("cooldown", [0, 2])
def test_the_plateau_is_that_of_torch(patience: int, cooldown: int) -> None:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=0.3, patience=patience, cooldown=cooldown, eps=0.0
    )
    plateau = PlateauSettings(patience=patience, cooldown=cooldown)
    state = ScheduleState()
    for loss in LOSSES:
        scheduler.step(loss)
        state = after_validation(state, loss, plateau)
        assert state.scale == pytest.approx(optimiser.param_groups[0]["lr"])
    assert state.scale < 1.0


def test_a_run_stops_after_validations_without_improvement_and_stays_stopped(
    tmp_path: Path, library: StemLibrary
) -> None:
    mixer = mixer_of(library, batch_size=1)
    plan = settings(steps=9, stop_after_flat=2)
    for _ in range(2):  # the second call finds the run over
        train(small_network(), mixer, plan, tmp_path, device=CPU, validate=flat)
        assert len(rates(tmp_path)) == 6  # 1.99999 is smaller, 2.5 and 2.1 are not
    assert progress_of(tmp_path / "state.safetensors", {"train": plan.lasting}).step == 6


def test_an_interrupted_run_with_a_plateau_ends_bit_for_bit_where_an_uninterrupted_one_does(
    tmp_path: Path, library: StemLibrary
) -> None:
    mixer = mixer_of(library, batch_size=1)
    plan = settings(plateau=PlateauSettings(patience=1, cooldown=0), optimiser="adam", learning_rate=0.01)
    whole = train(small_network(), mixer, plan, tmp_path / "whole", device=CPU, validate=flat)
    for stop in (2, 5, None):
        begun = small_network(seed=0 if stop == 2 else 9)  # what a resumed run is given does not matter
        parts = train(begun, mixer, plan, tmp_path / "parts", device=CPU, validate=flat, stop_after=stop)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, parts.state_dict()[name]), name
    assert rates(tmp_path / "parts") == rates(tmp_path / "whole")
    assert rates(tmp_path / "whole") == pytest.approx([0.01] * 4 + [0.003] * 2)


def test_a_plateau_without_validation_is_refused(tmp_path: Path, library: StemLibrary) -> None:
    with pytest.raises(ConfigError, match="needs a validation"):
        train(small_network(), mixer_of(library), settings(stop_after_flat=1), tmp_path, device=CPU)
    with pytest.raises(ConfigError, match="factor between 0 and 1"):
        PlateauSettings(factor=1.0)


def test_settings_from_before_the_schedules_stay_those_of_their_states() -> None:
    assert not {"optimiser", "plateau", "stop_after_flat"} & settings().lasting.keys()
    assert settings(stop_after_flat=3).lasting["stop_after_flat"] == 3


def test_adam_adds_the_weight_decay_to_the_gradient(tmp_path: Path, library: StemLibrary) -> None:
    mixer = mixer_of(library, batch_size=1)
    ends = [
        train(small_network(), mixer, settings(steps=1, optimiser=name, weight_decay=0.1), tmp_path / name, device=CPU)
        for name in ("adam", "adamw")
    ]
    pairs = zip(ends[0].state_dict().values(), ends[1].state_dict().values(), strict=True)
    assert any(not torch.equal(first, second) for first, second in pairs)


def test_a_curriculum_goes_on_after_more_validations_without_improvement_than_are_borne() -> None:
    curriculum = CurriculumSettings(stages=3, patience=1, threshold=0.1)
    state = ScheduleState()
    stages = []
    for loss in (1.0, 0.95, 0.8, 0.75, 0.79, 5.0, 5.0, 5.0, 9.0):
        state = after_validation(state, loss, None, curriculum)
        stages.append(state.stage)
    assert stages == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_the_best_loss_is_forgotten_where_a_stage_ends_and_the_plateau_waits_for_the_last() -> None:
    curriculum, plateau = CurriculumSettings(stages=2, patience=0), PlateauSettings(factor=0.5, patience=0, cooldown=0)
    state = ScheduleState()
    for loss in (1.0, 1.0):
        state = after_validation(state, loss, plateau, curriculum)
    assert (state.stage, state.best_loss, state.scale) == (1, math.inf, 1.0)
    for loss in (3.0, 3.0):
        state = after_validation(state, loss, plateau, curriculum)
    assert (state.best_loss, state.scale) == (3.0, 0.5)


def test_a_curriculum_of_no_stage_is_refused() -> None:
    with pytest.raises(ConfigError, match="curriculum: expected one or more stages"):
        CurriculumSettings(stages=0)
