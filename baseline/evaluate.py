"""The challenge's baseline, second half: HAAQI of the enhanced signals. Takes the official option names."""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig, OmegaConf

from rebalance import RebalanceError
from rebalance.pipeline import read_options, score_task, system_of_run


@hydra.main(config_path=".", config_name="config", version_base=None)
def main(config: DictConfig) -> None:
    """Score the enhanced signals of a batch."""
    try:
        options = read_options(OmegaConf.to_container(config, resolve=True), require_sources=True)  # type: ignore[arg-type]
        system = system_of_run(options.run, options.task.split, scores_name=options.scores_name)
        failures = score_task(options.task, [system], mode=options.mode, aid=options.enhance.aid, jobs=options.jobs)
    except RebalanceError as error:
        sys.exit(f"evaluate.py: {error}")
    for failure in failures:
        print(f"failed {failure.item}: {failure.reason}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
