"""The one place where an error becomes a line and an exit status."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
import traceback
import warnings
from collections.abc import Callable

from rebalance._base.errors import RebalanceError
from rebalance._base.extras import missing_package
from rebalance._base.verbosity import DEBUG_VARIABLE, is_debugging

_BAD_INPUT = 2
_FAULT = 1
_INTERRUPTED = 130
_CONFIGURATION_PACKAGES = ("hydra", "omegaconf", "yaml")
_SHOWABLE = "rebalance-showable"
_PLAINER = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "…": "...", "’": "'", "‘": "'", "“": '"', "”": '"', "×": "x", "·": "."}
)


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit status: whatever goes wrong ends in one line on the error stream.

    The status is 2 for bad input (files, options, rights, a full disk), 1 for memory that does not suffice, a fault of
    this package, or what the command itself calls a failure. With `REBALANCE_DEBUG` set, tracebacks are shown.
    """
    warnings.formatwarning = lambda message, *_, **__: f"rebalance: warning: {_one_line(str(message))}\n"
    show_whatever_comes()
    try:
        status = command()
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - no exception leaves a command
        if is_debugging():
            traceback.print_exc()
        line, status = explained(error)
        _say(line)
    if status == _INTERRUPTED:
        _say("interrupted; run the same command again to go on")
    return status if isinstance(status, int) else 0


def explained(error: Exception) -> tuple[str, int]:
    """Return what to say of an error, in one line, and the exit status."""
    if (usage := getattr(error, "format_message", None)) is not None:
        return _usage(error, usage()), int(getattr(error, "exit_code", _BAD_INPUT))
    if isinstance(error, RebalanceError):
        return _one_line(str(error)), _BAD_INPUT
    if isinstance(error, ImportError) and (reason := missing_package(error)) is not None:
        return reason, _BAD_INPUT
    if isinstance(error, OSError):
        return _refused(error), _BAD_INPUT
    if isinstance(error, MemoryError):
        return "out of memory; fewer --jobs or a shorter file need less", _FAULT
    if isinstance(error, UnicodeError):
        return _one_line(f"text in an unexpected encoding: {error}"), _BAD_INPUT
    if type(error).__module__.partition(".")[0] in _CONFIGURATION_PACKAGES:
        return _one_line(f"cannot read the settings: {error}"), _BAD_INPUT
    what = _one_line(f"{type(error).__name__}: {error}")
    return f"unexpected {what}; {DEBUG_VARIABLE}=1 shows the traceback", _FAULT


def show_whatever_comes() -> None:
    """Have the terminal's streams replace what their encoding cannot show, rather than fail."""
    codecs.register_error(_SHOWABLE, _showable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors=_SHOWABLE)


def _showable(error: UnicodeError) -> tuple[str, int]:
    """Return the plainest form of characters an encoding lacks; bytes of a name that are no text become ``?``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plainer = error.object[error.start : error.end].translate(_PLAINER)
    return plainer.encode("ascii", errors="replace").decode("ascii"), error.end


def _usage(error: Exception, message: str) -> str:
    """Return what is wrong with a command line, and where to read how it is spelt."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    path = getattr(getattr(error, "ctx", None), "command_path", "rebalance")
    return f"{_one_line(message).rstrip('.')}{_before_the_last(error)}; see {path} --help"


def _before_the_last(error: Exception) -> str:
    """Return what follows arguments that are missing: the one that was given may have been meant for them."""
    parameters = getattr(getattr(getattr(error, "ctx", None), "command", None), "params", [])
    arguments = [each for each in parameters if each.param_type_name == "argument"]
    missing = getattr(error, "param", None)
    if missing not in arguments or getattr(missing, "nargs", 1) != -1 or missing is arguments[-1]:
        return ""
    return f" before {arguments[-1].metavar}"


def _refused(error: OSError) -> str:
    """Return which file the operating system refused, and why."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno == errno.ENOSPC:
        reason = f"{reason}; what was finished before is kept"
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return _one_line(": ".join([*names[:1], reason]))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say(line: str) -> None:
    """Write one line to the error stream, if there is one."""
    if line and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"rebalance: {line}\n")
