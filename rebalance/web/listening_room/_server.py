"""The pages and answers of the room."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.semantics import VERSION
from rebalance.hearing import CHALLENGE_AID, STANDARD_AUDIOGRAMS, Listener, live_loss_filters, prescribe
from rebalance.separation import SEPARATORS, shipped_weights
from rebalance.task import read_listeners
from rebalance.web import Guard, answer_errors_in_one_line, attachment, shown_name, temporary_attachment, uploaded
from rebalance.web.listening_room import _messages as messages
from rebalance.web.listening_room._aided import aided_loudness_lufs
from rebalance.web.listening_room._blocks import block_length, encoded_block
from rebalance.web.listening_room._library import Library
from rebalance.web.listening_room._recordings import StoredRecording
from rebalance.web.listening_room._saving import gains_document, listener_document, save_remix, save_stems
from rebalance.web.listening_room._separations import Separation

Held = TypeVar("Held")

ASSETS = Path(__file__).parent / "assets"

_TITLES = {
    "default": "Best quality",
    "fast": "Quick",
    "mixture": "None, to try the page only",
}
_MAX_LISTENER_FILE = 2**20
# The page plays music at -23 LUFS and takes that to be 65 dB SPL at either ear (both ears alike: +3.0 - 0.7 LU).
FULL_SCALE_DB_SPL = 65.0 + 23.0 + 2.3


def create_app(
    library: Library, *, token: str | None = None, opened: str | None = None, separation: str | None = None
) -> Guard:
    """Return the room as an ASGI application.

    Parameters
    ----------
    library
        Recordings and separations of the room.
    token
        What is asked of whoever enters; None where only this machine can.
    opened
        Identity of the recording the page begins with.
    separation
        Identity of the separation the page begins with.

    Examples
    --------
    >>> from starlette.testclient import TestClient
    >>> from rebalance.web.listening_room import Library, create_app
    >>> with Library() as library:
    ...     room = TestClient(create_app(library), base_url="http://localhost")
    ...     page, strange = room.get("/"), room.get("/", headers={"host": "elsewhere.example"})
    >>> page.status_code, page.headers["content-type"]
    (200, 'text/html; charset=utf-8')
    >>> strange.text
    'the listening room is open to this machine only'
    """
    app = FastAPI(title="rebalance listening room", docs_url=None, redoc_url=None, openapi_url=None)
    answer_errors_in_one_line(app)
    for routes in (_setup_routes(library, opened, separation), _music_routes(library), _hearing_routes(library)):
        app.include_router(routes)
    app.include_router(_saving_routes(library))
    app.mount("/", StaticFiles(directory=ASSETS, html=True), name="page")
    return Guard(app=app, token=token, name="the listening room")


def _setup_routes(library: Library, opened: str | None, separation: str | None) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/setup")
    def setup() -> messages.Setup:
        """Say what the room offers."""
        frequencies_hz = CAD2_TASK2.audiogram_frequencies_hz
        return messages.Setup(
            version=VERSION,
            instruments=list(CAD2_TASK2.instruments),
            separators=_choices(),
            demos=sorted(library.demos),
            standard_hearing={
                name: messages.Hearing.of(Listener(name=name, left=audiogram, right=audiogram), frequencies_hz)
                for name, audiogram in STANDARD_AUDIOGRAMS.items()
            },
            frequencies_hz=list(frequencies_hz),
            aid=_aid(),
            largest_upload=library.limits.n_bytes,
            n_players=library.limits.n_players,
            opened=opened,
            opened_separation=separation,
        )

    return routes


def _music_routes(library: Library) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/recordings")
    async def upload(request: Request, name: str) -> messages.RecordingState:
        """Take the file in the body of the request."""
        shown = shown_name(name)
        async with uploaded(request, library.folder, name, max_bytes=library.limits.n_bytes) as path:
            return _recording_state(await run_in_threadpool(library.add_recording, path, shown))

    @routes.post("/api/demos/{demo}")
    def open_demo(demo: str) -> messages.RecordingState:
        """Take a piece of the embedded task."""
        return _recording_state(library.add_demo(demo))

    @routes.get("/api/recordings/{identity}")
    def recording(identity: str) -> messages.RecordingState:
        """Describe a recording."""
        return _recording_state(_found(library.recording, identity))

    @routes.post("/api/separations")
    def separate(request: messages.Request) -> messages.SeparationState:
        """Begin to separate."""
        if request.separator not in {choice.name for choice in _choices()}:
            raise ConfigError(where=f"separator {request.separator!r}", expected="one that the page offers")
        _found(library.recording, request.recording)
        return _separation_state(library.separate(request.recording, request.instruments, request.separator))

    @routes.get("/api/separations/{identity}")
    def separation(identity: str) -> messages.SeparationState:
        """Say how far a separation is."""
        return _separation_state(_found(library.separation, identity))

    @routes.delete("/api/separations/{identity}")
    def cancel(identity: str) -> messages.SeparationState:
        """Stop a separation."""
        found = _found(library.separation, identity)
        found.cancel()
        return _separation_state(found)

    @routes.get("/api/separations/{identity}/overview")
    def overview(identity: str, first: int = 0) -> Response:
        """Send the rows of the overview from one on, as float32."""
        rows = _found(library.separation, identity).overview[max(first, 0) :]
        return Response(rows.astype("<f4").tobytes(), media_type="application/octet-stream")

    @routes.get("/api/separations/{identity}/blocks/{index}")
    def block(identity: str, index: int) -> Response:
        """Send a stretch of the recording and its stems."""
        try:
            content = encoded_block(_found(library.separation, identity), index)
        except IndexError as error:
            raise HTTPException(404, str(error)) from error
        if content is None:
            raise HTTPException(409, "this stretch is not separated yet")
        headers = {"Cache-Control": "no-store"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    return routes


def _hearing_routes(library: Library) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/prescription")
    def prescription(hearing: messages.Hearing) -> messages.Prescription:
        """Prescribe compressor settings."""
        listener = hearing.listener()
        return messages.Prescription.of(prescribe(listener), listener.severity("site"))

    @routes.post("/api/simulated-loss")
    def simulated_loss(request: messages.LossRequest) -> messages.SimulatedLoss:
        """Send what simulates the loss of both ears."""
        listener = request.hearing.listener()
        left, right = (
            live_loss_filters(ear, sample_rate=request.sample_rate, full_scale_db_spl=FULL_SCALE_DB_SPL)
            for ear in (listener.left, listener.right)
        )
        return messages.SimulatedLoss(left=left, right=right)

    @routes.post("/api/separations/{identity}/aided-loudness")
    def aided_loudness(identity: str, request: messages.AidedRequest) -> messages.AidedLoudness:
        """Say how loud the aid makes a remix."""
        fitting = prescribe(request.hearing.listener())
        before, after = aided_loudness_lufs(_found(library.separation, identity), request.weights, fitting)
        return messages.AidedLoudness(input_lufs=before, output_lufs=after)

    @routes.post("/api/listeners")
    async def read_listener_file(request: Request, name: str) -> list[messages.Hearing]:
        """Read the listeners of the file in the body of the request."""
        body = await request.body()
        if len(body) > _MAX_LISTENER_FILE:
            raise HTTPException(413, f"expected at most {_MAX_LISTENER_FILE} bytes, got {len(body)}")
        return await run_in_threadpool(_listeners, library, body, shown_name(name))

    @routes.post("/api/listener-file")
    def listener_file(hearing: messages.Hearing) -> Response:
        """Send a listener as a file."""
        return attachment(listener_document(hearing.listener()), "listener.json")

    return routes


def _saving_routes(library: Library) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/separations/{identity}/remix")
    def remix(identity: str, request: messages.SaveRequest) -> Response:
        """Send the remix as a file."""
        separation = _found(library.separation, identity)
        listener = request.hearing.listener() if request.hearing is not None else None
        path = save_remix(
            separation, request.gains_db, listener, library.folder, file_format=request.format, bits=request.bits
        )
        return temporary_attachment(path, f"{Path(separation.stored.name).stem} rebalanced.{request.format}")

    @routes.post("/api/separations/{identity}/stems")
    def stems(identity: str) -> Response:
        """Send the stems as an archive."""
        separation = _found(library.separation, identity)
        return temporary_attachment(
            save_stems(separation, library.folder), f"{Path(separation.stored.name).stem} stems.zip"
        )

    @routes.post("/api/separations/{identity}/gains")
    def gains(identity: str, request: messages.SaveRequest) -> Response:
        """Send the gains as a file."""
        return attachment(gains_document(_found(library.separation, identity), request.gains_db), "gains.json")

    return routes


def _listeners(library: Library, body: bytes, name: str) -> list[messages.Hearing]:
    """Read listeners from the content of a file."""
    with tempfile.TemporaryDirectory(dir=library.folder) as folder:
        path = Path(folder) / "listener.json"
        path.write_bytes(body)
        try:
            listeners = read_listeners(path)
        except RebalanceError as error:
            raise ConfigError(str(error).replace(str(path), name)) from error
    frequencies_hz = CAD2_TASK2.audiogram_frequencies_hz
    return [messages.Hearing.of(listener, frequencies_hz) for listener in listeners.values()]


def _choices() -> list[messages.SeparatorChoice]:
    """Return the separators the page offers."""
    known = {*shipped_weights(), *SEPARATORS}
    return [messages.SeparatorChoice(name=name, title=title) for name, title in _TITLES.items() if name in known]


def _aid() -> messages.AidState:
    return messages.AidState(
        crossover_frequencies_hz=list(CHALLENGE_AID.crossover_frequencies_hz),
        thresholds_db=list(CHALLENGE_AID.thresholds_db),
        attacks_ms=list(CHALLENGE_AID.attacks_ms),
        releases_ms=list(CHALLENGE_AID.releases_ms),
        band_frequencies_hz=list(CAD2_TASK2.compressor_band_frequencies_hz),
        input_lufs=CAD2_TASK2.mixture_loudness_lufs,
    )


def _recording_state(stored: StoredRecording) -> messages.RecordingState:
    return messages.RecordingState(
        id=stored.identity,
        name=stored.name,
        sample_rate=stored.sample_rate,
        n_channels=stored.n_channels,
        n_samples=stored.n_samples,
        remarks=list(stored.remarks),
        suggested=list(stored.suggested),
    )


def _separation_state(separation: Separation) -> messages.SeparationState:
    progress = separation.progress
    return messages.SeparationState(
        id=separation.identity,
        recording=_recording_state(separation.stored),
        instruments=list(separation.instruments),
        players=list(separation.names),
        separator=separation.separator_name,
        shrinkage=list(separation.shrinkage),
        stage=progress.stage,
        n_ready=progress.n_ready,
        n_hops=len(separation.overview),
        left_s=progress.left_s,
        error=progress.error,
        hardly_heard=list(separation.hardly_heard()),
        n_block=block_length(separation.stored),
    )


def _found(lookup: Callable[[str], Held], identity: str) -> Held:
    """Return what the room holds under an identity, or answer that it holds nothing of the kind."""
    try:
        return lookup(identity)
    except KeyError as error:
        raise HTTPException(404, "the room does not hold this music any more") from error
