"""Muon for the matrices of a network, AdamW for the rest of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

_LEAST_SIDE = 32  # rows and columns; smaller matrices gain nothing


class MuonWithAdamW:
    """Steps of equal size in all directions of a matrix, those of AdamW for everything else.

    Matrices and kernels of convolutions, one row for each output, take the steps of Muon (Jordan et al., 2024), scaled
    to those of AdamW (Liu et al., 2025, "Muon is scalable for LLM training", equation 4), so that one learning rate
    serves both. `torch.optim.Muon` takes matrices alone: a kernel is seen through a matrix that shares its memory.

    Parameters
    ----------
    groups
        Groups of parameters, as an optimiser of torch takes them.
    lr
        Learning rate of both.
    weight_decay
        Share of every parameter that a step takes away, times the learning rate; decoupled in both.
    """

    def __init__(self, groups: Sequence[Mapping[str, Any]], lr: float, weight_decay: float) -> None:
        self._pairs: list[tuple[nn.Parameter, nn.Parameter]] = []
        as_matrices, others = [], []
        for group in groups:
            matrices = [parameter for parameter in group["params"] if _is_matrix(parameter)]
            seen = [nn.Parameter(_rows(parameter.detach())) for parameter in matrices]
            self._pairs += zip(matrices, seen, strict=True)
            chosen = {id(parameter) for parameter in matrices}
            as_matrices.append({**group, "params": seen})
            others.append({**group, "params": [each for each in group["params"] if id(each) not in chosen]})
        settings: Any = {"lr": lr, "weight_decay": weight_decay}
        self._muon = torch.optim.Muon(as_matrices, adjust_lr_fn="match_rms_adamw", **settings)
        self._adamw = torch.optim.AdamW(others, **settings)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of both; what is written to them holds for the next step."""
        return [*self._muon.param_groups, *self._adamw.param_groups]

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        self._adamw.zero_grad(set_to_none)
        for parameter, _ in self._pairs:
            parameter.grad = None

    def step(self) -> None:
        """Take one step."""
        for parameter, seen in self._pairs:
            seen.grad = None if parameter.grad is None else _rows(parameter.grad, like=parameter)
        self._muon.step()  # type: ignore[no-untyped-call]
        self._adamw.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both, the numbers of AdamW's parameters following those of Muon's."""
        state = dict(self._muon.state_dict()["state"])
        state |= {len(self._pairs) + index: each for index, each in self._adamw.state_dict()["state"].items()}
        return {"state": state, "param_groups": self.param_groups}

    def load_state_dict(self, stored: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; the groups stay as they are."""
        n_matrices = len(self._pairs)
        first = {index: each for index, each in stored["state"].items() if index < n_matrices}
        rest = {index - n_matrices: each for index, each in stored["state"].items() if index >= n_matrices}
        for optimiser, state in ((self._muon, first), (self._adamw, rest)):
            optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _is_matrix(parameter: nn.Parameter) -> bool:
    """Tell whether a parameter mixes many inputs into many outputs."""
    return parameter.ndim > 1 and min(parameter.shape[:2]) >= _LEAST_SIDE


def _rows(tensor: Tensor, like: Tensor | None = None) -> Tensor:
    """Return a kernel as a matrix of one row for each first index, in the order of a parameter's memory; a view."""
    order = tensor if like is None else like
    if order.is_contiguous():
        return tensor.flatten(1)
    return tensor.permute(0, *range(2, tensor.ndim), 1).flatten(1)
