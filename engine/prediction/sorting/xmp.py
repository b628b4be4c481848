"""What a sidecar says of a photo: its label as a keyword, in XMP (ISO 16684-1).

Three properties, for the programs read different ones: dc:subject, the plain keywords that all of them read;
digiKam:TagsList, paths with "/" between a group and what is in it, which digiKam takes first; lr:hierarchicalSubject,
the same with "|", for Lightroom and darktable, where there are groups.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say, escaped or not."""
TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Thaw">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/">
{properties}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


def sidecar(line: Sequence[str]) -> bytes:
    """The content of a sidecar, from the label and the groups it is in, the label last."""
    properties = [_array("dc:subject", "Bag", line[::-1]), _array("digiKam:TagsList", "Seq", [_path(line, "/")])]
    if len(line) > 1:
        properties.append(_array("lr:hierarchicalSubject", "Bag", [_path(line, "|")]))
    return TEMPLATE.format(properties="\n".join(properties)).encode()


def _path(line: Sequence[str], sign: str) -> str:
    return sign.join(name.replace(sign, "_") for name in line)


def _array(name: str, kind: str, items: Sequence[str]) -> str:
    rows = "\n".join(f"     <rdf:li>{escape(NO_XML.sub('�', item))}</rdf:li>" for item in items)
    return f"   <{name}>\n    <rdf:{kind}>\n{rows}\n    </rdf:{kind}>\n   </{name}>"
