# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page as a document, as far as it can be judged without a browser: whole, inert, and the same as the report."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import made_reports
import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import html

SCHEMA = Path(__file__).parents[4] / "schemas" / "drift.schema.json"

#: Elements that have no end (HTML, 13.1.2).
_VOID = {"meta", "input", "link", "br", "img", "hr"}


class Reader(HTMLParser):
    """What a page consists of. Each element that is begun has to be ended, in the right place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.inline: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.inline[self.open[-1]] = data
        else:
            self.texts.append(data)


def page_of(report: dict[str, Any]) -> str:
    return "".join(html.render(report))


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return made_reports.report(20)


@pytest.fixture(scope="module")
def page(report: dict[str, Any]) -> Reader:
    return Reader(page_of(report))


def test_the_reports_of_these_tests_are_such_as_are_written(report: dict[str, Any]) -> None:
    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

    for document in (report, made_reports.hostile("<b>")):
        findings = [error for error in schema.iter_errors(document) if "generated_by" not in error.path]
        assert [error.message for error in findings] == []


def test_the_page_asks_for_nothing_and_refers_to_nothing_elsewhere(page: Reader) -> None:
    refers = {(tag, value) for tag, name, value in page.attributes if name in ("src", "href", "action", "data")}

    assert refers
    assert [value for tag, value in refers if tag != "a" or not value.startswith("#")] == []
    assert re.findall(r"url\(|@import", page.inline["style"]) == []


def test_every_link_within_the_page_leads_somewhere(page: Reader) -> None:
    ids = [value for _tag, name, value in page.attributes if name == "id"]
    linked = {value.removeprefix("#") for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    told_by = {value for _tag, name, value in page.attributes if name == "aria-labelledby"}

    assert len(ids) == len(set(ids))
    assert (linked | told_by) - set(ids) == set()


def test_the_policy_allows_this_script_and_this_style_alone(page: Reader) -> None:
    (policy,) = (value for tag, name, value in page.attributes if name == "content" and "default-src" in value)

    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.inline[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    # What it would forbid anyhow is not in the page.
    assert [name for _tag, name, _value in page.attributes if name == "style" or name.startswith("on")] == []


def test_every_text_of_the_report_is_on_the_page(report: dict[str, Any], page: Reader) -> None:
    told = "\n".join(page.texts)

    for finding in report["instances"]:
        for value in (finding["instance"], finding["store"], *(finding["failure"] or {}).values()):
            assert isinstance(value, bool) or value in told
        for option in finding["options"]:
            assert option["label"] in told
        for entry in finding["history"]:
            assert entry["run"] in told


@pytest.mark.parametrize("text", ["</noscript></script>", "\"'><b a=", "&amp;&lt;", "{{ 1 }}", "\0\ud800\x1b[31m"])
def test_text_is_only_text(text: str) -> None:
    harmless, hostile = (Reader(page_of(made_reports.hostile(each))) for each in (" harmless", text))

    def shape(page: Reader) -> list[tuple[str, str]]:
        return [(tag, name) for tag, name, _value in page.attributes]

    assert shape(hostile) == shape(harmless)
    page_of(made_reports.hostile(text)).encode("utf-8")


def test_a_report_on_nothing_is_a_page_too() -> None:
    page = Reader(page_of(made_reports.report([])))

    assert "The report holds no instance." in "".join(page.texts)


def test_what_nobody_has_said_leaves_no_gap() -> None:
    window = made_reports.finding(5)["window"] | {"holder": "", "reason": "", "run": ""}
    report = made_reports.report([made_reports.finding(5, window=window)]) | {"run": ""}
    told = re.sub(r"\s+", " ", "".join(Reader(page_of(report)).texts))

    assert "Examined 2026-11-22 03:15 UTC with weestimate.mail 0.3.0. All times are UTC." in told
    assert "Opened 2026-11-22 00:15 by somebody. Until 2026-11-22 04:15." in told


def test_the_page_comes_in_pieces() -> None:
    pieces = list(html.render(made_reports.report(200)))

    # So that a large one is never in memory as a whole.
    assert len(pieces) > 5
    assert max(map(len, pieces)) < sum(map(len, pieces)) / 2
