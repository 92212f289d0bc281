"""The training loop: batches made on the fly, a running average of the weights, exact resuming, logs, progress."""

from __future__ import annotations

import contextlib
import copy
import csv
import functools
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeVar, runtime_checkable

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.files import replacing
from rebalance._base.progress import progress_bar
from rebalance.separation.mask_network import MaskNetwork
from rebalance.training import _run_state
from rebalance.training._losses import Loss, LossSettings, mask_loss, separation_loss
from rebalance.training._schedule import CurriculumSettings, PlateauSettings, ScheduleState, after_validation
from rebalance.training.data import Batch

_LOG = logging.getLogger(__name__)
_OPTIMISERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": functools.partial(torch.optim.SGD, momentum=0.9),
}


StagedT = TypeVar("StagedT")


class BatchMaker(Protocol):
    """Makes the batch of a step; the same step gives the same batch."""

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the batch of a step for one of several processes."""
        ...


@runtime_checkable
class Staged(Protocol):
    """What changes with the stage of a curriculum: what makes batches, or what validates."""

    def at_stage(self, stage: int) -> Self:
        """Return it for a stage, counted from 0."""
        ...


@runtime_checkable
class ScaledRates(Protocol):
    """A network some of whose parameters learn at another rate."""

    def learning_rate_scales(self) -> Mapping[str, float]:
        """Return what the rate is multiplied by where it is not 1, by the beginning of the names of parameters."""
        ...


class Objective(Protocol):
    """What training minimises."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the figures it gives, ``"loss"``, what is minimised, first."""
        ...

    def __call__(self, network: nn.Module, batch: Batch) -> Mapping[str, torch.Tensor]:
        """Return the figures of a batch by name, each a scalar tensor."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """How long and how fast to train.

    Parameters
    ----------
    steps
        Of the whole run.
    learning_rate
        Largest; it rises over `warmup_steps`, stays, and falls to nothing over the last `decay_steps`. What was
        trained before the fall can be continued with more steps.
    warmup_steps, decay_steps
        See above.
    weight_decay
        Of AdamW.
    gradient_clip
        Largest norm of the gradient.
    average_decay
        Of the running average of the weights, which is what is kept in the end; smaller in the first steps.
    save_every, log_every, validate_every
        In steps.
    mixed_precision
        Compute in bfloat16 on CUDA.
    processor_bfloat16
        Compute in bfloat16 on the processor too: several times as fast where it has matrix instructions for it (AMX),
        slower elsewhere.
    compile
        Let `torch.compile` fuse the network, or the body of a mask network.
    seed
        Of the first weights and of all batches.
    loss
        Weights of the loss.
    optimiser
        ``"adamw"``; ``"adam"``, or ``"sgd"`` with a momentum of 0.9, with the weight decay added to the gradient.
    plateau
        How the learning rate falls when the validation loss, minus ``"selection"``, stays; not at all when None.
    stop_after_flat
        Stop after so many validations in a row without a smaller loss; never when None.
    falls_at
        Steps at which the learning rate falls to a tenth.
    curriculum
        How a run goes on to more difficult examples; not at all when None. What makes its batches must be `Staged`.
    """

    steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    decay_steps: int = 300
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    average_decay: float = 0.998
    save_every: int = 100
    log_every: int = 10
    validate_every: int = 500
    mixed_precision: bool = True
    processor_bfloat16: bool = False
    compile: bool = False
    seed: int = 0
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    plateau: PlateauSettings | None = None
    stop_after_flat: int | None = None
    falls_at: tuple[int, ...] = ()
    curriculum: CurriculumSettings | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "save_every", "log_every", "validate_every", "stop_after_flat"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ConfigError(where=name, expected="at least 1", got=f"{getattr(self, name)}")

    @property
    def lasting(self) -> dict[str, Any]:
        """The settings that must stay when a run is continued: all that decides what a step does."""
        may_change = {
            "steps",
            "decay_steps",
            "save_every",
            "log_every",
            "validate_every",
            "compile",
            "processor_bfloat16",
        }
        later = {  # unknown to states from before them
            "optimiser": "adamw",
            "plateau": None,
            "stop_after_flat": None,
            "falls_at": (),
            "curriculum": None,
        }
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in may_change and not (name in later and value == later[name])
        }

    @property
    def follows_validation(self) -> bool:
        """Whether what validation gives changes the course of the run."""
        return not (self.plateau is None and self.stop_after_flat is None and self.curriculum is None)

    def stops_at(self, schedule: ScheduleState) -> bool:
        """Tell whether a run is over before its last step: in the last stage of a curriculum alone."""
        in_last_stage = self.curriculum is None or schedule.stage >= self.curriculum.stages - 1
        return in_last_stage and self.stop_after_flat is not None and schedule.waited >= self.stop_after_flat

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        risen = (step + 1) / max(self.warmup_steps, 1)
        left = (self.steps - step) / max(self.decay_steps, 1)
        fallen = 0.1 ** sum(step >= fall for fall in self.falls_at)
        return self.learning_rate * min(risen, left, 1.0) * fallen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """One of the processes that train together."""

    rank: int
    size: int

    @property
    def leads(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def share(self, schedule: ScheduleState) -> ScheduleState:
        """Return the schedule of the leading process, which alone validates."""
        if self.size == 1:
            return schedule
        shared: list[ScheduleState] = [schedule]
        torch.distributed.broadcast_object_list(shared, src=0)
        return shared[0]

    def average_gradients(self, network: nn.Module) -> None:
        """Replace every gradient by its mean over all processes.

        ``DistributedDataParallel`` hides the network behind a wrapper; objectives need the network itself.
        """
        if self.size == 1:
            return
        for parameter in network.parameters():
            if parameter.grad is not None:
                torch.distributed.all_reduce(parameter.grad)
                parameter.grad /= self.size


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
        Where to compute.
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
    with _process_group() as group:
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
        log = _Log(run, progress.step, progress.schedule.stage) if group.leads else None
        if settings.compile:
            _compile(network)
        objective = objective or SeparationObjective(settings=settings.loss)
        began = time.monotonic() - progress.seconds
        last = min(settings.steps, stop_after or settings.steps)
        schedule = progress.schedule
        with progress_bar("training", last, n_done=progress.step, quiet=not group.leads) as bar:
            for step in range(progress.step, last):
                if settings.stops_at(schedule):
                    break
                rate = settings.learning_rate_at(step) * schedule.scale
                figures, norm = _step(
                    network, _at(batches, schedule.stage), optimiser, settings, step, rate, group, device, objective
                )
                _follow(average, network, settings.average_decay, step)
                done = step + 1
                due = validate is not None and (done % settings.validate_every == 0 or done == last)
                if log is not None:
                    if done % settings.log_every == 0 or done == last:
                        log.step(done, time.monotonic() - began, rate, figures, norm)
                    bar.reach(done, f"training loss {figures['loss'].item():.4f}")
                    if due and validate is not None:
                        found = {**_at(validate, schedule.stage)(average, done), **_told_stage(settings, schedule)}
                        selection = log.validation(done, found, average)
                        followed = after_validation(schedule, -selection, settings.plateau, settings.curriculum)
                        if followed.stage != schedule.stage:
                            log.begin_stage()
                        schedule = followed
                if due and settings.follows_validation:
                    schedule = group.share(schedule)
                over = done == last or settings.stops_at(schedule)
                if log is not None and (done % settings.save_every == 0 or over):
                    seconds = time.monotonic() - began
                    now = _run_state.Progress(step=done, seconds=seconds, schedule=schedule)
                    _run_state.save_state(state, network, average, optimiser, now, stored)
    return average


def _at(staged: StagedT, stage: int) -> StagedT:
    """Return what makes batches, or validates, for a stage; itself where it does not change."""
    return staged.at_stage(stage) if isinstance(staged, Staged) else staged


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


def _step(
    network: nn.Module,
    batches: BatchMaker,
    optimiser: torch.optim.Optimizer,
    settings: TrainSettings,
    step: int,
    rate: float,
    group: _Group,
    device: torch.device,
    objective: Objective,
) -> tuple[Mapping[str, torch.Tensor], float]:
    """Take one step and return its figures and the norm of its gradient."""
    for parameters in optimiser.param_groups:
        parameters["lr"] = rate * parameters["rate_scale"]
    torch.manual_seed(settings.seed * 1_000_003 + step)
    network.train()
    batch = batches.batch(step, rank=group.rank)
    mixed = settings.processor_bfloat16 if device.type == "cpu" else settings.mixed_precision and device.type == "cuda"
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=mixed):
        figures = objective(network, batch)
    if not torch.isfinite(figures["loss"]):
        raise RebalanceError(f"the loss of step {step} is not a number; lower the learning rate", where="training")
    optimiser.zero_grad(set_to_none=True)
    figures["loss"].backward()  # type: ignore[no-untyped-call]
    group.average_gradients(network)
    norm = nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
    optimiser.step()
    return figures, float(norm)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparationObjective:
    """The loss of separated sources; see `Objective`."""

    settings: LossSettings
    parts: tuple[str, ...] = ("loss", "spectrum", "waveform", "remix")

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the loss and its parts."""
        loss = _loss(network, batch, self.settings)
        figures = (loss.total, loss.spectrum, loss.waveform, loss.remix)
        return dict(zip(self.parts, figures, strict=True))


def _loss(network: nn.Module, batch: Batch, settings: LossSettings) -> Loss:
    """Return the loss of a batch, from masks where the settings ask for it and the network has them."""
    if not settings.masks_only:
        return separation_loss(network(batch.mixture, batch.slots).float(), batch, settings)
    if not isinstance(network, MaskNetwork):
        raise ConfigError(f"masks_only needs a mask network, got {type(network).__name__}", where="loss")
    mixture = batch.mixture
    masks = network.masks(network.masked_spectra(mixture), batch.slots, mixture.square().mean(dim=(1, 2)))
    return mask_loss(masks.float(), network.masked_spectra, batch, settings)


def _follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the running average towards the network, faster in the first steps."""
    slow, fast = average.state_dict().values(), network.state_dict().values()
    pairs = list(zip(slow, fast, strict=True))
    floats = [pair for pair in pairs if pair[0].dtype.is_floating_point]
    update = get_ema_multi_avg_fn(min(decay, (1 + step) / (10 + step)))  # type: ignore[no-untyped-call]
    update([pair[0] for pair in floats], [pair[1] for pair in floats], step)
    for counter, newest in (pair for pair in pairs if not pair[0].dtype.is_floating_point):
        counter.copy_(newest)


class _Log:
    """Writes the logs of a run; what a resumed run has logged beyond its saved state is dropped first."""

    def __init__(self, run: Path, done: int, stage: int = 0) -> None:
        run.mkdir(parents=True, exist_ok=True)
        self._run = run
        self._best = -math.inf
        for name in ("log.csv", "validation.csv"):
            self._keep(run / name, done, stage)
        self._board = _tensorboard(run)

    def step(
        self, step: int, seconds: float, learning_rate: float, figures: Mapping[str, torch.Tensor], norm: float
    ) -> None:
        """Log a step."""
        row = {"step": step, "seconds": round(seconds, 1), "learning_rate": learning_rate}
        self._append(
            "log.csv", {**row, **{name: value.item() for name, value in figures.items()}, "gradient_norm": norm}
        )

    def validation(self, step: int, figures: Mapping[str, float], average: nn.Module) -> float:
        """Log a validation, keep the average if it is the best so far, and return what it was judged by."""
        self._append("validation.csv", {"step": step, **figures})
        selection = figures.get("selection", -math.inf)
        if selection > self._best:
            self._best = selection
            _run_state.save_weights(self._run / "best.safetensors", average)
        return selection

    def begin_stage(self) -> None:
        """Forget the best validation: the losses of two stages cannot be compared."""
        self._best = -math.inf

    def _keep(self, path: Path, done: int, stage: int) -> None:
        """Drop the rows after a step, and remember the best validation of the stage before it."""
        if not path.exists():
            return
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if int(row["step"]) <= done]
        if not rows:
            path.unlink()
            return
        with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        of_stage = [row for row in rows if row.get("stage", str(stage)) == str(stage)]
        self._best = max((float(row["selection"]) for row in of_stage if row.get("selection")), default=self._best)

    def _append(self, name: str, figures: Mapping[str, float]) -> None:
        """Append a row to a CSV file, its header first."""
        path = self._run / name
        fresh = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(figures))
            if fresh:
                writer.writeheader()
            writer.writerow(figures)
        if self._board is not None:
            for key, value in figures.items():
                self._board.add_scalar(f"{Path(name).stem}/{key}", value, int(figures["step"]))


def _tensorboard(run: Path) -> Any:  # noqa: ANN401 - an optional package
    """Return a TensorBoard writer where the package is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(run / "tensorboard")


@contextlib.contextmanager
def _process_group() -> Iterator[_Group]:
    """Join the other processes when started by torchrun."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield _Group(rank=0, size=1)
        return
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield _Group(rank=torch.distributed.get_rank(), size=size)
    finally:
        torch.distributed.destroy_process_group()
