"""The list of weights, the choice among a row's, fetching several, removing with a way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.control import Control
from engine.errors import ThawError, WeightsError
from engine.events import Notice, WeightsFetched, WeightsListed
from engine.models.catalog import find_model
from engine.models.pretrained import listing, weights
from engine.models.pretrained.fetch import part_of, sidecar
from engine.models.spec import WeightsSource
from tests.engine.models.pretrained.weights_server import CONTENT, SHA256, Server, offer, own_cache, refused, serving


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_cache(tmp_path, monkeypatch)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A catalog of two models whose weights are on this server; the first has two to choose from."""
    with serving() as server:

        def source(name: str, choice: str) -> WeightsSource:
            return WeightsSource(f"{server.address}/{name}-{SHA256[:8]}.pth", name=choice, title=choice)

        rows = {
            "resnet18": replace(
                find_model("resnet18"),
                weights=(source("resnet18", "imagenet1k"), source("resnet18_other", "other-domain")),
            ),
            "mobilenet_v2": replace(find_model("mobilenet_v2"), weights=(source("mobilenet", "imagenet1k"),)),
        }
        offer(rows, monkeypatch)
        yield server


def listed(**options: bool) -> dict[tuple[str, str], WeightsListed]:
    return {(row.model, row.name): row for row in listing.list_weights(**options)}  # type: ignore[arg-type]


def file_of(model: str, place: int = 0) -> str:
    return find_model(model).weights[place].file_name


def test_the_list_says_what_is_here_what_partly_and_what_can_be_fetched(server: Server, cache: Path) -> None:
    (cache / file_of("resnet18")).write_bytes(CONTENT)
    part_of(cache / file_of("mobilenet_v2")).write_bytes(CONTENT[:1000])
    (cache / "mobilenet_v2.own.birds.safetensors").write_bytes(b"12345")
    rows = listed()
    assert list(rows) == [
        ("resnet18", "imagenet1k"),
        ("resnet18", "other-domain"),
        ("mobilenet_v2", "imagenet1k"),
        ("mobilenet_v2", "own:birds"),
    ]
    here, absent, partly, own = rows.values()
    assert (here.state, here.path, here.size_bytes) == ("here", cache / file_of("resnet18"), len(CONTENT))
    assert (absent.state, absent.path, absent.size_bytes) == ("absent", None, 4 * find_model("resnet18").parameters)
    assert (partly.state, partly.received_bytes) == ("partly", 1000)
    assert (own.state, own.size_bytes, own.licence) == ("own", 5, "")
    assert absent.url.startswith(server.address)


@pytest.mark.usefixtures("server")
def test_verifying_finds_the_damaged_and_says_which_were_compared(cache: Path) -> None:
    (cache / file_of("resnet18")).write_bytes(CONTENT)
    (cache / file_of("mobilenet_v2")).write_bytes(b"not these")
    rows = listed(verify=True)
    assert rows["resnet18", "imagenet1k"].verified and rows["resnet18", "imagenet1k"].state == "here"
    assert rows["mobilenet_v2", "imagenet1k"].state == "damaged" and not rows["mobilenet_v2", "imagenet1k"].verified
    assert listed()["mobilenet_v2", "imagenet1k"].state == "here", "a list alone hashes nothing"


def test_a_stated_hash_is_what_a_file_is_held_to(cache: Path) -> None:
    source = WeightsSource("https://huggingface.co/timm/net.tag/resolve/main/model.safetensors")
    found = weights.FoundWeights(cache / source.file_name, source)
    found.path.write_bytes(CONTENT)
    assert not weights.verify(found), "nothing is there to compare it with"
    sidecar(found.path).write_text(f"{SHA256}  {source.file_name}\n")
    assert weights.verify(found)
    found.path.write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="damaged"):
        weights.verify(found)


@pytest.mark.usefixtures("server")
def test_a_choice_is_made_by_name_or_by_path(cache: Path, tmp_path: Path) -> None:
    spec = find_model("resnet18")
    assert weights.find(spec) is None and weights.find(spec, name="other-domain") is None
    (cache / "resnet18.own.birds.safetensors").touch()
    assert weights.find(spec).name == "own:birds", "alone, it is taken"  # type: ignore[union-attr]
    (cache / file_of("resnet18")).touch()
    (cache / file_of("resnet18", 1)).touch()
    assert [one.name for one in weights.found_for(spec)] == ["imagenet1k", "other-domain", "own:birds"]
    for name in ("imagenet1k", "other-domain", "own:birds"):
        assert weights.find(spec, name=name).name == name  # type: ignore[union-attr]
    (tmp_path / "mine.ckpt").touch()
    named = weights.find(spec, name=str(tmp_path / "mine.ckpt"))
    assert named and named.path == tmp_path / "mine.ckpt" and named.official is None
    with pytest.raises(WeightsError, match=r"no file .*gone\.pth"):
        weights.find(spec, name="gone.pth")
    with pytest.raises(
        WeightsError, match="no weights named “imagenet”; there are imagenet1k, other-domain, own:birds"
    ):
        weights.find(spec, name="imagenet")


@pytest.mark.usefixtures("server")
def test_a_chosen_domain_is_fetched_and_not_the_best(cache: Path) -> None:
    (cache / file_of("resnet18")).write_bytes(CONTENT)
    events = weights.obtain(find_model("resnet18"), name="other-domain")
    while True:
        try:
            next(events)
        except StopIteration as end:
            assert end.value.name == "other-domain" and end.value.path == cache / file_of("resnet18", 1)
            break
    with pytest.raises(WeightsError, match=file_of("resnet18", 1)):
        (cache / file_of("resnet18", 1)).unlink()
        list(weights.obtain(find_model("resnet18"), name="other-domain", offline=True))


def test_several_are_fetched_one_after_another_and_what_is_here_is_told_at_once(server: Server, cache: Path) -> None:
    (cache / file_of("resnet18")).write_bytes(CONTENT)
    events = list(listing.get_weights(["resnet18", "mobilenet_v2", "resnet18@other-domain", "mobilenet_v2"]))
    got = [event for event in events if isinstance(event, WeightsFetched)]
    assert [(event.model, event.name) for event in got] == [
        ("resnet18", "imagenet1k"),
        ("mobilenet_v2", "imagenet1k"),
        ("resnet18", "other-domain"),
    ]
    assert len(server.asked) == 2 and all(event.path.read_bytes() == CONTENT for event in got)


def test_one_that_fails_keeps_nobody_else_waiting(server: Server, cache: Path) -> None:
    server.answers = [refused(404)]
    events = []
    with pytest.raises(WeightsError, match="1 of 2 files") as caught:
        events.extend(listing.get_weights(["resnet18", "mobilenet_v2"]))
    assert "404" in caught.value.details
    assert (cache / file_of("mobilenet_v2")).exists()


def test_the_failure_of_one_is_its_own_sentence(server: Server) -> None:
    server.answers = [refused(404)]
    events = listing.get_weights(["resnet18"])
    with pytest.raises(WeightsError, match="answered 404"):
        assert not [event for event in events if isinstance(event, Notice)]


def test_a_wrong_name_is_found_before_anything_is_fetched(server: Server) -> None:
    for name in ("resnet18@gone", "no-such-model", "lenet5"):
        with pytest.raises(ThawError):
            list(listing.get_weights(["mobilenet_v2", name]))
    assert server.asked == []


@pytest.mark.usefixtures("server")
def test_a_damaged_file_of_ours_is_fetched_again_and_one_of_yours_is_not_touched(cache: Path, tmp_path: Path) -> None:
    (cache / file_of("resnet18")).write_bytes(b"not these")
    list(listing.get_weights(["resnet18"]))
    assert (cache / file_of("resnet18")).read_bytes() == CONTENT
    yours = tmp_path / "yours" / file_of("resnet18")
    yours.parent.mkdir()
    yours.write_bytes(b"not these")
    with pytest.raises(WeightsError, match="damaged"):
        list(listing.get_weights(["resnet18"], yours.parent))
    assert yours.read_bytes() == b"not these"


def test_a_stop_is_an_ordinary_end(server: Server) -> None:
    control = Control()
    control.stop()
    assert list(listing.get_weights(["resnet18", "mobilenet_v2"], control=control)) == []
    assert server.asked == []


@pytest.mark.usefixtures("server")
def test_what_is_removed_can_be_brought_back_until_it_is_forgotten(cache: Path) -> None:
    path = cache / file_of("resnet18")
    path.write_bytes(CONTENT)
    sidecar(path).write_text(SHA256)
    gone = listing.remove(listing.files_of(listed()["resnet18", "imagenet1k"]))
    assert gone == (path, sidecar(path)) and listed()["resnet18", "imagenet1k"].state == "absent"
    listing.restore(gone)
    assert path.read_bytes() == CONTENT and sidecar(path).exists()
    listing.remove(gone)
    listing.forget_removed()
    assert list(cache.iterdir()) == []


def test_where_one_file_cannot_be_removed_none_is_lost(cache: Path) -> None:
    """As on Windows where a run reads it; what had gone before it would else be deleted at the end."""
    first, in_use = cache / "a.pth", cache / "b.pth"
    first.write_bytes(b"mine")
    with pytest.raises(OSError):
        listing.remove([first, in_use])
    listing.forget_removed()
    assert first.read_bytes() == b"mine"


@pytest.mark.usefixtures("server")
def test_only_what_thaw_put_there_can_be_removed(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "yours").mkdir()
    (tmp_path / "yours" / file_of("resnet18")).touch()
    (cache / "resnet18.pth").touch()
    rows = {row.name: row for row in listing.list_weights(tmp_path / "yours") if row.model == "resnet18"}
    assert listing.files_of(rows["imagenet1k"]) == () and listing.files_of(rows["own"]) == ()
    part_of(cache / file_of("mobilenet_v2")).write_bytes(b"1")
    assert listing.files_of(listed()["mobilenet_v2", "imagenet1k"]) == (part_of(cache / file_of("mobilenet_v2")),)
