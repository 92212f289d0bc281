from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from small_networks import small_network

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance.training import TrainSettings
from rebalance.training._loop import train
from rebalance.training._losses import LossSettings
from rebalance.training._run_log import RunLog
from rebalance.training._run_state import average_of
from rebalance.training.data._stem_library import StemLibrary

from .conftest import mixer_of

CPU = torch.device("cpu")
FAST = {"warmup_steps": 2, "decay_steps": 2, "log_every": 1, "save_every": 2, "loss": LossSettings(masks_only=True)}


def settings(steps: int = 4, **changes: object) -> TrainSettings:
    return TrainSettings(**{"steps": steps, "validate_every": 100, **FAST, **changes})  # type: ignore[arg-type]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_an_interrupted_run_ends_bit_for_bit_where_an_uninterrupted_one_does(
    tmp_path: Path, library: StemLibrary, optimiser: str
) -> None:
    mixer = mixer_of(library, batch_size=1)
    chosen = settings(optimiser=optimiser)
    whole = train(small_network(), mixer, chosen, tmp_path / "whole", device=CPU)
    train(small_network(), mixer, chosen, tmp_path / "parts", device=CPU, stop_after=2)
    resumed = train(small_network(seed=9), mixer, chosen, tmp_path / "parts", device=CPU)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name
    losses = [[row["loss"] for row in rows(tmp_path / run / "log.csv")] for run in ("whole", "parts")]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 4


def test_rows_logged_after_the_saved_state_are_dropped_when_resuming(tmp_path: Path, library: StemLibrary) -> None:
    mixer = mixer_of(library, batch_size=1)
    train(small_network(), mixer, settings(), tmp_path, device=CPU, stop_after=2)
    with (tmp_path / "log.csv").open("a", encoding="utf-8") as file:
        file.write("3,1,1,1,1,1,1,1\n")
    train(small_network(), mixer, settings(), tmp_path, device=CPU)
    assert [row["step"] for row in rows(tmp_path / "log.csv")] == ["1", "2", "3", "4"]


def test_a_run_can_be_given_more_steps_but_no_other_settings(tmp_path: Path, library: StemLibrary) -> None:
    mixer = mixer_of(library, batch_size=1)
    train(small_network(), mixer, settings(2), tmp_path, device=CPU)
    with pytest.raises(ConfigError, match="other settings of train"):
        train(small_network(), mixer, settings(3, learning_rate=0.5), tmp_path, device=CPU)
    train(small_network(), mixer, settings(3), tmp_path, device=CPU)
    assert rows(tmp_path / "log.csv")[-1]["step"] == "3"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch itself
@pytest.mark.parametrize("masks_only", [True, False])
def test_a_compiled_network_learns_the_same(tmp_path: Path, library: StemLibrary, *, masks_only: bool) -> None:
    mixer = mixer_of(library, batch_size=1)
    loss = LossSettings(masks_only=masks_only)
    interpreted = train(small_network(), mixer, settings(3, loss=loss), tmp_path / "interpreted", device=CPU)
    network = small_network()
    compiled = train(network, mixer, settings(3, loss=loss, compile=True), tmp_path / "compiled", device=CPU)
    assert network.body._compiled_call_impl is not None
    for name, tensor in interpreted.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], tensor, rtol=1e-3, atol=1e-5)


def test_the_state_is_safetensors_and_holds_the_average(tmp_path: Path, library: StemLibrary) -> None:
    average = train(small_network(), mixer_of(library, batch_size=1), settings(2), tmp_path, device=CPU)
    with safe_open(tmp_path / "state.safetensors", framework="pt") as file:
        assert file.metadata()["step"] == "2"
    stored = average_of(tmp_path / "state.safetensors")
    assert all(torch.equal(tensor, stored[name]) for name, tensor in average.state_dict().items())


def test_a_file_that_is_no_state_is_one_error(tmp_path: Path, library: StemLibrary) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"not a state")
    with pytest.raises(ConfigError, match=r"state\.safetensors: expected the state"):
        train(small_network(), mixer_of(library, batch_size=1), settings(2), tmp_path, device=CPU)


def test_the_learning_rate_rises_stays_and_falls() -> None:
    plan = TrainSettings(steps=100, learning_rate=1.0, warmup_steps=10, decay_steps=20)
    assert plan.learning_rate_at(0) == pytest.approx(0.1)
    assert plan.learning_rate_at(50) == 1.0
    assert plan.learning_rate_at(90) == pytest.approx(0.5)
    assert plan.learning_rate_at(99) == pytest.approx(0.05)


def test_validation_keeps_the_best_average(tmp_path: Path, library: StemLibrary) -> None:
    figures = iter((1.0, 3.0, 2.0))
    mixer = mixer_of(library, batch_size=1)
    kept: dict[int, dict[str, torch.Tensor]] = {}

    def validate(network: torch.nn.Module, step: int) -> dict[str, float]:
        kept[step] = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        return {"selection": next(figures)}

    train(small_network(), mixer, settings(3, validate_every=1), tmp_path, device=CPU, validate=validate)
    with safe_open(tmp_path / "best.safetensors", framework="pt") as file:
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in kept[2].items())
    assert [row["selection"] for row in rows(tmp_path / "validation.csv")] == ["1.0", "3.0", "2.0"]


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path, library: StemLibrary) -> None:
    network = small_network()
    with torch.no_grad():
        next(network.body.parameters()).fill_(torch.nan)
    with pytest.raises(RebalanceError, match="not a number"):
        train(network, mixer_of(library, batch_size=1), settings(2), tmp_path, device=CPU)


@pytest.mark.slow
def test_a_small_network_learns_to_tell_a_flute_from_a_bassoon(tmp_path: Path, library: StemLibrary) -> None:
    mixer = mixer_of(library, batch_size=2, coherent_share=1.0)
    plan = settings(60, learning_rate=0.01, warmup_steps=5, decay_steps=10, log_every=1, save_every=60)
    train(small_network(), mixer, plan, tmp_path, device=CPU)
    losses = [float(row["loss"]) for row in rows(tmp_path / "log.csv")]
    assert sum(losses[-10:]) < 0.85 * sum(losses[:10])


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path: Path, stem_folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import torch\n"
        "sys.path.insert(0, sys.argv[3])\n"
        "from conftest import mixer_of, small_network\n"
        "from rebalance.training import TrainSettings\n"
        "from rebalance.training._loop import train\n"
        "from rebalance.training.data._stem_library import open_library\n"
        "mixer = mixer_of(open_library([Path(sys.argv[1])]), batch_size=1)\n"
        "settings = TrainSettings(steps=2, warmup_steps=1, log_every=1)\n"
        "average = train(small_network(), mixer, settings, Path(sys.argv[2]), device=torch.device('cpu'))\n"
        "print(float(sum(p.abs().sum() for p in average.parameters())))\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    here = str(Path(__file__).parent)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(stem_folder), str(tmp_path / "run"), here],
            env={**os.environ, "RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    sums = [worker.communicate(timeout=240)[0].strip() for worker in workers]
    assert sums[0] == sums[1] != ""
    assert (tmp_path / "run" / "state.safetensors").exists()


@pytest.mark.parametrize("decay", [0.998, 0.15])
def test_the_running_average_follows_the_network_faster_in_the_first_steps(
    tmp_path: Path, library: StemLibrary, decay: float
) -> None:
    network = small_network()
    averages: list[dict[str, torch.Tensor]] = [copied_state(network)]
    networks: list[dict[str, torch.Tensor]] = []

    def validate(average: torch.nn.Module, step: int) -> dict[str, float]:
        averages.append(copied_state(average))
        networks.append(copied_state(network))
        return {}

    plan = settings(4, learning_rate=0.05, validate_every=1, average_decay=decay)
    train(network, mixer_of(library, batch_size=1), plan, tmp_path, device=CPU, validate=validate)
    # What is kept of the average: 1/10, 2/11, 3/12, 4/13 in the first four steps, but never more than the decay.
    for step, rising in enumerate((1 / 10, 2 / 11, 3 / 12, 4 / 13)):
        kept = min(rising, decay)
        for name, fast in networks[step].items():
            expected = kept * averages[step][name] + (1 - kept) * fast
            torch.testing.assert_close(averages[step + 1][name], expected, rtol=1e-4, atol=1e-6)
    assert any(not torch.allclose(networks[0][name], fast, atol=1e-3) for name, fast in networks[-1].items())


def copied_state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items() if tensor.is_floating_point()}


def test_a_resumed_log_goes_on_in_the_order_of_its_header(tmp_path: Path) -> None:
    network = torch.nn.Linear(1, 1)
    RunLog(tmp_path, 0).validation(1, {"selection": 1.0, "loss": 2.0}, network)
    RunLog(tmp_path, 1).validation(2, {"loss": 4.0, "selection": 3.0}, network)
    written = (tmp_path / "validation.csv").read_text(encoding="utf-8")
    assert written.split() == ["step,selection,loss", "1,1.0,2.0", "2,3.0,4.0"]
