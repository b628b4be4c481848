"""What a photo's XMP (ISO 16684-1) says of it: its label as a keyword, in a sidecar or inside a copy.

Three properties, for the programs read different ones: dc:subject, the plain keywords that all of them read;
digiKam:TagsList, paths with "/" between a group and what is in it, which digiKam takes first; lr:hierarchicalSubject,
the same with "|", for Lightroom and darktable, where there are groups.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say, escaped or not."""
_DESCRIPTION = """  <rdf:Description rdf:about={about}
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/">
{properties}
  </rdf:Description>
"""
_META = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Thaw">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
{description} </rdf:RDF>
</x:xmpmeta>
"""
_BEGIN, _END = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n', '<?xpacket end="w"?>'
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LAST = "</rdf:RDF>"
_OURS = {
    "{http://purl.org/dc/elements/1.1/}subject",
    "{http://www.digikam.org/ns/1.0/}TagsList",
    "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject",
}


def sidecar(line: Sequence[str]) -> bytes:
    """The content of a sidecar, from the label and the groups it is in, the label last."""
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + _meta(line)).encode()


def packet(line: Sequence[str]) -> bytes:
    """The same as it stands inside a file."""
    return (_BEGIN + _meta(line) + _END).encode()


def packet_with(there: bytes, line: Sequence[str]) -> bytes | None:
    """The packet that is `there` with the label beside what it says; None where it has keywords of its own already, or
    is not as plain as what cameras write."""
    try:
        text = there.decode()
        about = None if "<!" in text or text.count(_LAST) != 1 else _about(text)
        if about is None:
            return None
        before, after = text.split(_LAST)
        joined = f"{before}{_description(line, about)}{_LAST}{after}"
        ElementTree.fromstring(joined)
    except (UnicodeDecodeError, ElementTree.ParseError):
        return None
    return joined.encode()


def _about(text: str) -> str | None:
    """What the descriptions of a packet are about; None where that is not one thing, or there are keywords."""
    root = ElementTree.fromstring(text)
    rdf = root if root.tag == f"{_RDF}RDF" else root.find(f"{_RDF}RDF")
    if rdf is None:
        return None
    abouts = {one.get(f"{_RDF}about", "") for one in rdf}
    said = {name for one in rdf for name in (*one.keys(), *(inner.tag for inner in one))}
    return None if len(abouts) > 1 or said & _OURS else next(iter(abouts), "")


def _meta(line: Sequence[str]) -> str:
    return _META.format(description=_description(line, ""))


def _description(line: Sequence[str], about: str) -> str:
    properties = [_array("dc:subject", "Bag", line[::-1]), _array("digiKam:TagsList", "Seq", [_path(line, "/")])]
    if len(line) > 1:
        properties.append(_array("lr:hierarchicalSubject", "Bag", [_path(line, "|")]))
    return _DESCRIPTION.format(about=quoteattr(about), properties="\n".join(properties))


def _path(line: Sequence[str], sign: str) -> str:
    return sign.join(name.replace(sign, "_") for name in line)


def _array(name: str, kind: str, items: Sequence[str]) -> str:
    rows = "\n".join(f"     <rdf:li>{escape(NO_XML.sub('�', item))}</rdf:li>" for item in items)
    return f"   <{name}>\n    <rdf:{kind}>\n{rows}\n    </rdf:{kind}>\n   </{name}>"
