from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model_file import ModelFile
from engine.photo_facts import NOTHING, PhotoFacts
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.met_again import Known, key_aside, key_of, path_of, what_it_is
from engine.prediction.ledger.opening import open_ledger
from engine.prediction.ledger.verdicts import say
from tests.engine import tiny_model

MORNING, EVENING = PhotoFacts("2024-05-03T06:00:00", "Cam"), PhotoFacts("2024-05-03T19:00:00", "Cam")
SHARES = np.array([0.7, 0.2, 0.1], np.float32)
CLOSE_BY, FAR = SHARES + np.float32(1e-4), SHARES[::-1].copy()


def known(facts: PhotoFacts = MORNING, error: str = "", verdict: str | None = None) -> Known:
    shares = None if error else SHARES.tobytes()
    return Known(1, b"/a.jpg", 10, 5, facts.taken, facts.camera, error, shares, verdict)


def answer(
    size: int = 11, modified: int = 6, facts: PhotoFacts = MORNING, shares: np.ndarray | None = CLOSE_BY
) -> Answer:
    return Answer(Found(Path("/a.jpg"), size, modified), shares, "" if shares is not None else "Damaged.", facts)


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        (known(), answer(), "same"),  # keywords were written into it
        (known(), answer(facts=PhotoFacts("2024-05-03T06:00:00", "Cam", 1.0, 2.0)), "same"),  # or a place
        (known(), answer(facts=EVENING), "other"),
        (known(), answer(facts=PhotoFacts(MORNING.taken, "Other")), "other"),
        (known(), answer(shares=FAR), "other"),  # two clocks that were never set
        (known(), answer(shares=None), "other"),
        (known(NOTHING), answer(size=10, facts=NOTHING), "same"),  # only its time is another
        (known(NOTHING), answer(facts=NOTHING), "other"),
        (known(), answer(0, 0, shares=None), "gone"),
        (known(error="Damaged."), answer(facts=EVENING, shares=FAR), "same"),
        (known(error="Damaged.", verdict="red"), answer(), "other"),
        (known(error="Damaged.", verdict="red"), answer(10, 5), "same"),  # tried again
    ],
)
def test_a_photo_is_the_same_or_another(before: Known, now: Answer, what: str) -> None:
    assert what_it_is(before, now) == what


def test_a_key_leads_to_the_place_also_of_what_lies_there_no_more() -> None:
    key = key_of(Path("/card/../card/1.jpg"))
    assert path_of(key) == path_of(key_aside(key, 10, 5)) == Path("/card/1.jpg").absolute()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return tiny_model.make(tmp_path_factory.mktemp("model") / "m.thaw")


MEET = st.tuples(
    st.just("meet"), st.integers(0, 1), st.integers(0, 2), st.sampled_from(["as it was", "keywords", "cropped", "bad"])
)
SAY = st.tuples(st.just("say"), st.integers(0, 8), st.integers(0, 2), st.just(""))


def shot(name: int, card: int, state: str, has_exif: bool) -> Answer:
    """A file of one of the cards, and what the model says of it: another picture has another answer."""
    picture = 2 * card + (state == "cropped")
    shares = np.eye(3, dtype=np.float32)[picture % 3] * np.float32(0.1 * (picture + 1))
    number = ["as it was", "keywords", "cropped", "bad"].index(state)
    found = Found(Path(f"/card/{name}.jpg"), 100 * (card + 1) + number, 1000 * (card + 1) + number)
    facts = PhotoFacts(f"2024-05-0{card + 1}T06:00:00", "Cam") if has_exif else NOTHING
    return Answer(found, None, "Damaged.", NOTHING) if state == "bad" else Answer(found, shares, "", facts)


def held(ledger: Ledger) -> tuple[set[tuple[str, bytes]], dict[int, str], list[tuple[str, int, int]]]:
    """The pictures that have an answer, what was said, and the files."""
    with ledger.statements() as run:
        rows = run("SELECT key, probabilities, size, modified FROM photo").fetchall()
        said = dict(run("SELECT verdict.photo, verdict.label FROM verdict JOIN photo ON photo.id = verdict.photo"))
    pictures = {(path_of(key).name, blob) for key, blob, *_ in rows if blob is not None}
    return pictures, said, [(path_of(key).name, size, modified) for key, _, size, modified in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(MEET | SAY, max_size=14), st.booleans())
def test_no_answer_and_no_verdict_is_ever_lost(model: ModelFile, steps: list[tuple], has_exif: bool) -> None:
    met: set[tuple[str, bytes]] = set()
    said: dict[int, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_ledger(Path(folder) / "a.thaw-ledger", model)
        for what, one, other, state in steps:
            if what == "say":
                if 1 <= one <= ledger.count():
                    said[one] = tiny_model.CLASSES[other]
                    say(ledger, {one: said[one]})
            elif not ledger.has_answer((now := shot(one, other, state, has_exif)).found):
                ledger.add([now], [("", 0.0) if now.error else ("red", 0.5)])
                if now.probabilities is not None:
                    met.add((now.found.path.name, now.probabilities.tobytes()))
                    assert ledger.has_answer(now.found)
            pictures, kept, files = held(ledger)
            assert pictures == met and kept == said
            assert len(files) == len(set(files)), "each file has one row"
        ledger.close()
