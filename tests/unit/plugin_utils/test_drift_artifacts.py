# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on a fleet as JSON, JUnit XML and Markdown, the verdict on it, and its lines for a terminal."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import made_reports
import pytest
from jsonschema import Draft202012Validator

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import document, junit, markdown, telling, verdict
from ansible_collections.weestimate.mail.plugins.plugin_utils.schema import SCHEMA_DIRECTORY

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=timezone.utc)
SCHEMA = Draft202012Validator(json.loads((SCHEMA_DIRECTORY / "drift.schema.json").read_text(encoding="utf-8")))
FLEET = made_reports.report(60)

#: What somebody might have typed into an option, or named a host.
HOSTILE = [
    "a|b",
    "`code` ``more``",
    "<script>alert(1)</script>",
    "@everyone [x](https://evil.example) ![y](z)",
    "line\nbreak\r\x00\x1b[31m\u202ereversed",
    "half \ud800 of a pair",
    "]]> & <!-- -->",
    "x" * 5000,
]


def one(state: str, **parts: Any) -> dict[str, Any]:
    """A finding in a state."""
    return made_reports.finding(0, **{"state": state, "options": [], "window": None, **parts})


def drifted(**option: Any) -> dict[str, Any]:
    """A finding with one option that differs."""
    base = {"name": "smtp_address", "label": "SMTP Address", "expected": "a", "actual": "b"}
    origin = {"how": "hand_edit", "since": made_reports.moment(days=1), "by": None, "run": None}
    return one("drifted", options=[{**base, **origin, **option}])


def written(*findings: dict[str, Any]) -> dict[str, Any]:
    return document.put_together(findings, "run 1", NOW)


class TestDocument:
    def test_it_fulfils_its_schema_and_counts_what_is_in_it(self) -> None:
        made = written(*FLEET["instances"])
        assert [error.message for error in SCHEMA.iter_errors(made)] == []
        assert made["counts"] == FLEET["counts"]
        assert made["generated_by"].startswith("weestimate.mail ")
        places = [(finding["environment"], finding["instance"]) for finding in made["instances"]]
        assert places == sorted(places)

    @pytest.mark.parametrize(
        ("states", "expected"),
        [
            ((), "failed"),
            (("in_sync", "window_open"), "in_sync"),
            (("in_sync", "drifted"), "drifted"),
            (("in_sync", "window_expired"), "drifted"),
            (("drifted", "failed"), "failed"),
        ],
    )
    def test_the_verdict_is_that_of_the_worst(self, states: tuple[str, ...], expected: str) -> None:
        assert written(*map(one, states))["verdict"] == expected

    def test_it_comes_back_as_it_was_written_with_a_line_for_each_instance(self, tmp_path: Path) -> None:
        made = written(*FLEET["instances"], one("in_sync", instance=HOSTILE[4]))
        file = tmp_path / "drift.json"
        file.write_text("".join(document.pieces(made)), encoding="utf-8")
        assert document.read([str(file)], NOW) == made
        lines = file.read_text(encoding="utf-8").splitlines()
        assert sum(line.startswith('    {"instance"') for line in lines) == 61
        assert document.read([str(file)], NOW) == json.loads(file.read_text(encoding="utf-8"))
        assert json.loads("".join(document.pieces(written())))["instances"] == []

    def test_several_become_one_and_the_later_finding_counts(self, tmp_path: Path) -> None:
        old, new = made_reports.moment(days=1), made_reports.moment(hours=1)
        parts = {
            "east": written(one("drifted", instance="a", checked_at=new), one("in_sync", instance="b")),
            "west": written(one("in_sync", instance="a", checked_at=old), one("failed", instance="c")),
        }
        for name, part in parts.items():
            (tmp_path / name).write_text("".join(document.pieces({**part, "run": name})), encoding="utf-8")
        both = document.read([str(tmp_path / name) for name in parts], NOW)
        states = {finding["instance"]: finding["state"] for finding in both["instances"]}
        assert states == {"a": "drifted", "b": "in_sync", "c": "failed"}
        assert (both["run"], both["verdict"]) == ("east, west", "failed")

    @pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"format": 2}', json.dumps({**FLEET, "format": 2})])
    def test_what_is_no_report_is_refused(self, tmp_path: Path, text: str | None) -> None:
        file = tmp_path / "drift.json"
        if text is not None:
            file.write_text(text, encoding="utf-8")
        with pytest.raises(MailSettingsError) as caught:
            document.read([str(file)], NOW)
        assert caught.value.code == "report_unusable"


class TestJUnit:
    def test_each_instance_is_a_case_of_its_environment(self) -> None:
        root = ElementTree.fromstring("".join(junit.render(written(*FLEET["instances"]))))  # noqa: S314 # our own
        cases = {case.attrib["name"]: case for case in root.iter("testcase")}
        for finding in FLEET["instances"]:
            case = cases[finding["instance"]]
            assert case.attrib["classname"] == finding["environment"]
            outcome = junit._OUTCOMES.get(finding["state"])
            assert [child.tag for child in case] == ([outcome] if outcome else [])
        for node in (root, *root):
            told = Counter(child.tag for child in node.iter() if child.tag in ("failure", "error", "skipped"))
            numbers = {"failure": "failures", "error": "errors", "skipped": "skipped"}
            assert {tag: int(node.attrib[name]) for tag, name in numbers.items()} == {tag: told[tag] for tag in numbers}
            assert int(node.attrib["tests"]) == len(list(node.iter("testcase")))

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_is_well_formed(self, text: str) -> None:
        made = "".join(junit.render(written({**drifted(actual=text), "instance": text, "environment": text})))
        root = ElementTree.fromstring(made.encode("utf-8"))  # noqa: S314 # our own
        assert len(list(root.iter("failure"))) == 1

    def test_the_age_of_a_password_is_a_case_where_it_is_limited(self) -> None:
        def case(**password: Any) -> list[str] | None:
            limits = {"changed_at": None, "age_days": None, "max_age_days": 90, "overdue": False, "fails": False}
            made = "".join(junit.render(written(one("in_sync", instance="a", password={**limits, **password}))))
            found = ElementTree.fromstring(made).find(".//testcase[@name='a: age of the password']")  # noqa: S314 # ours
            return None if found is None else [child.tag for child in found]

        assert case(max_age_days=None) is None
        assert case() == ["skipped"]
        assert case(age_days=90) == []
        assert case(age_days=91, overdue=True) == ["failure"]


class TestMarkdown:
    def test_it_has_a_section_for_what_there_is(self) -> None:
        text = "".join(markdown.render(written(*FLEET["instances"])))
        for title in ("Could not be examined", "Drifted", "Windows for customer documents", "Passwords"):
            assert f"\n### {title}" in text
        assert "###" not in "".join(markdown.render(written(one("in_sync", password=_young()))))

    @pytest.mark.parametrize("text", HOSTILE)
    def test_no_text_ends_its_cell_or_means_anything(self, text: str) -> None:
        failure = {"error_code": "store_error", "msg": text, "remedy": text, "unreachable": False}
        made = "".join(
            markdown.render(written({**drifted(actual=text), "instance": text}, one("failed", failure=failure)))
        )
        assert made.encode("utf-8")
        rows = [line for line in made.splitlines() if line.startswith("|")]
        for row in rows:
            bars = row.replace(r"\\", "").replace(r"\|", "").count("|")
            assert bars in (6, 5, 7), row
        assert "<script>" not in made.replace("`<script>", "")
        assert "@everyone" not in made.replace("`@everyone", "")
        assert "\x1b" not in made
        assert "\u202e" not in made

    @pytest.mark.parametrize(
        ("value", "expected"),
        [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a|b", r"`a\|b`"), (None, "`(not there)`")],
    )
    def test_a_value_is_code_that_nothing_ends(self, value: Any, expected: str) -> None:
        assert markdown.code(value) == expected

    def test_a_comment_takes_it_whatever_the_fleet(self) -> None:
        hostile = [
            {**drifted(actual="x" * 500), "instance": f"{number}" * 40, "environment": f"e{number}" * 40}
            for number in range(1000)
        ]
        text = "".join(markdown.render(written(*hostile, *made_reports.report(3000)["instances"])))
        assert len(text) < 65_536
        assert "more, which are in the other files of the report" in text


class TestVerdict:
    @pytest.mark.parametrize(
        ("findings", "code", "unreachable"),
        [
            ([one("in_sync"), one("window_open")], None, None),
            ([drifted(), one("failed", failure=made_reports._REFUSED)], "not_examined", True),
            ([drifted(), one("in_sync")], "drifted", False),
            ([one("window_expired")], "drifted", False),
            ([], "not_examined", True),
        ],
    )
    def test_the_first_that_applies_is_the_fault(
        self, findings: list[dict[str, Any]], code: str | None, unreachable: bool | None
    ) -> None:
        findings = [{**finding, "tolerated": False, "password": _young()} for finding in findings]
        fault = verdict.fault(findings, drift_counts=True)
        assert (fault.get("error_code"), fault.get("unreachable")) == (code, unreachable)

    def test_drift_may_be_tolerated_by_instance_or_for_the_run(self) -> None:
        finding = {**drifted(), "password": _young()}
        assert verdict.fault([{**finding, "tolerated": True}], drift_counts=True) == {}
        assert verdict.fault([{**finding, "tolerated": False}], drift_counts=False) == {}

    def test_an_overdue_password_is_a_fault_where_it_is_to_fail(self) -> None:
        overdue = {**_young(), "age_days": 400, "overdue": True}
        assert verdict.fault([one("in_sync", password=overdue)], drift_counts=True) == {}
        fault = verdict.fault([one("in_sync", password={**overdue, "fails": True})], drift_counts=True)
        assert fault["error_code"] == "password_overdue"

    def test_a_message_and_a_table_stay_short(self) -> None:
        findings = [{**drifted(), "instance": f"host{number:04}", "tolerated": False} for number in range(1000)]
        message = verdict.fault(findings, drift_counts=True)["msg"]
        assert message.startswith("1,000 of 1,000 instances do not hold what is declared: host0000, host0001")
        assert message.endswith("host0007 and 992 more.")
        table = verdict.table(written(*findings))
        assert len(table) == 52
        assert table[0] == "1,000 instances: 1,000 drifted."
        assert table[-1] == "and 950 more, which are in the report"

    def test_the_worst_comes_first_and_who_is_in_sync_is_only_counted(self) -> None:
        table = verdict.table(written(one("in_sync"), drifted(), one("failed", failure=made_reports._REFUSED)))
        assert [line.split("  ")[0] for line in table[1:]] == ["Failed", "Drifted"]
        assert len(verdict.table(written(one("in_sync")))) == 1


class TestTelling:
    @pytest.mark.parametrize(
        ("option", "expected"),
        [
            ({"expected": 587, "actual": 25}, "is 25 instead of 587"),
            ({"expected": True, "actual": None}, "is (not there) instead of On"),
            ({"expected": "a", "actual": ""}, "is (blank) instead of a"),
            ({"expected": "(changed)", "actual": "(set)"}, "is not the declared one"),
        ],
    )
    def test_what_is_held_in_the_place_of_what(self, option: dict[str, Any], expected: str) -> None:
        assert telling.held(option) == expected

    def test_where_it_comes_from(self) -> None:
        known = {"since": "2026-11-20T08:15:00+00:00", "by": "alice", "run": "job 1"}
        unknown = dict.fromkeys(known)
        assert telling.origin({"how": "hand_edit", **unknown, "since": known["since"]}) == (
            "edited by hand after 2026-11-20 08:15 UTC"
        )
        assert telling.origin({"how": "older_run", **known}) == (
            "left by an older run on 2026-11-20 08:15 UTC by alice in run job 1"
        )
        assert telling.origin({"how": "before_journal", **unknown}) == "from before the journal"


def _young() -> dict[str, Any]:
    return {"changed_at": None, "age_days": 1, "max_age_days": 90, "overdue": False, "fails": False}
