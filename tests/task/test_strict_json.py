from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rebalance._base.errors import MetadataError
from rebalance.task import read_json
from rebalance.task._strict_json import JsonError, key_text

PLAIN_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | PLAIN_TEXT,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(PLAIN_TEXT, children, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "file.json"


def refusal(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(MetadataError) as caught:
        read_json(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"S1": {"gain": 1,\n  "gain": 2}}',
            'S1.gain: expected every key once, got the key "gain" twice',
        ),
        ('{"L1": {"levels": [1, NaN]}}', "L1.levels[1]: expected a finite number, got NaN"),
        ('{"a b": [-Infinity]}', "['a b'][0]: expected a finite number, got -Infinity"),
        ('[{"x": 1e999}]', "[0].x: expected a finite number, got 1e999"),
        (
            '{"a": {"b": [1, 2',
            "line 1, column 18: expected valid JSON (Expecting ',' delimiter), got the end of the file",
        ),
        (
            '{"a": "b',
            "line 1, column 7: expected valid JSON (Unterminated string starting at), got the end of the file",
        ),
        ('{"a": 1,}', "line 1, column 9: expected valid JSON"),
        ("{'a': 1}", "line 1, column 2: expected valid JSON"),
        ("", "line 1: expected a JSON object, got an empty file"),
        ("  \n", "line 1: expected a JSON object, got an empty file"),
        (b'{"name": "caf\xe9"}', "byte 13: expected UTF-8 text, got byte 0xe9"),
        ('{"a": "\\ud800"}', "a: expected text without control characters and unpaired surrogates"),
        ('{"x\\u0000": 1}', "['x\\x00']: expected text without control characters"),
    ],
)
def test_a_refusal_names_the_place_and_what_is_wrong(scratch: Path, content: str | bytes, message: str) -> None:
    assert message in refusal(scratch, content)


def test_keys_that_differ_only_in_their_escapes_are_duplicates(scratch: Path) -> None:
    assert "twice" in refusal(scratch, '{"Ab": 1, "\\u0041b": 2}')


def test_the_same_key_in_different_objects_is_no_duplicate(scratch: Path) -> None:
    scratch.write_text('[{"a": {"a": 1}}, {"a": 2}]')
    assert read_json(scratch) == [{"a": {"a": 1}}, {"a": 2}]


@pytest.mark.parametrize("depth", [17, 500, 100_000])
def test_deep_nesting_is_refused_at_any_depth(scratch: Path, depth: int) -> None:
    assert "nesting" in refusal(scratch, "[" * depth + "]" * depth)


def test_sixteen_levels_with_a_number_in_the_last_are_read(scratch: Path) -> None:
    scratch.write_text("[" * 16 + "1" + "]" * 16)
    assert "1" in str(read_json(scratch))


def test_the_first_fault_of_several_is_told_with_its_key(scratch: Path) -> None:
    assert refusal(scratch, '{"a": [1, {"b": 1, "c": Infinity}], "d": NaN}').startswith("a[1].c: expected a finite")


def test_an_error_carries_file_key_expected_and_got(scratch: Path) -> None:
    scratch.write_text('{"a": NaN}')
    with pytest.raises(JsonError) as caught:
        read_json(scratch)
    error = caught.value
    assert (error.file, error.key, error.expected, error.got) == (scratch, "a", "a finite number", "NaN")
    assert error.where == f"{scratch}: a"


def test_a_number_with_too_many_digits_for_python_is_refused(scratch: Path) -> None:
    assert "expected a finite number, got 99999999999999999999..." in refusal(scratch, f"[{'9' * 5000}]")


def test_a_byte_order_mark_is_skipped(scratch: Path) -> None:
    scratch.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(scratch) == {"a": 1}


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="no such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(MetadataError, match="cannot read"):
        read_json(tmp_path)


def test_a_name_no_file_can_have_is_refused() -> None:
    with pytest.raises(MetadataError, match="a name that no file can have"):
        read_json(Path("a\0b"))


def test_key_paths_are_written_as_in_code() -> None:
    assert key_text(("L0001", "levels", 2)) == "L0001.levels[2]"
    assert key_text(("two words", "x")) == "['two words'].x"


@given(value=JSON_VALUES)
def test_what_python_writes_is_read_back(scratch: Path, value: object) -> None:
    scratch.write_text(json.dumps(value), encoding="utf-8")
    assert read_json(scratch) == value


def is_refused(path: Path) -> bool:
    """Whether the file is refused, in one line that names it; any other exception passes through."""
    try:
        read_json(path)
    except MetadataError as error:
        message = str(error)
    else:
        return False
    assert message.startswith(str(path))
    assert "\n" not in message
    return True


@given(text=st.text(st.sampled_from('{}[]:,"\\ \n\u20ac019.-eEaNulf'), max_size=40) | st.text(max_size=30))
def test_what_python_refuses_to_read_is_refused_in_one_line(scratch: Path, text: str) -> None:
    scratch.write_bytes(text.encode("utf-8", "surrogatepass"))
    refused = is_refused(scratch)
    try:
        json.loads(scratch.read_text(encoding="utf-8-sig"))
    except ValueError:
        assert refused


@given(content=st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_in_one_line(scratch: Path, content: bytes) -> None:
    scratch.write_bytes(content)
    assert is_refused(scratch) or json.loads(content.decode("utf-8-sig")) is not ...
