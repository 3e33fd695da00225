# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else: no network, no other file, and no script to be read.

Every instance is a row of a table, and its details follow below the table in a `noscript` element. A browser that runs
the script takes them for text, which costs next to nothing, and the script builds the details of an instance from it
when they are opened. A browser that does not shows all of them. So the details are written once, by one template.

All text of the report is escaped where it is put in. Should anything get through, the page's own policy forbids every
script and style but the two that are named by their digests, and every access to a network.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import columns, relay, summary, words

_PARTS = Path(__file__).with_name("page")

#: How many pieces of the template become one piece of the page.
_BUFFERED = 100

#: How many results each macro of pieces.html.j2 remembers.
_REMEMBERED = 10_000


class _Filter(NamedTuple):
    """A filter of the table: its name in the address, its title, and its values with their texts."""

    name: str
    title: str
    choices: Sequence[tuple[str, str]]


class _Relay(NamedTuple):
    """A relay's finding, and its points that are not in order."""

    finding: Mapping[str, Any]
    amiss: Sequence[Mapping[str, Any]]


def render(document: Mapping[str, Any]) -> Iterator[str]:
    """The page of a drift report (schemas/drift.schema.json), piece by piece, fit to be encoded as UTF-8."""
    stream = _template().stream(**_view(document))
    stream.enable_buffering(_BUFFERED)
    for piece in stream:
        yield words.encodable(piece)


def _view(document: Mapping[str, Any]) -> dict[str, Any]:
    findings = sorted(document["instances"], key=lambda finding: (finding["environment"], finding["instance"]))
    concerns = [summary.concerns_of(finding) for finding in findings]
    lines, matters = summary.lines(findings, concerns), summary.matters(findings, concerns)
    return {
        "document": document,
        "verdict": words.verdict(document),
        "findings": findings,
        "concerns": concerns,
        "columns": columns.columns(words.kinds_of(findings)),
        "lines": lines,
        "matters": matters,
        "filters": [
            _Filter("environment", "Environment", [(each, each) for each in summary.environments(findings)]),
            _Filter("state", "State", [(key, word.text) for key, word in words.STATES.items()]),
            _Filter("concern", "To be done", [(matter.key, matter.title) for matter in matters]),
        ],
        "NAMED": summary.NAMED,
        "states": list(words.STATES.values()),
        "words": words,
        "relays": [_Relay(each, relay.amiss(each)) for each in document.get("relays", ())],
        "next_end": relay.next_end,
    }


def _cells(columns_: Sequence[columns.Column], finding: columns.Finding) -> Markup:
    """The cells of an instance's row, but for the first."""
    cell = _pieces()["cell"]
    return _joined(cell(column.title, *column.cell(finding)) for column in columns_)


def _in_force(settings: Mapping[str, Any]) -> Markup:
    """The settings of an instance: those of a fleet are mostly alike."""
    return _pieces()["settings"](tuple(settings.items()))


def _recorded(entry: Mapping[str, Any]) -> Markup:
    """The cells of a journal's entry that say what was done."""
    return _pieces()["entry"](words.entry(entry), entry["profile"], tuple(entry["changed_options"]))


def _timeline(stages: Iterable[Mapping[str, Any]]) -> Markup:
    """The rows of a test's stages: what became of each, and when it began and how long it took."""
    return _joined(_stages(stages))


def _joined(pieces: Iterable[Markup]) -> Markup:
    return Markup("".join(pieces))  # noqa: S704 # of what is escaped already


def _stages(stages: Iterable[Mapping[str, Any]]) -> Iterator[Markup]:
    piece = _pieces()
    whole = max(sum(stage["elapsed_ms"] for stage in stages), 1.0)
    start = 0.0
    for stage in stages:
        text, tone = words.STAGES[stage["status"]]
        yield piece["stage"](stage["name"], text, tone, stage["reply_code"], stage["enhanced_code"])
        if stage["status"] == "skipped":
            yield piece["not_reached"]()
            continue
        took = stage["elapsed_ms"]
        yield piece["passed"](round(took), tone, round(100 * start / whole), round(100 * took / whole))
        start += took


@cache
def _template() -> jinja2.Template:
    return _environment().get_template("page.html.j2")


class _Environment(jinja2.Environment):
    """Where a name after a dot is an item of a mapping, never one of its methods. That is also quicker to look up."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        try:
            return obj[attribute] if isinstance(obj, dict) else getattr(obj, attribute)
        except (KeyError, AttributeError):
            return self.undefined(obj=obj, name=attribute)


@cache
def _environment() -> jinja2.Environment:
    environment = _Environment(
        loader=jinja2.FileSystemLoader(_PARTS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=words.day, minute=words.minute, shown=words.shown, label=words.label)
    environment.globals.update(
        page_css=_part("page.css"),
        page_js=_part("page.js"),
        cells=_cells,
        in_force=_in_force,
        timeline=_timeline,
        recorded=_recorded,
    )
    return environment


@cache
def _pieces() -> Mapping[str, Callable[..., Markup]]:
    """The macros of pieces.html.j2, which remember what they made: that saves most of the time."""
    pieces = vars(_environment().get_template("pieces.html.j2").module)
    return {
        name: lru_cache(maxsize=_REMEMBERED, typed=True)(macro) for name, macro in pieces.items() if callable(macro)
    }


def _part(name: str) -> dict[str, str]:
    """A part of the page that holds nothing of a report, and the digest by which the page's policy allows it."""
    text = (_PARTS / name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"text": Markup(text), "digest": f"sha256-{digest}"}  # noqa: S704 # our own file
