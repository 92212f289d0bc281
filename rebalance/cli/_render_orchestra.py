"""``rebalance render --style synthsod``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rebalance._base.errors import ConfigError


def render_orchestra_data(
    out: Path,
    pieces: Sequence[str] | None,
    *,
    fonts: Sequence[str] | None,
    annotations: str | None,
    humanise: str | None,
    seed: int,
    engine: str | None,
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Render folders of scores as an orchestral data set, and say what is in it."""
    from rebalance._base.running import executor_for
    from rebalance.cli._outputs import check_folder_to_write
    from rebalance.cli._reporting import finish, note, say
    from rebalance.synthesis.orchestra import (
        choose_orchestra,
        find_scores,
        render_orchestra,
        write_statistics,
    )

    if not pieces:
        raise ConfigError(where="--pieces", expected="scores or folders of scores with --style synthsod", got="none")
    check_folder_to_write(out)
    settings = choose_orchestra(fonts=fonts, annotations=annotations, humanise=humanise, seed=seed, engine=engine)
    scores = find_scores(pieces)
    with executor_for(scheduler) as executor:
        outcome = render_orchestra(out, scores, settings, jobs=jobs, executor=executor)
    if not outcome.songs:
        finish(f"{out}: nothing could be rendered", outcome.failures)
    for song in outcome.songs:
        for repair in song.repairs:
            if repair.remarks:
                note(f"{song.name}: {repair.part} -> {repair.track or 'left out'}: {', '.join(repair.remarks)}")
        for remark in song.remarks:
            note(f"{song.name}: {remark}")
    say(f"statistics: {write_statistics(out)}")
    finish(f"{out}: {len(outcome.songs)} songs, {outcome.duration_s / 3600:.2f} h", outcome.failures)
