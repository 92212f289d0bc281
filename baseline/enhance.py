"""The challenge's baseline, first half: separate, remix, amplify. Takes the official option names."""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig, OmegaConf

from rebalance import CAD2_TASK2, RebalanceError
from rebalance.pipeline import enhance_task, read_options
from rebalance.separation.convtasnet import published_checkpoint

# Of all jobs of a --multirun: one that fails does not stop the next, and the exit status tells at the end.
_COMPLAINTS: list[str] = []


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
        _complain(f"enhance.py: {error}")
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
