"""The challenge's baseline, second half: HAAQI of the enhanced signals. Takes the official option names."""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig, OmegaConf

from rebalance import RebalanceError
from rebalance.pipeline import read_options, score_task, system_of_run

# Of all jobs of a --multirun: one that fails does not stop the next, and the exit status tells at the end.
_COMPLAINTS: list[str] = []


@hydra.main(config_path=".", config_name="config", version_base=None)
def main(config: DictConfig) -> None:
    """Score the enhanced signals of a batch."""
    try:
        options = read_options(OmegaConf.to_container(config, resolve=True), require_sources=True)  # type: ignore[arg-type]
        system = system_of_run(options.run, options.task.split, scores_name=options.scores_name)
        failures = score_task(options.task, [system], aid=options.enhance.aid, jobs=options.jobs)
    except RebalanceError as error:
        _complain(f"evaluate.py: {error}")
        return
    for failure in failures:
        _complain(f"failed {failure.item}: {failure.reason}")


def _complain(line: str) -> None:
    """Say what failed and remember that something did."""
    print(line, file=sys.stderr)
    _COMPLAINTS.append(line)


if __name__ == "__main__":
    main()
    sys.exit(1 if _COMPLAINTS else 0)
