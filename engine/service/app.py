"""The service's addresses: photos in, answers out; what the model is; whether it is well; and a page about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import engine
from engine.control import Control
from engine.errors import ThawError
from engine.events import Prediction
from engine.model_file import NETWORK, Preprocessing
from engine.service.answering import Answering
from engine.service.body import Refused, Sent, photos_in, read_body
from engine.service.docs_page import POLICY, page
from engine.service.limits import RETRY_SECONDS, is_own_name, is_same_place

_BINARY = {"type": "string", "format": "binary"}
_PHOTOS = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": _BINARY},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"photo": {"type": "array", "items": _BINARY}}}
            },
        },
    }
}


class Share(BaseModel):
    """A class, and the model's confidence in it (0 to 1)."""

    label: str
    confidence: float


class PhotoAnswer(BaseModel):
    """A photo's answer. `label` may be "unknown"; a photo that could not be read has an `error`, a sentence, and no
    label."""

    name: str
    label: str
    confidence: float
    top: list[Share]
    error: str


class Answers(BaseModel):
    """An answer for each photo, in the order in which they were sent."""

    model: str
    answers: list[PhotoAnswer]


class ModelTold(BaseModel):
    """What the model file says of itself. `sha256` is the network's."""

    name: str
    classes: list[str]
    preprocessing: Preprocessing
    sha256: str
    temperature: float
    thresholds: dict[str, float]
    architecture: dict[str, Any]
    lineage: dict[str, Any]


class Health(BaseModel):
    """`status` is "ok", or "paused"; the numbers are since the start."""

    status: str
    requests: int
    photos: int
    failed: int


class ErrorTold(BaseModel):
    """Why a request was not served."""

    error: str = Field(examples=["The body is empty; send a photo's bytes, or a form with photos."])


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorTold, "description": "No photo, or a damaged form"},
    403: {"model": ErrorTold, "description": "A page of another place asks"},
    408: {"model": ErrorTold, "description": "The body came too slowly"},
    413: {"model": ErrorTold, "description": "Too large, or too many photos"},
    422: {"model": ErrorTold, "description": "A value in the address is wrong"},
    503: {"model": ErrorTold, "description": "Too many requests at once; Retry-After says when to try again"},
}


def make_app(answering: Answering, control: Control, only_this_machine: bool) -> FastAPI:
    """`only_this_machine` is whether requests must call it by this machine's own name for itself."""
    manifest = answering.classifier.model_file.manifest
    app = FastAPI(
        title=f"Thaw: {manifest.name}", version=engine.__version__, docs_url=None, redoc_url=None,
        description="Classifies photos with one model, on this machine.",
    )  # fmt: skip
    _tell_errors(app)
    _guard(app, only_this_machine)

    @app.post("/predict", summary="Classify photos", responses=_REFUSALS, openapi_extra=_PHOTOS)
    async def predict(
        request: Request,
        top: int | None = Query(
            None, ge=1, description="How many classes to name; not more than the service was started with"
        ),
    ) -> Answers:
        """The body is one photo, or a form with several files. A photo that cannot be read is an answer with an
        error."""
        if control.paused:
            raise Refused(503, "The service is paused; try again later.")
        with answering:
            body = await read_body(request.stream(), request.headers.get("content-length", ""), answering.limits)
            sent, found = await asyncio.get_running_loop().run_in_executor(
                answering.pool, _answer, answering, body, request.headers.get("content-type", ""), top
            )
        return Answers(model=manifest.name, answers=list(map(_told, sent, found)))

    @app.get("/model", summary="What the model is")
    async def model() -> ModelTold:
        told = manifest.model_dump(include=_TOLD) | {"classes": answering.rules.classes}
        return ModelTold(sha256=manifest.members.get(NETWORK, ""), **told)

    @app.get("/health", summary="Whether the service is well")
    async def health() -> Health:
        status = "paused" if control.paused else "ok"
        return Health(status=status, requests=answering.requests, photos=answering.photos, failed=answering.failed)

    _describe(app)
    return app


_TOLD = set(ModelTold.model_fields) - {"sha256"}


def _answer(answering: Answering, body: bytes, kind: str, top: int | None) -> tuple[list[Sent], list[Prediction]]:
    sent = photos_in(body, kind, answering.limits)
    return sent, answering.answer(sent, top)


def _told(sent: Sent, found: Prediction) -> PhotoAnswer:
    top = [Share(label=label, confidence=share) for label, share in found.top]
    return PhotoAnswer(name=sent.name, label=found.label, confidence=found.confidence, top=top, error=found.error)


def _describe(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(page(app.openapi(), str(request.base_url)), headers={"Content-Security-Policy": POLICY})


def _guard(app: FastAPI, only_this_machine: bool) -> None:
    @app.middleware("http")
    async def guard(request: Request, serve: Callable[[Request], Awaitable[Response]]) -> Response:
        """Pages on the web are kept out, also those whose name leads here."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if only_this_machine and not is_own_name(host):
            return _error(403, "This service answers to programs on this machine only; call it as 127.0.0.1.")
        if origin is not None and not is_same_place(origin, host):
            return _error(403, "This service does not answer to pages of other places.")
        return await serve(request)


def _tell_errors(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return _error(error.status, error.sentence)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, error: ClientDisconnect) -> Response:
        del error
        return _error(400, "The body was cut off.")  # nobody reads it

    @app.exception_handler(ThawError)
    async def failed(_: Request, error: ThawError) -> Response:
        return _error(500, str(error))

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return _error(422, f"The value of “{first['loc'][-1]}” is wrong: {first['msg']}.")

    @app.exception_handler(HTTPException)
    async def absent(_: Request, error: HTTPException) -> Response:
        sentences = {404: "There is nothing at this address; /docs tells what there is."}
        sentences[405] = "This address takes another method; /docs tells which."
        return _error(error.status_code, sentences.get(error.status_code, str(error.detail)), error.headers)

    @app.exception_handler(Exception)
    async def fault(_: Request, error: Exception) -> Response:
        del error  # uvicorn writes it to the terminal
        return _error(500, "Thaw met a fault of its own; the terminal in which it runs says more.")


def _error(status: int, sentence: str, headers: Any = None) -> Response:
    told = dict(headers or {})
    if status == 503:
        told["Retry-After"] = str(RETRY_SECONDS)
    if status in (408, 413):
        told["Connection"] = "close"  # the rest of the body is not read
    return JSONResponse({"error": sentence}, status, told)
