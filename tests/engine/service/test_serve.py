"""The service as other programs lean on it."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from engine.control import Control
from engine.errors import ThawError
from engine.events import Notice, Prediction, Served, ServiceFinished, ServiceStarted
from engine.prediction.batch import predict
from engine.prediction.hierarchy import Hierarchy
from engine.prediction.rules import rules_for
from engine.prediction.runtime import Classifier
from engine.service import serve as serving
from engine.service.answering import Answering
from engine.service.app import make_app
from engine.service.body import Refused, Sent, photos_in, read_body
from engine.service.limits import Limits, is_loopback, is_own_name
from engine.service.serve import serve
from tests.engine import tiny_model

LIMITS = Limits(threads=1, requests=2, body_bytes=4000, photos=3, megapixels=0.01, seconds=0.2)


def png(colour: str = "red", side: int = 40) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.make(tmp_path_factory.mktemp("service") / "m.thaw", thresholds={"blue": 0.99999}).path


@pytest.fixture(scope="module")
def answering(model: Path) -> Iterator[Answering]:
    file = tiny_model.model_file.open_model(model)
    rules = rules_for(file.manifest.classes, file.manifest.thresholds)
    made = Answering(Classifier(file, threads=1), rules, LIMITS, 3)
    yield made
    made.pool.shutdown()


@pytest.fixture(scope="module")
def client(answering: Answering) -> TestClient:
    return TestClient(make_app(answering, Control(), True), "http://127.0.0.1", raise_server_exceptions=False)


def error(response: Any) -> tuple[int, str]:
    assert list(response.json()) == ["error"], response.text
    return response.status_code, response.json()["error"]


def test_one_photo_has_the_answer_of_a_batch(client: TestClient, model: Path, tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(png())
    (expected,) = [one for one in predict(model, [tmp_path / "red.png"]) if isinstance(one, Prediction)]
    told = client.post("/predict", content=png()).json()
    assert told["model"] == "Colours"
    (answer,) = told["answers"]
    assert (answer["label"], answer["confidence"], answer["error"]) == ("red", expected.confidence, "")
    assert [(one["label"], one["confidence"]) for one in answer["top"]] == list(expected.top)


def test_a_form_of_photos_is_answered_in_order_and_a_bad_one_is_an_answer(client: TestClient) -> None:
    files = [("photo", ("a/grün.png", png("lime"))), ("photo", ("b.jpg", b"no photo")), ("x", ("c.png", png("blue")))]
    response = client.post("/predict?top=1", files=files, data={"note": "not a file"})
    green, bad, blue = response.json()["answers"]
    assert (response.status_code, green["name"], green["label"], len(green["top"])) == (200, "a/grün.png", "green", 1)
    assert (bad["label"], bad["confidence"], bad["top"]) == ("", 0.0, []) and "“b.jpg” is no photo" in bad["error"]
    assert blue["label"] == "unknown"  # the model file's own threshold counts


def test_a_photo_of_too_many_megapixels_is_an_answer_with_an_error(client: TestClient) -> None:
    (answer,) = client.post("/predict", content=png(side=200)).json()["answers"]
    assert "megapixels" in answer["error"]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"content": b""}, 400, "empty"),
        ({"content": b"x" * 4001}, 413, "larger than"),
        ({"content": iter([b"x" * 3000, b"x" * 3000])}, 413, "larger than"),
        ({"files": [("photo", png())] * 4}, 413, "more than 3 photos"),
        ({"data": {"a": "b"}, "files": {"photo": (None, b"no file")}}, 400, "no photo in the form"),
        ({"content": b"--b\r\ncut", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "damaged"),
        ({"content": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data"}}, 400, "damaged"),
        ({"content": png(), "params": {"top": 0}}, 422, "top"),
        ({"content": png(), "headers": {"Host": "rebound.example"}}, 403, "127.0.0.1"),
        ({"content": png(), "headers": {"Origin": "https://evil.example"}}, 403, "other places"),
    ],
)
def test_what_is_refused_is_a_sentence(client: TestClient, asked: dict[str, Any], status: int, words: str) -> None:
    found, sentence = error(client.post("/predict", **asked))
    assert found == status and words in sentence and sentence.endswith(".")


def test_other_addresses_and_methods_are_sentences_too(client: TestClient) -> None:
    assert error(client.get("/nothing"))[0] == 404
    assert error(client.get("/predict"))[0] == 405


def test_too_many_requests_are_told_when_to_try_again(client: TestClient, answering: Answering) -> None:
    with answering, answering:
        response = client.post("/predict", content=png())
    assert error(response)[0] == 503 and response.headers["Retry-After"] == "1"
    assert client.post("/predict", content=png()).status_code == 200


def test_a_pause_refuses_photos(answering: Answering) -> None:
    control = Control()
    client = TestClient(make_app(answering, control, False), "http://other.name")
    control.pause()
    assert error(client.post("/predict", content=png()))[0] == 503
    assert client.get("/health").json()["status"] == "paused"
    control.resume()
    assert client.post("/predict", content=png()).status_code == 200  # by any name, where others may ask


def test_the_model_and_its_health_are_told(client: TestClient, answering: Answering) -> None:
    told = client.get("/model").json()
    manifest = answering.classifier.model_file.manifest
    assert (told["name"], tuple(told["classes"])) == ("Colours", manifest.classes)
    assert (
        told["sha256"] == manifest.members[tiny_model.model_file.NETWORK] and told["preprocessing"]["image_size"] == 32
    )
    before = client.get("/health").json()
    client.post("/predict", content=b"no photo")
    after = client.get("/health").json()
    assert [after[name] - before[name] for name in ("requests", "photos", "failed")] == [1, 1, 1]


def test_the_page_says_all_that_the_schema_says_and_loads_nothing(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {"/predict", "/model", "/health"}
    assert set(schema["paths"]["/predict"]["post"]["requestBody"]["content"]) == {"image/*", "multipart/form-data"}
    response = client.get("/docs")
    for words in (*schema["paths"], "multipart/form-data", "?top=", "413", "confidence: number", "photo&#x27;s bytes"):
        assert words in response.text
    elsewhere = response.text.replace("http://127.0.0.1/predict", "")
    assert not [words for words in ("<script", "src=", "http://", "https://") if words in elsewhere]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "access-control-allow-origin" not in response.headers


def test_a_sender_that_goes_away_in_the_middle_is_no_fault(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    for event in (job := serve(model, port=0, threads=1)):
        if isinstance(event, ServiceStarted):
            break
    with socket.create_connection(("127.0.0.1", event.port)) as sender:
        sender.sendall(b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\ncut")
        time.sleep(0.1)
    assert ask(event.address, png())["answers"][0]["label"] == "red"
    job.close()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


# --- its parts ------------------------------------------------------------------------------------------------------


def test_a_large_body_is_refused_before_it_is_read() -> None:
    read = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 1000

    with pytest.raises(Refused, match="larger"):
        asyncio.run(read_body(parts(), "100000", LIMITS))
    assert read == 0
    with pytest.raises(Refused, match="larger"):
        asyncio.run(read_body(parts(), "", LIMITS))
    assert read == 5


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(30)

    with pytest.raises(Refused) as refused:
        asyncio.run(read_body(parts(), "", LIMITS))
    assert refused.value.status == 408


def test_the_bytes_of_a_form_come_as_they_were_sent() -> None:
    content = bytes(range(256)) + b"\r\n--b\r\n-"
    form = b'--bb\r\nContent-Disposition: form-data; name="p"; filename="a.png"\r\n\r\n' + content + b"\r\n--bb--\r\n"
    assert photos_in(form, "multipart/form-data; boundary=bb", LIMITS) == [Sent("a.png", content)]
    with pytest.raises(Refused, match="cut off"):
        photos_in(form.removesuffix(b"--\r\n") + b"\r\nContent-", "multipart/form-data; boundary=bb", LIMITS)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:8000", True), ("localhost", True), ("[::1]:80", True), ("127.9.9.9", True), ("", False),
        ("evil.example", False), ("127.0.0.1.evil.example", False), ("localhost@evil.example", False), ("[::1", False),
        ("192.168.0.5:8000", False),
    ],
)  # fmt: skip
def test_this_machines_names_for_itself(host: str, own: bool) -> None:
    assert is_own_name(host) == own


def test_what_only_this_machine_can_reach() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "pc.local")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_a_group_is_named_as_in_a_batch(model: Path) -> None:
    file = tiny_model.model_file.open_model(model)
    hierarchy = Hierarchy({"red": "warm", "green": "warm"})
    rules = rules_for(file.manifest.classes, {}, threshold=0.9, hierarchy=hierarchy)
    answering = Answering(Classifier(file, threads=1), rules, LIMITS, 3)
    (answer,) = answering.answer([Sent("a.png", png("yellow"))])
    answering.pool.shutdown()
    assert answer.label == "warm"


# --- the verb -------------------------------------------------------------------------------------------------------


def ask(address: str, content: bytes) -> Any:
    with urllib.request.urlopen(urllib.request.Request(f"{address}/predict", content), timeout=20) as answer:
        return json.load(answer)


def test_it_serves_until_it_is_told_to_finish(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "SECONDS_BETWEEN_WORDS", 0.0)
    control, events, before = Control(), [], set(threading.enumerate())
    for event in serve(model, "0.0.0.0", 0, control=control, threads=1):
        events.append(event)
        if isinstance(event, ServiceStarted):
            assert ask(event.address, png("lime"))["answers"][0]["label"] == "green"
        if isinstance(event, Served):
            control.finish()
    warning, started, served, finished = events
    assert isinstance(warning, Notice) and "password" in warning.text
    assert isinstance(started, ServiceStarted) and started.requests == 4
    assert isinstance(finished, ServiceFinished)
    assert (finished.requests, finished.photos, finished.failed) == (1, 1, 0) == (
        served.requests, served.photos, served.failed,
    )  # fmt: skip
    assert set(threading.enumerate()) <= before


def test_a_port_that_is_taken_and_an_address_that_is_none_are_sentences(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ThawError, match="another --port"):
        next(serve(model, port=taken.getsockname()[1]))
    with pytest.raises(ThawError, match="no address"):
        next(serve(model, "no such.host"))


def test_without_the_libraries_a_sentence_says_what_to_install(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "engine.service.app", raising=False)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(ThawError, match=r"pip install thaw\[serve\]"):
        next(serve(model))


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent by a signal")
def test_a_process_of_its_own_ends_in_an_orderly_way(model: Path) -> None:
    command = [sys.executable, "-m", "engine", "serve", str(model), "--port", "0", "--json"]
    job = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert job.stdout and job.stderr
    started = json.loads(job.stdout.readline())
    assert ask(started["address"], png())["answers"][0]["label"] == "red"
    job.send_signal(signal.SIGINT)
    finished = json.loads(job.stdout.read().splitlines()[-1])
    assert (finished["event"], finished["photos"]) == ("service_finished", 1)
    assert (job.wait(20), job.stderr.read()) == (130, "")
