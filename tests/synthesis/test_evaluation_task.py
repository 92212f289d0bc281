import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import ConfigError, MetadataError, RebalanceError
from rebalance.audio import loudness_lufs, probe_audio, read_audio
from rebalance.datasets import load_corpus
from rebalance.task import check_task, load_task
from rebalance.taskmaking import write_evaluation_task

DURATION_S = 15.2
DUET, BRASS = "01_Jupiter_vn_vc", "05_Entertainer_tpt_tpt"
CHORALE = "01-AchGottundHerr"


def write_playing(path, hz, *, rate, duration_s=DURATION_S):
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(int(duration_s * rate)) / rate
    tone = sum(np.sin(2 * np.pi * hz * partial * time_s) / partial for partial in range(1, 6))
    soundfile.write(path, 0.05 * tone * (1.2 + np.sin(2 * np.pi * 2 * time_s)), rate, subtype="PCM_16")


def write_room(path, *, seed, n_channels=4, rate=48_000):
    """Write a direct sound ahead and a diffuse tail, W 3 dB down as in FuMa files."""
    rng = np.random.default_rng(seed)
    n_samples = int(0.4 * rate)
    decay = np.exp(-np.arange(n_samples) / (0.08 * rate))
    channels = 0.02 * rng.standard_normal((n_channels, n_samples)) * decay
    channels[0] *= 1 / np.sqrt(2)
    channels[0, 100] += 0.5 / np.sqrt(2)
    channels[1, 100] += 0.5
    soundfile.write(path, channels.T, rate, subtype="FLOAT")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Folders of URMP and BACH10 stand-ins, and two rooms."""
    folder = tmp_path_factory.mktemp("recordings")
    for name, hertz in ((DUET, {"vn": 440, "vc": 110}), (BRASS, {"tpt": 330})):
        number, title = name.split("_")[:2]
        codes = name.split("_")[2:]
        for part, code in enumerate(codes, 1):
            write_playing(
                folder / "URMP" / name / f"AuSep_{part}_{code}_{number}_{title}.wav", hertz[code], rate=48_000
            )
    for suffix, hz in (("violin", 660), ("clarinet", 440), ("saxphone", 220), ("bassoon", 110)):
        write_playing(folder / "BACH10" / CHORALE / f"{CHORALE}-{suffix}.wav", hz, rate=44_100)
    for seed in (1, 2):
        write_room(folder / f"room-{seed}.wav", seed=seed)
    return folder


def opened(recordings, *names):
    return [load_corpus(name, recordings / name, purpose="evaluation") for name in names]


def rooms(recordings):
    return [recordings / "room-1.wav", recordings / "room-2.wav"]


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def evaluation(recordings, tmp_path_factory):
    root = tmp_path_factory.mktemp("evaluation")
    with ThreadPoolExecutor(2) as executor:
        corpora = opened(recordings, "URMP", "BACH10")
        summary = write_evaluation_task(root, corpora, rooms(recordings), seed=4, executor=executor)
    return root, summary


def test_the_task_passes_its_check_without_a_warning(evaluation):
    root, _ = evaluation
    assert check_task(root, "test", jobs=1).problems == ()


def test_every_suitable_piece_becomes_segments_with_four_gains(evaluation):
    root, summary = evaluation
    task = load_task(root, "test")
    assert list(task.segments) == [f"{DUET}_000", f"{CHORALE}_000"]
    assert summary.unsuitable_pieces == (BRASS,)
    assert summary.task.n_scenes == 8
    assert next(iter(task.scenes)) == "S60001"
    assert [source.label for source in task.segments[f"{CHORALE}_000"].sources] == [
        "Violin",
        "Clarinet",
        "Sax",
        "Bassoon",
    ]
    assert {source.dataset for source in task.segments[f"{DUET}_000"].sources} == {"URMP"}
    assert "pieces with other instruments or numbers of players: 1" in summary.lines


def test_mono_recordings_become_stereo_at_the_loudness_of_the_challenge(evaluation):
    root, _ = evaluation
    task = load_task(root, "test")
    for segment in task.segments.values():
        header = probe_audio(task.audio_path(segment.mixture))
        assert (header.sample_rate, header.n_channels) == (44_100, 2)
        whole = read_audio(task.audio_path(segment.mixture)).samples
        assert loudness_lufs(whole, 44_100) == pytest.approx(-40, abs=0.1)
        stems = [read_audio(task.audio_path(source)).samples for source in segment.sources]
        np.testing.assert_array_equal(sum(stems), whole)


def test_every_player_sits_somewhere_else(evaluation):
    root, _ = evaluation
    task = load_task(root, "test")
    balances = []
    for source in task.segments[f"{CHORALE}_000"].sources:
        left, right = np.sqrt(np.mean(np.square(read_audio(task.audio_path(source)).samples, dtype=np.float64), axis=1))
        balances.append(20 * np.log10(left / right))
    assert min(balances) < -0.3
    assert max(balances) > 0.3
    assert np.min(np.diff(np.sort(balances))) > 0.1


def test_the_last_note_dies_away_in_the_room(evaluation):
    root, _ = evaluation
    task = load_task(root, "test")
    header = probe_audio(task.audio_path(task.segments[f"{DUET}_000"].mixture))
    assert header.duration_s > DURATION_S + 0.3


def test_what_the_audio_was_made_of_is_written_down(evaluation):
    root, _ = evaluation
    provenance = json.loads((root / "metadata" / "provenance.test.json").read_text())
    assert [corpus["name"] for corpus in provenance["corpora"]] == ["URMP", "BACH10"]
    assert all(corpus["evaluation_material"] for corpus in provenance["corpora"])
    assert provenance["rooms"] == ["room-1.wav", "room-2.wav"]


def test_a_piece_sounds_the_same_whatever_else_is_rendered(evaluation, recordings, tmp_path, threads):
    root, _ = evaluation
    write_evaluation_task(tmp_path, opened(recordings, "BACH10"), rooms(recordings), seed=4, executor=threads)
    for name in ("mixture", "Sax"):
        track = f"audio/test/{CHORALE}/{name}.flac"
        assert (tmp_path / track).read_bytes() == (root / track).read_bytes()


def test_evaluation_material_does_not_become_a_training_set_unnoticed(recordings, tmp_path, threads):
    options = {"seed": 1, "split": "train", "executor": threads}
    with pytest.raises(ConfigError, match="URMP is evaluation material and was opened for evaluation: no training set"):
        write_evaluation_task(tmp_path, opened(recordings, "URMP"), rooms(recordings), **options)
    words = "I know that URMP is evaluation material"
    corpus = load_corpus("URMP", recordings / "URMP", purpose="training", allow_evaluation_material=words)
    write_evaluation_task(tmp_path, [corpus], rooms(recordings), **options)
    provenance = json.loads((tmp_path / "metadata" / "provenance.train.json").read_text())
    assert provenance["corpora"][0]["trains_on_evaluation_material"] is True


def test_without_a_room_or_a_suitable_piece_there_is_no_task(recordings, tmp_path, threads):
    with pytest.raises(ConfigError, match="expected at least one B-format impulse response"):
        write_evaluation_task(tmp_path, opened(recordings, "URMP"), [], seed=1, executor=threads)
    brass_only = tmp_path / "URMP"
    write_playing(brass_only / BRASS / "AuSep_1_tpt_05_Entertainer.wav", 330, rate=48_000, duration_s=0.5)
    corpus = load_corpus("URMP", brass_only, purpose="evaluation")
    with pytest.raises(MetadataError, match="1 pieces: expected some with two to five players"):
        write_evaluation_task(tmp_path, [corpus], rooms(recordings), seed=1, executor=threads)


def test_a_response_with_two_channels_is_refused_by_name(recordings, tmp_path, threads):
    write_room(tmp_path / "stereo.wav", seed=3, n_channels=2)
    with pytest.raises(RebalanceError, match=r"stereo\.wav: expected .*4.*, got 2"):
        write_evaluation_task(
            tmp_path / "out", opened(recordings, "BACH10"), [tmp_path / "stereo.wav"], seed=1, executor=threads
        )


def test_parts_of_different_lengths_do_not_belong_together(recordings, tmp_path, threads):
    folder = tmp_path / "URMP" / DUET
    write_playing(folder / "AuSep_1_vn_01_Jupiter.wav", 440, rate=48_000)
    write_playing(folder / "AuSep_2_vc_01_Jupiter.wav", 110, rate=48_000, duration_s=9.0)
    corpus = load_corpus("URMP", tmp_path / "URMP", purpose="evaluation")
    with pytest.raises(RebalanceError, match=r"expected parts of one length, got 9\.0, 15\.2 s"):
        write_evaluation_task(tmp_path / "out", [corpus], rooms(recordings), seed=1, executor=threads)


def test_one_bad_stem_is_reported_and_the_other_pieces_are_done(recordings, tmp_path, threads):
    folder = tmp_path / "URMP" / DUET
    write_playing(folder / "AuSep_1_vn_01_Jupiter.wav", 440, rate=48_000)
    (folder / "AuSep_2_vc_01_Jupiter.wav").write_bytes(b"RIFF, cut off")
    bad = load_corpus("URMP", tmp_path / "URMP", purpose="evaluation")
    corpora = [bad, *opened(recordings, "BACH10")]
    summary = write_evaluation_task(tmp_path / "out", corpora, rooms(recordings), seed=4, executor=threads)
    (failure,) = summary.failures
    assert failure.item == f"piece URMP {DUET}"
    assert "AuSep_2" in failure.reason
    assert set(load_task(tmp_path / "out", "test").segments) == {f"{CHORALE}_000"}
