"""The training loop: batches made on the fly, a running average of the weights, exact resuming, logs, progress."""

from __future__ import annotations

import copy
import functools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.progress import progress_bar
from rebalance.separation.mask_network import MaskNetwork
from rebalance.training import _run_state
from rebalance.training._loop_protocols import BatchMaker, Objective, Optimiser, ScaledRates, at_stage
from rebalance.training._muon import MuonWithAdamW
from rebalance.training._process_group import ProcessGroup, process_group
from rebalance.training._run_log import RunLog
from rebalance.training._schedule import ScheduleState, after_validation
from rebalance.training._separation_objective import SeparationObjective
from rebalance.training._train_settings import TrainSettings

_LOG = logging.getLogger(__name__)
_OPTIMISERS: Mapping[str, Callable[..., Optimiser]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "muon": MuonWithAdamW,
    "sgd": functools.partial(torch.optim.SGD, momentum=0.9),
}


def train(
    network: nn.Module,
    batches: BatchMaker,
    settings: TrainSettings,
    run: Path,
    *,
    device: torch.device,
    description: Mapping[str, Any] | None = None,
    validate: Callable[[nn.Module, int], Mapping[str, float]] | None = None,
    stop_after: int | None = None,
    objective: Objective | None = None,
) -> nn.Module:
    """Train a network, from the last saved state of the run if there is one.

    Parameters
    ----------
    network
        Called with mixtures ``(batch, 2, n_samples)`` and slots ``(batch, n)``; gives ``(batch, n, 2, n_samples)``.
    batches
        What to train on.
    settings
        How; but for the number of steps, those of the saved state must agree.
    run
        Folder of the run: ``state.safetensors``, ``log.csv``, ``validation.csv``, ``best.safetensors``.
    device
        The device that computes.
    description
        Anything else that must be the same when the run is resumed: the network's shape, the data.
    validate
        Called with the averaged network and the step; returns figures, of which ``"selection"`` (larger is
        better) decides which average is kept as ``best.safetensors``, and which a plateau and early stopping follow.
    stop_after
        Stop once so many steps of the run are done, the schedule being that of the whole run.
    objective
        What to minimise; the distance of separated sources, weighed as the settings say, when None.

    Returns
    -------
    nn.Module
        The running average of the network.

    Raises
    ------
    ConfigError
        If the saved state does not fit, or the settings follow a validation that there is not.
    RebalanceError
        If the loss is no longer a number.
    """
    if settings.follows_validation and validate is None:
        raise ConfigError("a plateau or early stopping needs a validation", where="training")
    with process_group() as group:
        torch.manual_seed(settings.seed)
        network.to(device)
        average = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        optimiser = _OPTIMISERS[settings.optimiser](
            _parameter_groups(network), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        stored = {"train": settings.lasting, **(description or {})}
        state = run / "state.safetensors"
        progress = _run_state.Progress(step=0, seconds=0.0)
        if state.exists():
            progress = _run_state.load_state(state, network, average, optimiser, stored)
            _LOG.info("%s: going on at step %d", run, progress.step)
        if settings.compile:
            _compile(network)
        if settings.processor_bfloat16 and device.type == "cpu" and not _knows_bfloat16():
            _LOG.info("this processor has no instructions for bfloat16: computing in single precision")
        training = _Training(
            network=network,
            average=average,
            optimiser=optimiser,
            batches=batches,
            settings=settings,
            objective=objective or SeparationObjective(settings=settings.loss),
            validate=validate,
            group=group,
            device=device,
            log=RunLog(run, progress.step, progress.schedule.stage) if group.leads else None,
            state=state,
            stored=stored,
            began=time.monotonic() - progress.seconds,
            last=min(settings.steps, stop_after or settings.steps),
        )
        schedule = progress.schedule
        with progress_bar("training", training.last, n_done=progress.step, quiet=not group.leads) as bar:
            for step in range(progress.step, training.last):
                if settings.stops_at(schedule):
                    break
                loss = training.step(step, schedule)
                if group.leads:
                    bar.reach(step + 1, f"training loss {loss.item():.4f}")
                schedule = training.after(step + 1, schedule)
    return average


@dataclass(frozen=True, slots=True, kw_only=True)
class _Training:
    """What every step needs; the networks and the optimiser change from step to step."""

    network: nn.Module
    average: nn.Module
    optimiser: Optimiser
    batches: BatchMaker
    settings: TrainSettings
    objective: Objective
    validate: Callable[[nn.Module, int], Mapping[str, float]] | None
    group: ProcessGroup
    device: torch.device
    log: RunLog | None
    state: Path
    stored: Mapping[str, Any]
    began: float
    last: int

    def step(self, step: int, schedule: ScheduleState) -> torch.Tensor:
        """Take one step, log it and return its loss."""
        rate = self.settings.learning_rate_at(step) * schedule.scale
        for parameters in self.optimiser.param_groups:
            parameters["lr"] = rate * parameters["rate_scale"]
        torch.manual_seed(self.settings.seed * 1_000_003 + step)
        self.network.train()
        batch = at_stage(self.batches, schedule.stage).batch(step, rank=self.group.rank)
        mixed = _in_bfloat16(self.settings, self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixed):
            figures = self.objective(self.network, batch)
        if not torch.isfinite(figures["loss"]):
            raise RebalanceError(f"the loss of step {step} is not a number; lower the learning rate", where="training")
        self.optimiser.zero_grad(set_to_none=True)
        figures["loss"].backward()  # type: ignore[no-untyped-call]
        self.group.average_gradients(self.network)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.gradient_clip)
        self.optimiser.step()
        _follow(self.average, self.network, self.settings.average_decay, step)
        done = step + 1
        if self.log is not None and (done % self.settings.log_every == 0 or done == self.last):
            self.log.step(done, self._seconds, rate, figures, float(norm))
        return figures["loss"]

    def after(self, done: int, schedule: ScheduleState) -> ScheduleState:
        """Validate and save where that is due, and return the schedule from here on."""
        if self.validate is not None and (done % self.settings.validate_every == 0 or done == self.last):
            schedule = self._validated(done, schedule)
        over = done == self.last or self.settings.stops_at(schedule)
        if self.log is not None and (done % self.settings.save_every == 0 or over):
            now = _run_state.Progress(step=done, seconds=self._seconds, schedule=schedule)
            _run_state.save_state(self.state, self.network, self.average, self.optimiser, now, self.stored)
        return schedule

    def _validated(self, done: int, schedule: ScheduleState) -> ScheduleState:
        """Return the schedule after a validation; the leading process alone validates."""
        if self.log is not None and self.validate is not None:
            figures = at_stage(self.validate, schedule.stage)(self.average, done)
            found = {**figures, **_told_stage(self.settings, schedule)}
            selection = self.log.validation(done, found, self.average)
            followed = after_validation(schedule, -selection, self.settings.plateau, self.settings.curriculum)
            if followed.stage != schedule.stage:
                self.log.begin_stage()
            schedule = followed
        return self.group.share(schedule) if self.settings.follows_validation else schedule

    @property
    def _seconds(self) -> float:
        """How long the run has been trained."""
        return time.monotonic() - self.began


def _told_stage(settings: TrainSettings, schedule: ScheduleState) -> dict[str, float]:
    """Return the stage of a curriculum, for the log of validations."""
    return {} if settings.curriculum is None else {"stage": schedule.stage}


def _parameter_groups(network: nn.Module) -> list[dict[str, Any]]:
    """Return the parameters by what their learning rate is multiplied by."""
    scales = network.learning_rate_scales() if isinstance(network, ScaledRates) else {}
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        scale = next((scale for start, scale in scales.items() if name.startswith(start)), 1.0)
        groups.setdefault(scale, []).append(parameter)
    return [{"params": parameters, "rate_scale": scale} for scale, parameters in groups.items()]


def _compile(network: nn.Module) -> None:
    """Let the body of a mask network be compiled, any other network as a whole; its parameters stay where they are."""
    body = network.body if isinstance(network, MaskNetwork) else network
    body.compile()


def _in_bfloat16(settings: TrainSettings, device: torch.device) -> bool:
    """Tell whether to compute in bfloat16: where it was asked for and is faster."""
    if device.type == "cpu":
        return settings.processor_bfloat16 and _knows_bfloat16()
    return settings.mixed_precision and device.type == "cuda"


def _knows_bfloat16() -> bool:
    """Tell whether the processor has instructions for bfloat16; without them it takes several times as long."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - there is no public name


def _follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the running average towards the network, faster in the first steps."""
    slow, fast = average.state_dict().values(), network.state_dict().values()
    pairs = list(zip(slow, fast, strict=True))
    floats = [pair for pair in pairs if pair[0].dtype.is_floating_point]
    update = get_ema_multi_avg_fn(min(decay, (1 + step) / (10 + step)))  # type: ignore[no-untyped-call]
    update([pair[0] for pair in floats], [pair[1] for pair in floats], step)
    for counter, newest in (pair for pair in pairs if not pair[0].dtype.is_floating_point):
        counter.copy_(newest)
