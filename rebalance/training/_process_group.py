"""Several processes that train one network together."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from rebalance.training._schedule import ScheduleState


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessGroup:
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


@contextlib.contextmanager
def process_group() -> Iterator[ProcessGroup]:
    """Join the other processes when started by torchrun."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ProcessGroup(rank=0, size=1)
        return
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield ProcessGroup(rank=torch.distributed.get_rank(), size=size)
    finally:
        torch.distributed.destroy_process_group()
