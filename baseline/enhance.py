"""The challenge's baseline, first half: separate, remix, amplify. Takes the official option names."""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig, OmegaConf

from rebalance import CAD2_TASK2, RebalanceError
from rebalance.pipeline import enhance_task, read_options
from rebalance.separation.convtasnet import published_checkpoint


@hydra.main(config_path=".", config_name="config", version_base=None)
def main(config: DictConfig) -> None:
    """Write the enhanced signals of a batch."""
    try:
        options = read_options(OmegaConf.to_container(config, resolve=True), require_sources=False)  # type: ignore[arg-type]
        if options.redownload and options.enhance.separator.startswith("convtasnet"):
            for instrument in CAD2_TASK2.instruments:
                causal = options.enhance.separator == "convtasnet-causal"
                published_checkpoint(instrument, causal=causal, refresh=True)
        failures = enhance_task(options.task, options.run, options.enhance, jobs=options.jobs)
    except RebalanceError as error:
        sys.exit(f"enhance.py: {error}")
    for failure in failures:
        print(f"failed {failure.item}: {failure.reason}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
