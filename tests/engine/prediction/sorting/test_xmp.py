from __future__ import annotations

from xml.etree import ElementTree

from engine.prediction.sorting.xmp import sidecar

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC, DIGIKAM = "{http://purl.org/dc/elements/1.1/}", "{http://www.digikam.org/ns/1.0/}"
LR = "{http://ns.adobe.com/lightroom/1.0/}"


def properties(content: bytes) -> dict[str, tuple[str, list[str | None]]]:
    """Name -> (kind of array, items)."""
    meta = ElementTree.fromstring(content)
    assert meta.tag == "{adobe:ns:meta/}xmpmeta"
    (description,) = meta.iter(f"{RDF}Description")
    assert description.get(f"{RDF}about") == ""
    return {one.tag: (one[0].tag.removeprefix(RDF), [item.text for item in one[0]]) for one in description}


def test_a_label_is_a_keyword_for_all_programs() -> None:
    assert properties(sidecar(["marsh tit"])) == {
        f"{DC}subject": ("Bag", ["marsh tit"]),
        f"{DIGIKAM}TagsList": ("Seq", ["marsh tit"]),
    }


def test_groups_are_paths_in_each_programs_way() -> None:
    assert properties(sidecar(["Paridae", "Poecile/Parus", "a|b"])) == {
        f"{DC}subject": ("Bag", ["a|b", "Poecile/Parus", "Paridae"]),
        f"{DIGIKAM}TagsList": ("Seq", ["Paridae/Poecile_Parus/a|b"]),
        f"{LR}hierarchicalSubject": ("Bag", ["Paridae|Poecile/Parus|a_b"]),
    }


def test_what_xml_cannot_say_is_replaced() -> None:
    assert properties(sidecar(["<é & \x00 \udce9>"]))[f"{DC}subject"] == ("Bag", ["<é & � �>"])
