"""The loss of X-UMX: values worked out by hand, and a network that learns with it from plain mixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rebalance._base.errors import ConfigError
from rebalance.separation.xumx import Xumx, XumxConfig
from rebalance.training import TrainSettings
from rebalance.training._loop import train
from rebalance.training._xumx_loss import XumxObjective, combinations_of, magnitude_loss, time_loss
from rebalance.training.data import PlainMixer, PlainMixingSettings
from rebalance.training.data._stem_library import StemLibrary

TWO = torch.tensor([[[3.0, 0.0], [0.0, 4.0]]])


def test_there_are_14_combinations_of_four_targets_and_6_of_three() -> None:
    assert [len(list(combinations_of(n))) for n in (1, 2, 3, 4)] == [1, 2, 6, 14]


@pytest.mark.parametrize(
    ("share", "expected"), [("perfect", 0.0), ("mixture", 0.636), ("zeros", 0.636), ("half", 0.272)]
)
def test_two_sources_have_the_loss_worked_out_by_hand(share: str, expected: float) -> None:
    mixture = TWO.sum(dim=1, keepdim=True).expand_as(TWO)
    estimates = {"perfect": TWO, "mixture": mixture, "zeros": torch.zeros_like(TWO), "half": mixture / 2}[share]
    assert time_loss(estimates, TWO).item() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("share", "expected"), [(1 / 3, 0.2632), (1.0, 0.7278)])
def test_three_orthogonal_sources_have_the_loss_worked_out_by_hand(share: float, expected: float) -> None:
    sources = torch.eye(3)[None]
    estimates = share * sources.sum(dim=1, keepdim=True).expand_as(sources)
    assert time_loss(estimates, sources).item() == pytest.approx(expected, abs=1e-4)


def weighted_sdr_loss(estimate: torch.Tensor, target: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
    """Return 1 plus equation 11 of Choi et al. 2019 for one signal, written out."""

    def cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return (first * second).sum() / (first.norm() * second.norm() + 1e-10)

    rest = mixture - target
    share = target.square().sum() / (target.square().sum() + rest.square().sum() + 1e-10)
    return 1.0 - share * cosine(estimate, target) - (1.0 - share) * cosine(mixture - estimate, rest)


@pytest.mark.parametrize("n_targets", [2, 3, 4])
def test_losses_and_gradients_are_those_of_a_loop_over_all_combinations(n_targets: int) -> None:
    torch.manual_seed(n_targets)
    targets = torch.randn(3, n_targets, 2_000, dtype=torch.float64)
    targets[0, 0] = 0.0  # one rests
    estimates = (0.4 * targets + 0.3 * torch.randn_like(targets)).requires_grad_()
    pairs = [
        (estimates[i, list(chosen)].sum(dim=0), targets[i, list(chosen)].sum(dim=0), targets[i].sum(dim=0))
        for i in range(3)
        for chosen in combinations_of(n_targets)
    ]
    loop = {
        "time": torch.stack([weighted_sdr_loss(*signals) for signals in pairs]).mean(),
        "magnitude": torch.stack([(estimate - target).square().mean() for estimate, target, _ in pairs]).mean(),
    }
    for name, loss in {"time": time_loss, "magnitude": magnitude_loss}.items():
        assert loss(estimates, targets).item() == pytest.approx(loop[name].item(), rel=1e-9)
        single = estimates.detach().float().requires_grad_()
        (own,) = torch.autograd.grad(loss(single, targets.float()), single)
        (expected,) = torch.autograd.grad(loop[name], estimates, retain_graph=True)
        assert (own - expected).norm() < 1e-5 * expected.norm()


def test_losses_are_found_in_full_precision_while_the_network_is_not() -> None:
    torch.manual_seed(0)
    targets, estimates = torch.randn(2, 3, 500), torch.randn(2, 3, 500)
    for loss in (time_loss, magnitude_loss):
        expected = loss(estimates, targets)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert loss(estimates, targets).item() == expected.item()


def test_a_silent_target_costs_nothing_for_silence_and_one_for_the_mixture() -> None:
    sources = torch.tensor([[[0.0, 0.0], [1.0, 2.0]]])
    assert time_loss(sources, sources).item() == pytest.approx(0.0, abs=1e-6)
    swapped = sources.flip(1).requires_grad_()
    loss = time_loss(swapped, sources)
    assert loss.item() == pytest.approx(1.0, abs=1e-6)
    loss.backward()
    assert swapped.grad is not None
    assert torch.isfinite(swapped.grad).all()


def test_magnitudes_are_summed_over_combinations() -> None:
    estimates, targets = torch.zeros(1, 3, 2), torch.ones(1, 3, 2)
    assert magnitude_loss(estimates, targets).item() == pytest.approx((3 * 1 + 3 * 4) / 6)


def test_the_mixture_of_the_loss_is_that_of_the_family_not_of_the_orchestra(library: StemLibrary) -> None:
    settings = PlainMixingSettings(targets={"Cello": ("Cello",), "Bass": ("Bassoon",)}, crop_samples=4_096)
    mixer = PlainMixer(stem_library=library, settings=settings, seed=0, device=torch.device("cpu"))
    batch = mixer.batch(0)
    torch.manual_seed(0)
    network = Xumx(XumxConfig(targets=("Cello", "Bass"), hidden_size=8, n_layers=1, window=512, hop=128))
    figures = XumxObjective()(network.eval(), batch)
    spectra = network.spectra(batch.mixture[:, 0])
    signals = network.signals(network.masks(spectra.abs()) * spectra[:, None], 4_096)
    assert figures["time"].item() == pytest.approx(time_loss(signals, batch.sources[:, :-1, 0]).item())
    assert figures["loss"].item() == pytest.approx(figures["magnitude"].item() + 10 * figures["time"].item())


def test_a_small_network_learns_and_other_networks_are_refused(tmp_path: Path, library: StemLibrary) -> None:
    targets = {"Violin": ("Violin",), "Cello": ("Cello",)}
    settings = PlainMixingSettings(targets=targets, batch_size=2, crop_samples=4_096)
    mixer = PlainMixer(stem_library=library, settings=settings, seed=0, device=torch.device("cpu"))
    torch.manual_seed(0)
    network = Xumx(XumxConfig(targets=("Violin", "Cello"), hidden_size=8, n_layers=1, window=512, hop=256))
    objective, batch = XumxObjective(), mixer.batch(1_000)
    before = objective(network.eval(), batch)["loss"].item()
    plan = TrainSettings(
        steps=15, learning_rate=0.01, warmup_steps=0, decay_steps=0, average_decay=0.0, optimiser="adam"
    )
    average = train(network, mixer, plan, tmp_path, device=torch.device("cpu"), objective=objective)
    assert objective(average, batch)["loss"].item() < 0.8 * before
    with pytest.raises(ConfigError, match="expected an X-UMX, got Linear"):
        objective(torch.nn.Linear(1, 1), batch)
