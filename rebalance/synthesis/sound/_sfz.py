"""SFZ instruments: which recorded note sounds for which key; what would sound otherwise is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rebalance._base.errors import ConfigError

_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", flags=re.DOTALL)
_LINE_COMMENT = re.compile(r"//[^\n]*")
_DIRECTIVE = re.compile(r'#define\s+\$(\w+)\s+(\S+)|#include\s+"([^"\n]+)"')
_VARIABLE = re.compile(r"\$(\w+)")
_HEADER = re.compile(r"<(\w+)>")
_OPCODE = re.compile(r"([\w$]+)=(.*?)(?=\s+[\w$]+=|\s*$)")
_NOTE_NAME = re.compile(r"([a-g])([#♯sb♭]?)(-?\d)", flags=re.IGNORECASE)
_CONTROLLER = re.compile(r"(lo|hi)cc(\d+)")
_SET_CONTROLLER = re.compile(r"set_cc(\d+)")

_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "s": 1, "b": -1, "♭": -1}
_OCTAVE = 12
_MIDDLE_C = 60
_MAX_MIDI_VALUE = 127
_LEVELS = ("global", "master", "group")
_PASSED_OVER = frozenset({"curve", "effect", "midi"})  # they change how a note sounds, not which
_CONTROLLERS_AT_REST = {7: 100.0, 10: 64.0, 11: 127.0}
_MAX_INCLUDES = 64
_MAX_TEXT = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SfzRegion:
    """One recorded note of an instrument.

    Parameters
    ----------
    path
        Audio file.
    pitch
        MIDI key at which it sounds as it was recorded, but for `tune_cents`.
    lowest_velocity, highest_velocity
        Velocities it is meant for.
    tune_cents
        By how much it is played higher, transposition included.
    """

    path: Path
    pitch: int
    lowest_velocity: int
    highest_velocity: int
    tune_cents: float


@dataclass(slots=True)
class _State:
    """What was said before a region, by header."""

    control: dict[str, str] = field(default_factory=dict)
    levels: dict[str, dict[str, str]] = field(default_factory=lambda: {level: {} for level in _LEVELS})

    def enter(self, header: str, opcodes: Mapping[str, str]) -> None:
        """Take the opcodes of a header; those of what lies below it are forgotten."""
        if header == "control":
            self.control |= opcodes
            return
        self.levels[header] = dict(opcodes)
        for below in _LEVELS[_LEVELS.index(header) + 1 :]:
            self.levels[below] = {}

    def merged(self, opcodes: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return all opcodes that hold for a region, in the order in which they were said from the outside in."""
        layers = (*(self.levels[level] for level in _LEVELS), opcodes)
        return [entry for layer in layers for entry in layer.items()]


def read_sfz(path: Path) -> tuple[SfzRegion, ...]:
    """Return the notes of an SFZ instrument that sound when a key is pressed.

    Understood: ``<control>``, ``<global>``, ``<master>``, ``<group>``, ``<region>``, ``#define``, ``#include`` and
    comments; ``sample``, ``default_path``, ``key``, ``lokey``, ``hikey``, ``pitch_keycenter``, ``note_offset``,
    ``octave_offset``, ``transpose``, ``tune``, ``lovel``, ``hivel``, ``trigger``, key switches with a default, and
    controllers at rest. What only changes how a note sounds is passed over.

    Source: the SFZ format 1 and the ARIA extensions as sfzformat.info documents them.

    Raises
    ------
    ConfigError
        If a file cannot be read or leaves the folder, a value cannot be understood, a sample is missing, or
        something would change which note sounds in a way that is not supported; with its name.
    """
    text = _expanded(path, path, {}, [0])
    state = _State()
    regions: list[SfzRegion] = []
    for header, opcodes in _sections(text):
        if header == "region":
            region = _region(path, state.control, state.merged(opcodes))
            regions += [] if region is None else [region]
        elif header in {"control", *_LEVELS}:
            state.enter(header, opcodes)
        elif header not in _PASSED_OVER:
            raise ConfigError(f"<{header}> is not supported", where=path)
    return tuple(regions)


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give every header with its opcodes."""
    parts = _HEADER.split(text)
    for header, body in zip(parts[1::2], parts[2::2], strict=True):
        found = (pair for line in body.splitlines() for pair in _OPCODE.findall(line))
        yield header.lower(), {name.lower(): value.strip().strip('"') for name, value in found}


def _expanded(root: Path, path: Path, variables: dict[str, str], n_included: list[int]) -> str:
    """Return the text of a file without comments, its variables and included files put in place."""
    n_included[0] += 1
    if n_included[0] > _MAX_INCLUDES:
        raise ConfigError(f"includes more than {_MAX_INCLUDES} files, or itself", where=root)
    text = _LINE_COMMENT.sub("", _BLOCK_COMMENT.sub(" ", _text(path)))
    pieces: list[str] = []
    at = 0
    for match in _DIRECTIVE.finditer(text):
        pieces.append(_filled(text[at : match.start()], variables))
        at = match.end()
        name, value, included = match.groups()
        if name:
            variables[name] = _filled(value, variables)
        else:
            inner = _within(root, _filled(included, variables), what="the included file")
            pieces.append(_expanded(root, inner, variables, n_included))
    pieces.append(_filled(text[at:], variables))
    return "\n".join(pieces)


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """Replace variables; of names that begin alike the longest that is defined counts."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        for length in range(len(name), 0, -1):
            if name[:length] in variables:
                return variables[name[:length]] + name[length:]
        return match[0]

    return _VARIABLE.sub(value, text)


def _text(path: Path) -> str:
    """Return the text of a file, in UTF-8 or, where it is not, in Latin-1."""
    try:
        if path.stat().st_size > _MAX_TEXT:
            raise ConfigError(where=path, expected=f"an SFZ instrument, this is larger than {_MAX_TEXT} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror}", where=path) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _within(root: Path, name: str, *, what: str) -> Path:
    """Return a file an instrument names, whatever the case of its letters, if it lies with the instrument."""
    relative = name.replace("\\", "/")
    home = root.parent.resolve().parent
    path = root.parent / relative
    if Path(relative).is_absolute() or re.match(r"[A-Za-z]:", relative) or not path.resolve().is_relative_to(home):
        raise ConfigError(f"{what} {name!r} lies outside the folder of the instrument", where=root)
    found = path if path.is_file() else _in_any_case(root.parent, relative)
    if found is None or not found.resolve().is_relative_to(home):
        raise ConfigError(f"{what} {name!r} is not there", where=root)
    return found


def _in_any_case(folder: Path, relative: str) -> Path | None:
    """Return the file of a name that may be spelt with other capitals; None if there is none."""
    place = folder
    for part in Path(relative).parts:
        if part == "..":
            place = place.parent
            continue
        try:
            alike = sorted(entry for entry in place.iterdir() if entry.name.casefold() == part.casefold())
        except OSError:
            return None
        if not alike:
            return None
        place = alike[0]
    return place if place.is_file() else None


def _region(path: Path, control: Mapping[str, str], opcodes: list[tuple[str, str]]) -> SfzRegion | None:
    """Return the recorded note of a region; None if it does not sound when a key is pressed."""
    said = dict(opcodes)
    sample = said.get("sample", "")
    if not sample or sample.startswith("*") or not _sounds(path, control, said):
        return None
    pitch = _keycentre(path, opcodes) + _offset(path, control)
    if _number(path, said, "pitch_keytrack", 100.0) != 100.0:
        raise ConfigError(f"pitch_keytrack={said['pitch_keytrack']} is not supported, only 100", where=path)
    tune = _number(path, said, "tune", 0.0) if "tune" in said else _number(path, said, "pitch", 0.0)
    return SfzRegion(
        path=_within(path, control.get("default_path", "") + sample, what="the sample"),
        pitch=pitch,
        lowest_velocity=int(_number(path, said, "lovel", 0.0)),
        highest_velocity=int(_number(path, said, "hivel", float(_MAX_MIDI_VALUE))),
        tune_cents=tune + 100.0 * _number(path, said, "transpose", 0.0),
    )


def _sounds(path: Path, control: Mapping[str, str], said: Mapping[str, str]) -> bool:
    """Tell whether a region sounds when a key is pressed, with key switches and controllers as they are at first."""
    if said.get("trigger", "attack") != "attack":
        return False
    if _key(path, said.get("hikey", str(_MAX_MIDI_VALUE)), "hikey") < 0 or _number(path, said, "end", 0.0) < 0:
        return False
    if "sw_last" in said:
        if "sw_default" not in said:
            raise ConfigError(f"sw_last={said['sw_last']} without sw_default is not supported", where=path)
        if _key(path, said["sw_last"], "sw_last") != _key(path, said["sw_default"], "sw_default"):
            return False
    for opcode in ("sw_down", "sw_previous", "on_locc", "start_locc"):
        if named := next((name for name in said if name.startswith(opcode)), None):
            if opcode.endswith("locc"):
                return False  # sounds for a controller, not for a key
            raise ConfigError(f"{named} is not supported", where=path)
    return _controllers_agree(path, control, said)


def _controllers_agree(path: Path, control: Mapping[str, str], said: Mapping[str, str]) -> bool:
    """Tell whether every controller a region depends on is, at rest, where the region wants it."""
    at_rest = dict(_CONTROLLERS_AT_REST)
    for name in control:
        if match := _SET_CONTROLLER.fullmatch(name):
            at_rest[int(match[1])] = _number(path, control, name, 0.0)
    for name in said:
        if match := _CONTROLLER.fullmatch(name):
            limit, value = _number(path, said, name, 0.0), at_rest.get(int(match[2]), 0.0)
            if (value < limit) if match[1] == "lo" else (value > limit):
                return False
    return True


def _keycentre(path: Path, opcodes: list[tuple[str, str]]) -> int:
    """Return the key at which a sample sounds as recorded: what was said last of it, middle C if nothing was."""
    centre = _MIDDLE_C
    for name, value in opcodes:
        if name == "pitch_keycenter" and value == "sample":
            raise ConfigError("pitch_keycenter=sample is not supported", where=path)
        if name in {"key", "pitch_keycenter"}:
            centre = _key(path, value, name)
    return centre


def _offset(path: Path, control: Mapping[str, str]) -> int:
    """Return by how many keys all keys are moved."""
    return int(_number(path, control, "note_offset", 0.0) + _OCTAVE * _number(path, control, "octave_offset", 0.0))


def _key(path: Path, value: str, name: str) -> int:
    """Return a key by its number or its name, C4 being 60."""
    if value.lstrip("+-").isdigit():
        return int(value)
    if match := _NOTE_NAME.fullmatch(value):
        letter, accidental, octave = match.groups()
        return _SEMITONES[letter.lower()] + _ACCIDENTALS[accidental.lower()] + _OCTAVE * (int(octave) + 1)
    raise ConfigError(where=f"{path}: {name}", expected="a key number or note name", got=repr(value))


def _number(path: Path, said: Mapping[str, str], name: str, default: float) -> float:
    """Return the value of an opcode."""
    value = said.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError as error:
        raise ConfigError(where=f"{path}: {name}", expected="a number", got=repr(value)) from error
    if not abs(number) < 1e6:
        raise ConfigError(where=f"{path}: {name}", expected="a number", got=repr(value))
    return number
