# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The finding on one instance: what it comes to, and the file in which it is on its way to the report."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import made_reports
import pytest
from jsonschema import Draft202012Validator

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils.environment import environment_of
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import files, finding, findings
from ansible_collections.weestimate.mail.plugins.plugin_utils.schema import SCHEMA_DIRECTORY

_DRIFT = json.loads((SCHEMA_DIRECTORY / "drift.schema.json").read_text(encoding="utf-8"))
SCHEMA = Draft202012Validator({"$ref": "#/$defs/instance", "$defs": _DRIFT["$defs"]})

NOW = datetime.now(timezone.utc)
ME = finding.Subject("quotes-1", "production", "office365", password_max_age=90)
OFFICE365 = {
    "smtp_mail_enabled": True,
    "smtp_address": "smtp.office365.com",
    "smtp_port": 587,
    "use_ssl": True,
    "smtp_user": "notifications@contoso.com",
    "smtp_password": "(set)",
    "enable_smtp_send_as": True,
    "smtp_connect_as": "notifications@contoso.com",
    "send_smtp_to_self": None,
}


def moment(**ago: float) -> str:
    return (NOW - timedelta(**ago)).isoformat(timespec="seconds")


def window(*, phase: str = "open", **left: float) -> dict[str, Any]:
    """A note on a document window with so much time left."""
    content = {
        "id": "1",
        "reason": "Quotes",
        "opened_at": moment(hours=2),
        "until": (NOW + timedelta(**left)).isoformat(timespec="seconds"),
        "phase": phase,
        "journal_id": 7,
        "document_profile": "",
    }
    return {"topic": "window", "noted_at": moment(hours=2), "noted_by": "alice", "run": "", "content": content}


def examined(subject: finding.Subject = ME, **seen: Any) -> dict[str, Any]:
    """The finding on an instance of which this is seen; it fulfils the schema."""
    nothing = {
        "store": "sql01",
        "settings": OFFICE365,
        "options": [],
        "notes": [],
        "history": [],
        "password_changed_at": None,
    }
    made = finding.examined(subject, {**nothing, **seen}, NOW)
    assert [error.message for error in SCHEMA.iter_errors(made)] == []
    return made


class TestExamined:
    OPTIONS = made_reports.finding(2)["options"]

    @pytest.mark.parametrize(
        ("notes", "options", "state"),
        [
            ([], [], "in_sync"),
            ([], OPTIONS, "drifted"),
            ([window(hours=1)], OPTIONS, "window_open"),
            ([window(hours=1)], [], "window_open"),
            ([window(hours=-1)], [], "window_expired"),
            ([window(hours=1, phase="closing")], [], "window_expired"),
        ],
    )
    def test_the_state(self, notes: list[Any], options: list[Any], state: str) -> None:
        made = examined(notes=notes, options=options)
        assert made["state"] == state
        assert made["options"] == options

    def test_a_note_that_nobody_of_ours_has_written_is_a_failure(self) -> None:
        edited = {**window(hours=1), "content": {"until": "tomorrow"}}
        with pytest.raises(MailSettingsError) as caught:
            examined(notes=[edited])
        assert caught.value.code == "journal_unavailable"

    @pytest.mark.parametrize(("age", "overdue"), [(None, False), (90, False), (91, True)])
    def test_the_age_of_the_password(self, age: int | None, overdue: bool) -> None:
        changed_at = None if age is None else moment(days=age, hours=1)
        password = examined(password_changed_at=changed_at)["password"]
        assert (password["age_days"], password["overdue"]) == (age, overdue)

    def test_a_login_at_exchange_online_is_affected_and_a_relay_is_not(self) -> None:
        hosted = examined()
        assert hosted["provider"] == "Microsoft 365"
        assert hosted["exchange_online_change"]["affected"]
        assert "December 2026" in hosted["exchange_online_change"]["why"]
        relay = {**OFFICE365, "smtp_address": "relay.contoso.com", "smtp_user": "", "smtp_password": "(blank)"}
        assert examined(settings=relay)["exchange_online_change"] == {"affected": False, "why": ""}
        assert examined(settings=relay)["provider"] is None

    def test_other_advice_is_a_warning(self) -> None:
        (warning,) = examined(settings={**OFFICE365, "enable_smtp_send_as": False})["warnings"]
        assert "enable_smtp_send_as" in warning


class TestFailed:
    def test_a_failure_of_ours_keeps_its_words(self) -> None:
        result = {"failed": True, "msg": "It is gone. Check store.path.", "error_code": "database_missing"}
        made = finding.failed(ME, {**result, "remedy": "Check store.path."}, NOW)
        assert [error.message for error in SCHEMA.iter_errors(made)] == []
        assert (made["state"], made["failure"]) == (
            "failed",
            {
                "error_code": "database_missing",
                "msg": "It is gone.",
                "remedy": "Check store.path.",
                "unreachable": False,
            },
        )

    @pytest.mark.parametrize(
        ("result", "message"),
        [
            (
                {"msg": "'x' is undefined\n\nThe error appears to be in line 7:\n\npassword: c4nary"},
                "'x' is undefined.",
            ),
            (
                {"msg": "Validation failed:\n", "argument_errors": ["a is missing", "b is wrong"]},
                "a is missing; b is wrong.",
            ),
            ({"msg": "x" * 2000}, "x" * 500 + "."),
            ({}, "It failed and did not say how."),
        ],
    )
    def test_one_of_others_is_cut_to_a_sentence(self, result: dict[str, Any], message: str) -> None:
        failure = finding.failed(ME, result, NOW)["failure"]
        assert (failure["error_code"], failure["msg"]) == ("not_examined", message)
        assert failure["remedy"]

    def test_what_was_found_before_stays(self) -> None:
        before = examined(notes=[window(hours=-1)])
        after = finding.failed_later(before, {"msg": "It did not come back.", "error_code": "recycle_failed"})
        assert (after["state"], after["window"], after["settings"]) == ("failed", before["window"], before["settings"])


class TestOnTheWay:
    def test_a_finding_is_for_its_owner_alone_and_taken_once(self, tmp_path: Path) -> None:
        folder = tmp_path / "run" / "findings"
        names = ["a", "b/../c", "ü\ud800", "x" * 1000]
        kept = [findings.keep(str(folder), examined(finding.Subject(name, "production"))) for name in names]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
        assert {file.parent for file in kept} == {folder}
        assert findings.known(str(folder), "a")["instance"] == "a"
        assert findings.known(str(folder), "other") is None
        assert {each["instance"] for each in findings.take(str(folder))} == set(names)
        assert list(findings.take(str(folder))) == list(folder.iterdir()) == []

    def test_a_finding_that_cannot_be_read_stops_the_report(self, tmp_path: Path) -> None:
        (tmp_path / "half.json").write_text('{"instance": ', encoding="utf-8")
        with pytest.raises(MailSettingsError) as caught:
            list(findings.take(str(tmp_path)))
        assert caught.value.code == "report_unusable"

    def test_a_file_is_whole_or_as_it_was(self, tmp_path: Path) -> None:
        def broken() -> Any:
            yield "half"
            raise OSError(28, "No space left on device")

        file = tmp_path / "drift.json"
        files.write_whole(file, ["as it ", "was"], files.PUBLIC)
        with pytest.raises(MailSettingsError) as caught:
            files.write_whole(file, broken(), files.PUBLIC)
        assert caught.value.code == "report_unusable"
        assert "No space left on device" in caught.value.message
        assert file.read_text(encoding="utf-8") == "as it was"
        assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("named", "groups", "expected"),
    [
        (None, [], "weestimate"),
        (None, ["all", "ungrouped", "weestimate"], "weestimate"),
        (None, ["production", "weestimate", "windows"], "production"),
        ("staging", ["production"], "staging"),
    ],
)
def test_the_environment_is_named_or_the_first_group_that_says_something(
    named: str | None, groups: list[str], expected: str
) -> None:
    assert environment_of(named, groups) == expected
