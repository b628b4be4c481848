"""The service described on a page of HTML, from its OpenAPI schema: no scripts, nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

from engine.prediction.summary_page import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
EXAMPLES = {
    "/predict": (
        "curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' {here}predict",
        "curl -F photo=@first.jpg -F photo=@second.jpg {here}predict",
    )
}
MORE_STYLE = (
    "pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); } h2 small { font-weight: normal; }"
)

Schema = Mapping[str, Any]


def page(schema: Schema, here: str) -> str:
    """The page; whatever the schema says is escaped. `here` is the service's address, with a slash at its end."""
    info = schema["info"]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
            f"<title>{_text(info['title'])}</title><style>{STYLE}{MORE_STYLE}</style></head><body>",
            f"<h1>{_text(info['title'])}</h1>",
            f"<p>{_text(info['description'])} Thaw {_text(info['version'])}.</p>",
            '<p class="muted">For programs, the same is at <a href="/openapi.json">/openapi.json</a>.</p>',
            *(
                line
                for address, methods in schema["paths"].items()
                for method, told in methods.items()
                for line in _operation(address, method, told, schema, here)
            ),
            "</body></html>",
            "",
        ]
    )


def _operation(address: str, method: str, told: Schema, schema: Schema, here: str) -> Iterator[str]:
    yield f"<h2>{method.upper()} {_text(address)} <small>{_text(told['summary'])}</small></h2>"
    if description := told.get("description"):
        yield f"<p>{_text(description)}</p>"
    parameters = told.get("parameters", ())
    if parameters:
        yield _table(("In the address", ""), ((f"?{one['name']}=", one.get("description", "")) for one in parameters))
    if body := told.get("requestBody"):
        yield _table(("The body", ""), ((kind, _shape(one["schema"])) for kind, one in body["content"].items()))
    yield from (f"<pre>{_text(example.format(here=here))}</pre>" for example in EXAMPLES.get(address, ()))
    yield _table(
        ("Status", "", "JSON"),
        ((status, one["description"], _fields(one, schema)) for status, one in sorted(told["responses"].items())),
    )


def _fields(response: Schema, schema: Schema) -> str:
    return _shape(response.get("content", {}).get("application/json", {}).get("schema", {}), schema)


def _shape(one: Schema, schema: Schema | None = None) -> str:
    """A schema in a few words: {name: text, top: [{label: text, confidence: number}]}."""
    if (reference := one.get("$ref")) and schema:
        return _shape(schema["components"]["schemas"][reference.rpartition("/")[2]], schema)
    if one.get("format") == "binary" or "contentMediaType" in one:
        return "a photo's bytes"
    if "items" in one:
        return f"[{_shape(one['items'], schema)}, …]"
    if "properties" in one:
        return "{" + ", ".join(f"{name}: {_shape(inner, schema)}" for name, inner in one["properties"].items()) + "}"
    if "enum" in one:
        return " or ".join(map(str, one["enum"]))
    return {"string": "text", "integer": "number"}.get(one.get("type", ""), str(one.get("type", "any")))


def _table(titles: tuple[str, ...], rows: Iterator[tuple[str, ...]] | Any) -> str:
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    lines = (f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _cell(text: str) -> str:
    return f'<td class="name">{_text(text)}</td>'


def _text(text: str) -> str:
    return html.escape(str(text))
