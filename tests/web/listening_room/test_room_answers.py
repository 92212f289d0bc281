"""What the room takes, refuses and gives away."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
from listening_rooms import QUARTET
from starlette.testclient import TestClient

from rebalance._base.errors import RebalanceError
from rebalance.audio import read_audio
from rebalance.hearing import STANDARD_AUDIOGRAMS, Listener, prescribe
from rebalance.pipeline import separate_recording
from rebalance.separation import SeparatorInfo, load_separator, source_names
from rebalance.web.listening_room import Library, UploadLimits, create_app
from rebalance.web.listening_room._recordings import instruments_in_name
from rebalance.web.listening_room._separations import Progress, Separation

WEB = Path(__file__).parents[3] / "rebalance" / "web"
ASSETS = WEB / "listening_room" / "assets"
MODERATE = Listener(name="me", left=STANDARD_AUDIOGRAMS["N3"], right=STANDARD_AUDIOGRAMS["N2"])
SETTLED = ("ready", "failed", "cancelled")


@pytest.fixture
def library() -> Iterator[Library]:
    limits = UploadLimits(n_bytes=4_000_000, longest_s=20.0)
    with Library(limits=limits, device="cpu") as made:
        yield made


@pytest.fixture
def client(library: Library) -> TestClient:
    return TestClient(create_app(library), base_url="http://127.0.0.1")


def upload(client: TestClient, path: Path, name: str | None = None):
    return client.post("/api/recordings", params={"name": name or path.name}, content=path.read_bytes())


def separated(client: TestClient, path: Path, instruments=QUARTET, separator: str = "mixture") -> dict:
    recording = upload(client, path).json()
    request = {"recording": recording["id"], "instruments": list(instruments), "separator": separator}
    state = client.post("/api/separations", json=request).json()
    while state["stage"] not in SETTLED:
        time.sleep(0.05)
        state = client.get(f"/api/separations/{state['id']}").json()
    return state


def written(path: Path, samples: np.ndarray, sample_rate: int = 44_100) -> Path:
    soundfile.write(path, samples.T, sample_rate, subtype="FLOAT")
    return path


def noise(n_channels: int = 2, duration_s: float = 2.0, level: float = 0.1) -> np.ndarray:
    shape = (n_channels, int(duration_s * 44_100))
    return np.random.default_rng(1).normal(0, level, shape).astype(np.float32).clip(-1, 1)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 88_200)), "found silence"),
        (noise(duration_s=0.2), "expected 1 s to"),
        (noise(level=1e-6), "too quiet"),
        (noise(n_channels=3), "mono or stereo"),
        (noise(duration_s=21.0, n_channels=1), "min of music"),
        (np.full((1, 88_200), np.nan, np.float32), "finite"),
    ],
    ids=["silence", "short", "quiet", "surround", "long", "nan"],
)
def test_music_that_cannot_be_used_is_refused_in_one_line(client, library, tmp_path, samples, message) -> None:
    answer = upload(client, written(tmp_path / "odd.wav", samples))
    assert answer.status_code == 422
    said = answer.json()["error"]
    assert message in said
    assert said.startswith("odd.wav: ")
    assert "\n" not in said
    assert not list(library.folder.iterdir())


def test_long_music_is_decoded_stretch_by_stretch_to_the_same_samples(tmp_path: Path) -> None:
    music = noise(n_channels=1, duration_s=125.3)
    path = tmp_path / "long.flac"
    soundfile.write(path, music.T, 44_100)
    with Library(device="cpu") as library:
        kept = library.add_recording(path, "long.flac")
        np.testing.assert_array_equal(kept.samples, read_audio(path).samples)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "nothing.flac"),
        (b"no music at all", "broken.flac"),
        (b"<!doctype html><p>hello", "page.mp3"),
        (b"fLaC" + bytes(200), "cut.flac"),
        (b"RIFF\x00\x00\x00\x00WAVE", "empty.wav"),
    ],
)
def test_broken_files_are_refused_by_name(client: TestClient, library: Library, content: bytes, name: str) -> None:
    answer = client.post("/api/recordings", params={"name": name}, content=content)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{name}: ")
    assert str(library.folder) not in answer.text
    assert not list(library.folder.iterdir())


def test_a_file_beyond_the_limit_is_refused_and_not_kept(client: TestClient, library: Library) -> None:
    answer = client.post("/api/recordings", params={"name": "big.wav"}, content=bytes(4_000_001))
    assert answer.status_code == 413
    assert "at most" in answer.json()["error"]
    assert not list(library.folder.iterdir())


def test_the_name_of_a_file_leads_nowhere(client: TestClient, library: Library, excerpt: Path) -> None:
    answer = upload(client, excerpt, "../../etc/evil\x00\n.flac")
    assert answer.json()["name"] == "evil.flac"
    assert {path.parent for path in library.folder.rglob("*")} == {library.folder}


def test_the_same_file_is_the_same_recording(client: TestClient, excerpt: Path) -> None:
    first, second = upload(client, excerpt).json(), upload(client, excerpt, "again.flac").json()
    assert first["id"] == second["id"]
    assert first["suggested"] == list(QUARTET)


@pytest.mark.parametrize(
    ("name", "players"),
    [
        ("String Quartet op 33.flac", ("Violin", "Violin", "Viola", "Cello")),
        ("flute_and_cello.wav", ("Cello", "Flute")),
        ("two violins.mp3", ("Violin", "Violin")),
        ("saxophone+bassoon.ogg", ("Bassoon", "Sax")),
        ("track 01.flac", ()),
    ],
)
def test_instruments_are_suggested_from_the_name(name: str, players: tuple[str, ...]) -> None:
    assert instruments_in_name(name) == players


def test_blocks_hold_the_recording_and_its_stems(client: TestClient, excerpt: Path) -> None:
    state = separated(client, excerpt)
    assert (state["stage"], state["players"]) == ("ready", ["Violin_1", "Violin_2", "Viola", "Cello"])
    content = client.get(f"/api/separations/{state['id']}/blocks/1").content
    shape = struct.unpack("<III", content[:12])
    assert shape == (5, 2, state["n_block"])
    scales = np.frombuffer(content, "<f4", 5, 12)
    numbers = np.frombuffer(content, "<i2", offset=32).reshape(shape)
    music = read_audio(excerpt).samples[:, state["n_block"] : 2 * state["n_block"]]
    np.testing.assert_allclose(numbers[0] * scales[0], music, atol=np.abs(music).max() / 30_000)
    np.testing.assert_allclose(numbers[1] * (4 * scales[1]), music, atol=np.abs(music).max() / 8_000)
    assert client.get(f"/api/separations/{state['id']}/blocks/2").status_code == 404


@pytest.mark.parametrize(
    ("instruments", "message"),
    [(["Violin", "Chello"], "did you mean 'Cello'"), (["Violin"] * 9, "at most 8 players")],
)
def test_players_nobody_knows_or_too_many_are_refused(client, excerpt, instruments, message) -> None:
    recording = upload(client, excerpt).json()["id"]
    request = {"recording": recording, "instruments": instruments, "separator": "mixture"}
    answer = client.post("/api/separations", json=request)
    assert answer.status_code == 422
    assert message in answer.json()["error"]


def test_a_separator_that_is_not_offered_is_refused(client: TestClient, excerpt: Path) -> None:
    recording = upload(client, excerpt).json()["id"]
    request = {"recording": recording, "instruments": list(QUARTET), "separator": "os:system"}
    assert client.post("/api/separations", json=request).status_code == 422


def test_what_a_separator_cannot_do_is_said(client: TestClient, excerpt: Path) -> None:
    state = separated(client, excerpt, ("Violin",) * 8, "fast")
    assert state["stage"] == "failed"
    assert state["error"]


@dataclass(frozen=True)
class HeldBack:
    """Separates nothing, and not before it may."""

    may_go_on: threading.Event
    name: str = "held-back"
    sample_rate: int = 44_100
    info: SeparatorInfo = field(default_factory=lambda: SeparatorInfo(shrinkage=0.0))

    def __call__(self, mixture: np.ndarray, instruments: Sequence[str]) -> dict[str, np.ndarray]:
        self.may_go_on.wait(30)
        return {name: mixture / len(instruments) for name in source_names(instruments)}


def test_another_request_stops_the_one_before_and_what_was_stopped_can_be_asked_again(tmp_path: Path) -> None:
    path = written(tmp_path / "long.wav", noise(n_channels=1, duration_s=62.0))
    may_go_on = threading.Event()
    with Library(device="cpu") as library:
        library._load = lambda _: HeldBack(may_go_on=may_go_on)
        recording = library.add_recording(path, "long.wav").identity
        first = library.separate(recording, ("Flute", "Cello"), "any")
        same = library.separate(recording, ("flute", "cello"), "any")
        assert same is first  # a second tab joins
        other = library.separate(recording, ("Flute", "Viola"), "any")
        again = library.separate(recording, ("Flute", "Cello"), "any")
        assert again is not first
        may_go_on.set()
        while again.progress.stage != "ready":
            time.sleep(0.02)
        assert (first.progress.stage, other.progress.stage) == ("cancelled", "cancelled")
        assert again.progress.n_ready == again.stored.n_samples
        assert len(again.overview) == 620


def test_progress_tells_what_is_ready_and_what_is_left(tmp_path: Path) -> None:
    path = written(tmp_path / "long.wav", noise(n_channels=1, duration_s=62.0))
    with Library(device="cpu") as library:
        recording = library.add_recording(path, "long.wav")
        separation = Separation("id", recording, ("Flute", "Cello"), "mixture", library.folder)
        told = []
        separation.run(lambda name: _Watched(separation, told))
        ready = [progress.n_ready for progress in told]
        assert ready[0] == 0
        assert all(before < after for before, after in itertools.pairwise([*ready, 62 * 44_100]))
        assert len(ready) == 3
        assert told[0].left_s is None
        assert told[1].left_s is not None
        assert told[1].left_s > 0
        assert separation.progress.stage == "ready"


class _Watched(HeldBack):
    """Notes how far a separation is whenever it is asked for more."""

    def __init__(self, separation: Separation, told: list[Progress]) -> None:
        super().__init__(may_go_on=threading.Event())
        self.may_go_on.set()
        object.__setattr__(self, "separation", separation)
        object.__setattr__(self, "told", told)

    def __call__(self, mixture: np.ndarray, instruments: Sequence[str]) -> dict[str, np.ndarray]:
        self.told.append(self.separation.progress)
        return super().__call__(mixture, instruments)


def test_24_bits_are_24_bits(client: TestClient, excerpt: Path, tmp_path: Path) -> None:
    state = separated(client, excerpt)
    request = {"gains_db": {}, "format": "wav", "bits": 24}
    (tmp_path / "saved.wav").write_bytes(client.post(f"/api/separations/{state['id']}/remix", json=request).content)
    assert soundfile.info(tmp_path / "saved.wav").subtype == "PCM_24"
    np.testing.assert_array_equal(read_audio(tmp_path / "saved.wav").samples, read_audio(excerpt).samples)


@pytest.mark.parametrize("change", [{"gains_db": {"Tuba": 3}}, {"gains_db": {"Cello": 99}}, {"bits": 8}, {"odd": 1}])
def test_a_remix_nobody_can_make_is_refused(client: TestClient, excerpt: Path, change: dict[str, object]) -> None:
    state = separated(client, excerpt)
    answer = client.post(f"/api/separations/{state['id']}/remix", json={"gains_db": {}} | change)
    assert answer.status_code == 422
    assert isinstance(answer.json()["error"], str)


def test_stems_and_settings_are_files_the_commands_read(client, library, excerpt, tmp_path) -> None:
    from typer.testing import CliRunner

    from rebalance.cli import app

    state = separated(client, excerpt, separator="fast")
    address = f"/api/separations/{state['id']}"
    with zipfile.ZipFile(io.BytesIO(client.post(f"{address}/stems").content)) as archive:
        archive.extractall(tmp_path / "stems")
    expected = separate_recording(read_audio(excerpt), QUARTET, load_separator("fast", device="cpu"))
    for name, stem in expected.items():
        np.testing.assert_allclose(read_audio(tmp_path / "stems" / f"{name}.flac").samples, stem, atol=2**-15)

    request = {"gains_db": {"Cello": 4.5}, "format": "flac", "bits": 16}
    (tmp_path / "gains.json").write_bytes(client.post(f"{address}/gains", json=request).content)
    hearing = {"frequencies_hz": [500, 4000], "left_db_hl": [30, 60], "right_db_hl": [20, 50]}
    (tmp_path / "listener.json").write_bytes(client.post("/api/listener-file", json=hearing).content)
    saved = client.post(f"{address}/remix", json={**request, "hearing": hearing})
    command = ["remix", excerpt, "--instruments", ",".join(QUARTET), "--separator", "fast", "--device", "cpu"]
    command += ["--gains", tmp_path / "gains.json", "--listener", tmp_path / "listener.json"]
    command += ["--out", tmp_path / "mine.flac"]
    result = CliRunner().invoke(app, [str(part) for part in command])
    assert result.exit_code == 0, result.output
    (tmp_path / "saved.flac").write_bytes(saved.content)
    made, kept = (read_audio(tmp_path / name) for name in ("mine.flac", "saved.flac"))
    np.testing.assert_allclose(kept.samples, made.samples, rtol=0, atol=1.01 * 2**-15)  # of 16 bits the last
    assert np.mean(kept.samples != made.samples) < 0.01
    assert {path.suffix for path in library.folder.iterdir()} == {".f32"}


def test_listener_files_are_read_and_faults_told(client: TestClient) -> None:
    entry = {"audiogram_cfs": [250, 8000], "audiogram_levels_l": [10, 60], "audiogram_levels_r": [0, 70]}
    answer = client.post("/api/listeners", params={"name": "me.json"}, content=json.dumps(entry).encode())
    (heard,) = answer.json()
    assert heard["left_db_hl"][0] == 10
    assert heard["right_db_hl"][-1] == 70
    answer = client.post("/api/listeners", params={"name": "me.json"}, content=b"{]")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("me.json")


def test_prescriptions_are_those_of_the_library(client: TestClient) -> None:
    frequencies_hz = MODERATE.left.frequencies_hz
    hearing = {
        "frequencies_hz": frequencies_hz,
        "left_db_hl": MODERATE.left.thresholds_db_hl,
        "right_db_hl": MODERATE.right.thresholds_db_hl,
    }
    answer = client.post("/api/prescription", json=hearing).json()
    assert answer["left"]["gains_db"] == pytest.approx(prescribe(MODERATE).left.gains_db)
    assert answer["right"]["ratios"] == pytest.approx(prescribe(MODERATE).right.ratios)
    assert answer["severity"] == MODERATE.severity("site")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1.evil.example:80"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "localhost:7370", "origin": "http://localhost:7370"}, 200),
    ],
)
def test_other_pages_and_other_names_are_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.get("/api/setup", headers=headers).status_code == status


def test_every_answer_carries_the_policy(client: TestClient) -> None:
    for address in ("/", "/page.js", "/api/setup", "/nowhere", "/../../etc/passwd"):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_beyond_this_machine_a_token_is_asked_for(library: Library) -> None:
    client = TestClient(create_app(library, token="secret-token"), base_url="http://192.0.2.1", follow_redirects=False)
    assert client.get("/api/setup").status_code == 401
    assert "Token" in client.get("/").text
    assert client.get("/", params={"token": "wrong"}).status_code == 401
    entered = client.get("/", params={"token": "secret-token"})
    assert entered.status_code == 303
    assert "httponly" in entered.headers["set-cookie"].lower()
    assert client.get("/api/setup").status_code == 200


def test_nothing_is_left_when_the_library_closes(excerpt: Path) -> None:
    with Library(device="cpu") as library:
        recording = library.add_recording(excerpt, "quartet.flac")
        library.separate(recording.identity, QUARTET, "mixture")
        folder = library.folder
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_opens_a_room_and_leaves_nothing_behind(excerpt: Path, tmp_path: Path, ending: int) -> None:
    command = [sys.executable, "-m", "rebalance", "listen", str(excerpt), "--instruments", ",".join(QUARTET)]
    command += ["--separator", "mixture", "--port", "0", "--no-browser"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert address, line
        with urllib.request.urlopen(f"{address[0]}api/setup") as answer:
            setup = json.load(answer)
        assert setup["opened"]
        assert setup["opened_separation"]
        assert list(tmp_path.glob("rebalance-listening-*"))
        process.send_signal(ending)
        said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == ("", "")
    assert not list(tmp_path.glob("rebalance-listening-*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--instruments", "violin,cello"], "expected FILE"),
        (["nowhere.flac"], "no such audio file"),
        (["--host", "256.1.1.1"], "cannot listen"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], message: str) -> None:
    from typer.testing import CliRunner

    from rebalance.cli import app

    result = CliRunner().invoke(app, ["listen", "--no-browser", *arguments])
    assert isinstance(result.exception, RebalanceError)
    assert message in str(result.exception)


def test_the_committed_build_is_that_of_the_source() -> None:
    page = WEB / "frontend"
    files = [page / name for name in ("package.json", "package-lock.json", "tsconfig.json", "vite.config.js")]
    files += [page / "index.html", *(page / "src").rglob("*"), *(page / "public").rglob("*")]
    names = ["../assets/base.css", *(path.relative_to(page).as_posix() for path in files if path.is_file())]
    summed = hashlib.sha256()
    for name in sorted(names):
        text = (page / name).read_bytes().replace(b"\r\n", b"\n")
        summed.update(f"{name}\0".encode() + text + b"\0")
    built_from = (ASSETS / "source.sha256").read_text(encoding="utf-8").strip()
    assert built_from == summed.hexdigest(), "run: npm ci && npm run build, in rebalance/web/frontend"


def test_the_page_is_small() -> None:
    sizes = [len(gzip.compress(path.read_bytes())) for path in ASSETS.iterdir()]
    assert sum(sizes) < 300_000
