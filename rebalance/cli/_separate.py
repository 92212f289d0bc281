"""``rebalance separate``: the stems of any recording."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from rebalance._base.instrument_names import instruments_listed
from rebalance.audio import AudioFile, output_format
from rebalance.cli._following import PartOption, ScoreOption, following, require_one
from rebalance.cli._options import DeviceOption, ForceOption, InstrumentsOption, SeparatorOption
from rebalance.cli._outputs import check_folder_to_write, require_folder_name
from rebalance.cli._several_files import (
    ChannelsOption,
    DepthOption,
    FilesArgument,
    FormatOption,
    do_each,
    keep_what_is_there,
    opened_files,
    others_known,
    require_different,
    suffix_of_format,
)
from rebalance.cli._videos import shown


def separate(
    files: FilesArgument,
    instruments: InstrumentsOption,
    out: Annotated[
        Path,
        typer.Option(help="Folder for one file per source; a folder in it for each of several.", show_default=False),
    ],
    separator: SeparatorOption = "default",
    score: ScoreOption = None,
    part: PartOption = None,
    channels: ChannelsOption = None,
    format_: FormatOption = None,
    depth: DepthOption = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
) -> None:
    """Split recordings into their instruments, at their own rate, depth and length.

    Of a video the sound is read. A separator that looks at the players takes them for the instruments named, side by
    side from left to right.

    Example: rebalance separate quartet.flac --instruments violin,violin,viola,cello --out stems
    """
    from rebalance._base.progress import share_bar
    from rebalance.cli._reporting import finish, say, say_details, say_remarks
    from rebalance.pipeline import separate_file
    from rebalance.separation import load_separator, source_names

    require_one(files, score)
    players = instruments_listed(instruments)
    names = source_names(players, also=others_known(players, separator, device))
    suffix = suffix_of_format(format_) or ".flac"
    folders = [out / path.stem if len(files) > 1 else out for path in files]
    require_different(folders, files)
    if len(files) > 1:
        require_folder_name(out)
    outputs = {
        path: [folder / f"{name}{suffix}" for name in names] for path, folder in zip(files, folders, strict=True)
    }
    for path, folder in zip(files, folders, strict=True):
        kept = len(files) > 1 and all(output.is_file() for output in outputs[path])
        check_folder_to_write(folder, names=[o.name for o in outputs[path]], inputs=files, force=force or kept)
    output_format(Path(f"stem{suffix}"), depth=depth)
    with tempfile.TemporaryDirectory(prefix="rebalance-") as sounds:
        opened, failures = opened_files(files, channels, video_sounds=Path(sounds))
        for path, file in opened.items():
            output_format(Path(f"stem{suffix}"), depth=depth, like=file.header).require(
                file.sample_rate, file.n_channels, path
            )
        if len(files) > 1:
            opened = keep_what_is_there(opened, outputs, force=force)
        loaded = following(load_separator(separator, device=device), files, players, score, part)
        say_details(loaded, players)

        def work(path: Path, file: AudioFile) -> None:
            say_remarks(path, file.remarks)
            kind = output_format(Path(f"stem{suffix}"), depth=depth, like=file.header)
            folder = folders[files.index(path)]
            seeing = shown(loaded, path, len(players), sound_s=file.n_samples / file.sample_rate)
            with share_bar(f"separate {path.name}" if len(files) > 1 else "separate") as on_progress:
                done = separate_file(file, players, seeing, folder, kind, on_progress=on_progress)
            for stem in done.paths.values():
                say(str(stem))
            if done.attenuation_db:
                say(f"all of them turned down by {done.attenuation_db:.2f} dB so that nothing clips")

        do_each(opened, work, failures, alone=len(files) == 1)
        if len(files) > 1:
            finish(f"{len(files)} recordings separated", failures, n_asked=len(files))
