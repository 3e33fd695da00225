# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of a trial: a result that is complete either way, and an error that says who mends what."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.notes import Note
from ansible_collections.weestimate.mail.plugins.module_utils.record import content_of
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import seal
from ansible_collections.weestimate.mail.plugins.plugin_utils import verdict

STAGE = {"elapsed_ms": 1.0, "reply_code": None, "enhanced_code": None, "detail": "did not arrive within 5 seconds"}
PASSED: dict[str, Any] = {
    "kind": "approval",
    "route": {"address": "smtp.office365.com", "port": 587, "mode": "starttls"},
    "stages": [{**STAGE, "name": "delivered", "status": "ok"}],
    "failed_stage": None,
    "failure": None,
    "tls": None,
    "token": "0123",
    "delivery": None,
}
REFUSED = {
    **PASSED,
    "failed_stage": "auth",
    "failure": {
        "stage": "auth",
        "text": "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        "code": 535,
        "enhanced": "5.7.139",
        "cause": None,
        "recipient": None,
    },
}
JUNK = {
    "folder": "Junk",
    "junk": True,
    "seconds": 2.5,
    "authentication_results": {"spf": "fail", "dkim": None, "dmarc": "fail", "raw": "mx; spf=fail; dmarc=fail"},
    "warning": None,
}


def error_of(trial: dict[str, Any]) -> dict[str, Any]:
    return verdict.failure_of(trial, verdict.result_of(trial)).result()


def test_a_trial_that_got_through() -> None:
    assert verdict.result_of(PASSED) == {
        "changed": False,
        "ok": True,
        "kind": "approval",
        "stages": PASSED["stages"],
        "failed_stage": None,
        "diagnosis": None,
        "tls": None,
        "delivery": None,
        "token": "0123",
        "warnings": [],
    }


def test_a_refusal_is_diagnosed_with_all_that_is_known_of_it() -> None:
    error = error_of(REFUSED)

    assert (error["failed"], error["ok"], error["error_code"]) == (True, False, "test_failed")
    assert error["diagnosis"]["cause"] == "auth_smtp_auth_disabled"
    assert error["diagnosis"]["evidence"].startswith("535 5.7.139 ")
    for part in ("Approval mail", "smtp.office365.com:587", "auth", error["diagnosis"]["owner"], error["remedy"]):
        assert part in error["msg"]


def test_what_the_client_knows_for_certain_is_not_guessed_again() -> None:
    failure = {
        **REFUSED["failure"],
        "stage": "connect",
        "text": "no words",
        "code": None,
        "cause": "connection_refused",
    }
    diagnosis = verdict.result_of({**REFUSED, "failed_stage": "connect", "failure": failure})["diagnosis"]

    assert (diagnosis["cause"], diagnosis["confidence"], diagnosis["evidence"]) == (
        "connection_refused",
        "high",
        "no words",
    )


def test_junk_is_a_warning_unless_it_counts_as_a_failure() -> None:
    tolerated = verdict.result_of({**PASSED, "delivery": JUNK})
    spurned = error_of({**PASSED, "delivery": JUNK, "failed_stage": "delivered"})

    assert tolerated["ok"] is True
    assert "Junk (spf=fail, dmarc=fail)" in tolerated["warnings"][0]
    assert tolerated["delivery"] == {key: JUNK[key] for key in ("folder", "junk", "seconds", "authentication_results")}
    assert (spurned["error_code"], spurned["warnings"]) == ("delivery_junk", [])
    assert spurned["diagnosis"]["cause"] == "content_rejected_spam"


def test_a_mail_that_is_nowhere() -> None:
    error = error_of({**PASSED, "failed_stage": "delivered"})

    assert (error["error_code"], error["failed_stage"]) == ("delivery_missing", "delivered")
    assert error["diagnosis"]["cause"] == "unknown"
    assert "did not arrive within 5 seconds" in error["msg"]


def test_what_was_left_of_a_mail_is_told() -> None:
    kept = {**JUNK, "junk": False, "warning": "It could not be deleted."}

    assert verdict.result_of({**PASSED, "delivery": kept})["warnings"] == ["It could not be deleted."]


def test_what_could_not_be_noted_is_a_warning_and_not_a_failure() -> None:
    told = verdict.result_of({**PASSED, "unrecorded": "No table."})

    assert (told["ok"], told["warnings"]) == (True, ["No table."])
    assert verdict.result_of({**PASSED, "unrecorded": None})["warnings"] == []


@pytest.mark.parametrize("result", [{"changed": True}, {"failed": True, "error_code": "lock_timeout"}])
def test_what_has_no_trial_is_left_as_it_is(result: dict[str, Any]) -> None:
    assert verdict.explained(result) == result


def test_a_refused_candidate_is_explained_and_left_the_instance_alone() -> None:
    raw = {"failed": True, "error_code": "candidate_refused", "msg": "raw", "remedy": "raw", "trial": seal(REFUSED)}
    result = verdict.explained(raw)

    assert "trial" not in result
    assert (result["error_code"], result["state"], result["failed_stage"]) == ("candidate_refused", "unchanged", "auth")
    assert result["diagnosis"]["cause"] == "auth_smtp_auth_disabled"
    assert "Nothing was changed" in result["msg"]
    assert result["msg"].endswith(result["remedy"])


class TestOfNote:
    """What a test that was noted is told as later."""

    BEGAN_AT = datetime(2026, 11, 1, 12, 0, tzinfo=timezone.utc)

    def note(self, trial: dict[str, Any], topic: str = "test:approval", **altered: Any) -> Note:
        content = {**content_of(trial, self.BEGAN_AT), **altered}
        return Note(topic, "2026-11-01T12:00:07+00:00", "alice", "job 1", content)

    def test_a_test_that_got_through(self) -> None:
        expires_at = "2027-01-24T00:00:00+00:00"
        trial = {**PASSED, "tls": {"subject": "CN=mail", "expires_at": expires_at}, "delivery": JUNK}

        assert verdict.of_note(self.note(trial)) == {
            "kind": "approval",
            "at": "2026-11-01T12:00:00+00:00",
            "by": "alice",
            "run": "job 1",
            "ok": True,
            "failed_stage": None,
            "stages": [
                {"name": "delivered", "status": "ok", "elapsed_ms": 1.0, "reply_code": None, "enhanced_code": None}
            ],
            "diagnosis": None,
            "certificate_expires_at": expires_at,
        }

    @pytest.mark.parametrize(
        "trial",
        [REFUSED, {**PASSED, "failed_stage": "delivered"}, {**PASSED, "failed_stage": "delivered", "delivery": JUNK}],
        ids=["refused", "nowhere", "junk"],
    )
    def test_a_failure_is_judged_later_as_it_would_have_been_then(self, trial: dict[str, Any]) -> None:
        told, then = verdict.of_note(self.note(trial)), verdict.result_of(trial)

        assert (told["ok"], told["failed_stage"]) == (False, then["failed_stage"])
        assert told["diagnosis"] == {name: then["diagnosis"][name] for name in told["diagnosis"]}
        assert set(told["diagnosis"]) == {"cause", "owner", "summary", "remedy"}

    @pytest.mark.parametrize(
        "altered",
        [
            {"topic": "test:"},
            {"topic": "test:something"},
            {"ok": "yes"},
            {"ok": 1},
            {"began_at": "yesterday"},
            {"began_at": "2026-11-01T12:00:00"},
            {"certificate_expires_at": "soon"},
            {"failure": {"stage": "auth"}},
            {"stages": None},
            {"stages": [{"name": "auth"}]},
            {"stages": [{**STAGE, "name": "auth", "status": "perhaps"}]},
            {"route": None},
            {"delivery": []},
        ],
    )
    def test_an_edited_note_is_named_and_not_guessed_at(self, altered: dict[str, Any]) -> None:
        with pytest.raises(MailSettingsError) as caught:
            verdict.of_note(self.note(PASSED, **altered))

        assert caught.value.code == "journal_unavailable"
        assert altered.get("topic", "test:approval") in caught.value.message

    def test_what_a_later_release_may_note_besides_is_left_alone(self) -> None:
        told = verdict.of_note(self.note(PASSED, stages=[{**PASSED["stages"][0], "peer": "x"}], weather="fair"))

        assert told["stages"] == verdict.of_note(self.note(PASSED))["stages"]
