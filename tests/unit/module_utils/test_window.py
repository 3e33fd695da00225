# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance that holds other settings for a while is locked meanwhile, and finds its way back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from canary import Canary
from programoption import STORED, Database

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError

DOCUMENTS = {"enable_smtp_send_as": False}
ELSEWHERE = {"smtp_address": "relay.example.com", "smtp_user": "documents", "smtp_password": "of the relay"}
CAMPAIGN = {"settings": DOCUMENTS, "reason": "Campaign", "changed_by": "alice", "run": "job 1", "profile": "documents"}

PUBLIC = {
    "id",
    "holder",
    "run",
    "reason",
    "document_profile",
    "opened_at",
    "until",
    "phase",
    "expired",
}


def opened(database: Database, **more: Any) -> Any:
    return database.window("opened", **{**CAMPAIGN, **more})


def let_it_expire(database: Database) -> None:
    """As if the deadline was over: nobody waits for an hour."""
    (note,) = notes(database)
    write(database, {**note, "until": "2026-01-01T00:00:00+00:00"})


def write(database: Database, content: Any) -> None:
    database.sql("UPDATE weestimateMailJournalNote SET content = ?", json.dumps(content))


def notes(database: Database) -> list[dict[str, Any]]:
    if not database.sql("SELECT 1 FROM sqlite_master WHERE name = 'weestimateMailJournalNote'"):
        return []
    return [json.loads(text) for (text,) in database.sql("SELECT content FROM weestimateMailJournalNote")]


def values(database: Database) -> dict[str, Any]:
    return {name: database.stored(name) for name in STORED}


def states(database: Database) -> list[tuple[str, str]]:
    return [(entry["kind"], entry["state"]) for entry in database.journal()]


def refused(work: Callable[[], Any], code: str) -> MailSettingsError:
    with pytest.raises(MailSettingsError) as caught:
        work()
    assert caught.value.code == code
    return caught.value


class TestOpening:
    def test_it_switches_and_locks(self, database: Database) -> None:
        told = opened(database)

        assert (told["changed"], told["recycle_required"], told["changed_options"]) == (True, True, [*DOCUMENTS])
        assert database.stored("enable_smtp_send_as") == "FALSE"
        assert told["window"].keys() == PUBLIC
        assert (told["window"]["holder"], told["window"]["run"]) == ("alice", "job 1")
        assert (told["window"]["phase"], told["window"]["expired"]) == ("open", False)
        (note,) = notes(database)
        assert note["journal_id"] == told["journal_id"] == 1
        assert database.info()["window"] == told["window"]

    def test_settings_that_are_so_already_are_locked_all_the_same(self, database: Database) -> None:
        told = opened(database, settings={"enable_smtp_send_as": True})

        assert (told["changed"], told["changed_options"], told["journal_id"]) == (True, [], None)
        refused(lambda: database.converge({"send_smtp_to_self": True}), "window_open")
        assert database.window("restored")["changed"] is True
        assert database.window("closed")["changed"] is True
        assert values(database) == dict(STORED)

    def test_nobody_else_is_let_in_and_everybody_is_told_why(self, database: Database) -> None:
        until = opened(database)["window"]["until"]
        before = database.path.read_bytes()

        attempts: list[Callable[[], Any]] = [
            lambda: opened(database, changed_by="bob"),
            *(lambda state=state: database.converge(DOCUMENTS, state=state) for state in commands._STATES),
            lambda: database.converge(DOCUMENTS, check_mode=True),
            lambda: database.window("closed"),
        ]
        errors = [refused(attempt, "window_open") for attempt in attempts]

        assert "alice (run job 1)" in errors[0].message
        assert "Campaign" in errors[0].message
        assert until in errors[0].message
        assert {error.details["window"]["holder"] for error in errors} == {"alice"}
        assert database.path.read_bytes() == before

    def test_the_same_window_is_opened_once(self, database: Database) -> None:
        first = opened(database, window_id="mine")

        again = opened(database, window_id="mine")

        assert (again["changed"], again["window"]) == (False, first["window"])
        # The answer to the first may have been lost before the approval server was recycled.
        assert again["recycle_required"] is True
        assert states(database) == [("change", "open")]

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"reason": "  "}, "schema_invalid"),
            ({"reason": None}, "schema_invalid"),
            ({"minutes": 0}, "schema_invalid"),
            ({"minutes": 24 * 60 + 1}, "schema_invalid"),
            ({"journal": {"enabled": False}}, "journal_unavailable"),
            ({"journal": {"create": False}}, "journal_unavailable"),
            ({"settings": {"smtp_address": "relay.example.com"}}, "redirect_without_password"),
        ],
    )
    @pytest.mark.parametrize("check_mode", [False, True])
    def test_what_cannot_be_opened_leaves_all_as_it_is(
        self, database: Database, more: Mapping[str, Any], code: str, check_mode: bool
    ) -> None:
        refused(lambda: opened(database, check_mode=check_mode, **more), code)

        assert values(database) == dict(STORED)
        assert (notes(database), states(database)) == ([], [])

    def test_check_mode_writes_nothing(self, database: Database) -> None:
        before = database.path.read_bytes()

        told = opened(database, check_mode=True)

        assert (told["changed"], told["diff"]["after"]["enable_smtp_send_as"]) == (True, False)
        assert database.path.read_bytes() == before

    def test_a_lock_without_the_switch_is_not_possible_nor_the_reverse(self, database: Database) -> None:
        database.sql(
            "CREATE TABLE weestimateMailJournalNote"
            " (instance, topic, notedAt, notedBy, run, content CHECK (content = 1))"
        )

        refused(lambda: opened(database), "store_error")

        assert values(database) == dict(STORED)
        assert states(database) == []


class TestGoingBack:
    def test_all_of_it_comes_back_the_password_included(self, database: Database) -> None:
        opened(database, settings=ELSEWHERE)
        assert database.stored("smtp_password") == ELSEWHERE["smtp_password"]

        told = database.window("restored")

        assert values(database) == dict(STORED)
        assert told["changed_options"] == sorted(ELSEWHERE)
        assert (told["window"]["phase"], told["window"]["holder"]) == ("closing", "alice")
        assert states(database) == [("change", "restored"), ("restore", "confirmed")]
        assert not any(entry["previousSecret"] for entry in database.journal())

    def test_each_step_is_taken_once(self, database: Database) -> None:
        opened(database)

        steps = [database.window(state) for state in ("restored", "restored", "closed", "closed", "restored")]

        assert [step["changed"] for step in steps] == [True, False, True, False, False]
        assert [step["recycle_required"] for step in steps] == [True, True, False, False, False]
        assert [bool(step["window"]) for step in steps] == [True, True, True, False, False]
        assert notes(database) == []
        assert database.converge({"send_smtp_to_self": True})["changed"] is True

    @pytest.mark.parametrize("state", ["restored", "closed"])
    def test_a_window_of_another_name_is_left_alone(self, database: Database, state: str) -> None:
        opened(database, window_id="hers")

        told = database.window(state, window_id="mine")

        assert (told["changed"], told["window"]) == (False, None)
        assert database.stored("enable_smtp_send_as") == "FALSE"

    def test_check_mode_writes_nothing(self, database: Database) -> None:
        opened(database)
        before = database.path.read_bytes()

        told = database.window("restored", check_mode=True)

        assert (told["changed"], told["diff"]["after"]["enable_smtp_send_as"]) == (True, True)
        assert database.path.read_bytes() == before


class TestEditsInTheWindow:
    def test_an_edit_of_what_was_switched_is_not_overwritten_unasked(self, database: Database) -> None:
        opened(database, settings=ELSEWHERE)
        database.edit("smtp_address", "elsewhere.example.com")

        error = refused(lambda: database.window("restored"), "concurrent_change")

        assert error.details["options"] == ["smtp_address"]
        assert "weestimate_smtp_window_overwrite_edits=true" in error.remedy
        assert database.stored("smtp_address") == "elsewhere.example.com"
        assert database.window("restored", overwrite_edits=True)["changed"] is True
        assert values(database) == dict(STORED)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("smtp_address", "elsewhere.example.com"),
            ("smtp_port", "2525"),
            ("use_ssl", "FALSE"),
            ("use_ssl", None),
        ],
    )
    def test_the_former_password_is_not_sent_to_where_somebody_has_moved_meanwhile(
        self, database: Database, name: str, value: str | None
    ) -> None:
        opened(database, settings={"smtp_user": "documents", "smtp_password": "for documents"})
        database.edit(name, value)
        database.edit("send_smtp_to_self", "TRUE")
        refused(lambda: database.window("restored"), "concurrent_change")

        told = database.window("restored", overwrite_edits=True)

        assert values(database) == {**STORED, "send_smtp_to_self": "TRUE"}
        assert told["changed_options"] == sorted(["smtp_user", "smtp_password", name])

    def test_an_address_that_somebody_has_filled_in_meanwhile_is_blank_again(self, database: Database) -> None:
        for blank in ("smtp_address", "smtp_port"):
            database.edit(blank, None)
        opened(database, settings={"smtp_user": "documents", "smtp_password": "for documents"})
        database.edit("smtp_address", "elsewhere.example.com")
        database.edit("smtp_port", "2525")

        told = database.window("restored", overwrite_edits=True)

        assert (told["settings"]["smtp_address"], told["settings"]["smtp_port"]) == ("", None)
        assert told["settings"]["smtp_user"] == STORED["smtp_user"]

    def test_a_row_that_somebody_has_made_or_removed_meanwhile_does_not_lead_it_astray(
        self, database: Database
    ) -> None:
        database.sql("DELETE FROM programOption WHERE optionName = 'SMTP Port'")
        opened(database, settings={"smtp_user": "documents", "smtp_password": "for documents"})
        database.sql("DELETE FROM programOption WHERE optionName = 'SMTP Address'")
        database.sql("INSERT INTO programOption VALUES ('SMTP', 'SMTP Port', '2525')")

        told = database.window("restored", overwrite_edits=True)

        assert "smtp_port" not in told["settings"]
        assert database.stored("smtp_address") == STORED["smtp_address"]

    def test_an_edit_of_anything_else_stays(self, database: Database) -> None:
        opened(database)
        database.edit("send_smtp_to_self", "TRUE")

        database.window("restored")

        assert values(database) == {**STORED, "send_smtp_to_self": "TRUE"}

    def test_somebody_who_has_gone_back_by_hand_is_not_in_the_way(self, database: Database) -> None:
        opened(database)
        database.edit("enable_smtp_send_as", "TRUE")

        database.window("restored")

        assert values(database) == dict(STORED)
        assert states(database) == [("change", "restored"), ("restore", "confirmed")]

    def test_a_later_change_that_is_recorded_is_never_taken_back(self, database: Database) -> None:
        opened(database)
        (note,) = notes(database)
        database.window("restored")
        database.window("closed")
        database.converge({"smtp_port": 25, "smtp_password": "new"})
        database.sql("INSERT INTO weestimateMailJournalNote VALUES ('programoption.smtp', 'window', '', 'a', '', '')")
        write(database, note)

        refused(lambda: database.window("restored"), "concurrent_change")
        told = database.window("restored", overwrite_edits=True)

        assert (told["changed"], told["changed_options"], told["window"]["phase"]) == (True, [], "closing")
        assert database.stored("smtp_port") == "25"

    def test_a_journal_that_was_emptied_does_not_lock_the_instance_for_ever(self, database: Database) -> None:
        opened(database)
        database.sql("DELETE FROM weestimateMailJournal")

        refused(lambda: database.window("restored"), "restore_unavailable")
        database.window("restored", overwrite_edits=True)
        database.window("closed")

        assert notes(database) == []


class TestAWindowPastItsDeadline:
    def test_it_is_closed_by_whoever_applies(self, database: Database) -> None:
        opened(database)
        let_it_expire(database)

        told = database.converge({"send_smtp_to_self": True}, changed_by="bob")

        assert values(database) == {**STORED, "send_smtp_to_self": "TRUE"}
        assert (told["changed"], told["recycle_required"], told["journal_id"]) == (True, True, 3)
        assert told["changed_options"] == ["enable_smtp_send_as", "send_smtp_to_self"]
        assert (told["diff"]["before"]["enable_smtp_send_as"], told["diff"]["after"]["enable_smtp_send_as"]) == (
            False,
            True,
        )
        assert (told["window_closed"]["holder"], told["window_closed"]["phase"]) == ("alice", "closing")
        assert states(database) == [("change", "restored"), ("restore", "confirmed"), ("change", "open")]
        assert [entry["changedBy"] for entry in database.journal()] == ["alice", "bob", "bob"]

    def test_it_is_closed_also_where_nothing_else_is_to_be_changed(self, database: Database) -> None:
        opened(database)
        let_it_expire(database)

        told = database.converge({"enable_smtp_send_as": True})

        assert (told["changed"], told["recycle_required"], told["journal_id"]) == (True, True, None)
        assert values(database) == dict(STORED)

    @pytest.mark.parametrize("state", ["restored", "confirmed"])
    def test_it_is_closed_before_anything_is_restored_or_confirmed(self, database: Database, state: str) -> None:
        opened(database)
        let_it_expire(database)

        told = database.converge(state=state)

        assert values(database) == dict(STORED)
        assert (told["changed"], told["recycle_required"]) == (True, True)
        assert states(database) == [("change", "restored"), ("restore", "confirmed")]

    def test_its_traces_want_a_recycle_until_it_is_unlocked(self, database: Database) -> None:
        opened(database)
        let_it_expire(database)
        database.converge({"send_smtp_to_self": True})

        again = database.converge({"send_smtp_to_self": True}, report_unconfirmed=True)

        assert (again["changed"], again["recycle_required"], again["changed_options"]) == (True, True, [])
        assert again["unconfirmed"]["id"] == 3
        database.window("closed")
        assert database.converge({"send_smtp_to_self": True})["changed"] is False

    def test_a_change_made_while_it_is_closing_can_be_taken_back(self, database: Database) -> None:
        opened(database)
        let_it_expire(database)
        made = database.converge({"send_smtp_to_self": True})

        told = database.converge(state="restored", journal_id=made["journal_id"])

        assert told["changed_options"] == ["send_smtp_to_self"]
        assert values(database) == dict(STORED)

    def test_it_makes_room_for_a_new_one(self, database: Database) -> None:
        opened(database)
        let_it_expire(database)

        told = opened(database, changed_by="bob", settings={"send_smtp_to_self": True})

        assert values(database) == {**STORED, "send_smtp_to_self": "TRUE"}
        assert (told["window"]["holder"], told["window_closed"]["holder"]) == ("bob", "alice")
        database.window("restored")
        assert values(database) == dict(STORED)

    @pytest.mark.parametrize("work", [{"state": "present"}, {"state": "restored"}, {"state": "confirmed"}])
    def test_check_mode_only_plans_to_close_it(self, database: Database, work: Mapping[str, Any]) -> None:
        opened(database)
        let_it_expire(database)
        before = database.path.read_bytes()

        told = database.converge({"send_smtp_to_self": True}, check_mode=True, **work)

        assert told["changed"] is True
        assert told["window_closed"]["holder"] == "alice"
        assert database.path.read_bytes() == before
        if work["state"] == "present":
            after = {"enable_smtp_send_as": True, "send_smtp_to_self": True}
            assert told["diff"]["after"].items() >= after.items()
            assert told["changed_options"] == sorted(after)

    def test_what_fails_afterwards_tells_that_a_recycle_is_due(self, database: Database) -> None:
        opened(database)
        let_it_expire(database)

        error = refused(lambda: database.converge({"smtp_address": "x.example.com"}), "redirect_without_password")

        assert values(database) == dict(STORED)
        assert error.details["window_closed"]["phase"] == "closing"
        assert (error.details["changed"], error.details["recycle_required"]) == (True, True)
        assert error.details["settings"]["smtp_mail_enabled"] is True

    def test_a_hand_edit_keeps_it_from_being_closed_by_the_way(self, database: Database) -> None:
        opened(database)
        database.edit("enable_smtp_send_as", "TRUE")
        database.edit("smtp_connect_as", "somebody@example.com")
        database.edit("enable_smtp_send_as", "yes")
        let_it_expire(database)

        error = refused(lambda: database.converge({"send_smtp_to_self": True}), "concurrent_change")

        assert "alice" in error.message
        assert database.stored("send_smtp_to_self") == "FALSE"


class TestMeetings:
    def test_a_window_that_is_opened_while_somebody_applies_is_not_overrun(self, database: Database) -> None:
        """Although it changes no setting, which is what an apply would notice by itself."""

        def meanwhile(_plan: Any) -> dict[str, Any]:
            opened(database, settings={"enable_smtp_send_as": True})
            return {}

        arguments = database.arguments(settings={"send_smtp_to_self": True})

        refused(
            lambda: commands.smtp_settings(arguments, check_mode=False, approve=meanwhile),
            "concurrent_change",
        )

        assert values(database) == dict(STORED)

    @pytest.mark.parametrize("settings", [DOCUMENTS, {"enable_smtp_send_as": True}])
    def test_two_who_open_at_the_same_time_do_not_both_get_it(self, database: Database, settings: Any) -> None:
        def meanwhile(_plan: Any) -> dict[str, Any]:
            opened(database, changed_by="bob", settings=settings)
            return {}

        arguments = database.arguments(
            **{**CAMPAIGN, "settings": settings}, minutes=5, state="opened", overwrite_edits=False
        )
        refused(lambda: commands.smtp_window(arguments, check_mode=False, approve=meanwhile), "concurrent_change")

        assert database.info()["window"]["holder"] == "bob"


@pytest.mark.parametrize(
    "damage",
    [
        {"phase": "ajar"},
        {"until": "soon"},
        {"until": "2026-11-22T08:15:00"},
        {"until": None},
        {"journal_id": "1"},
        {"more": "than that"},
    ],
)
def test_an_edited_note_is_named_and_not_guessed_at(database: Database, damage: Mapping[str, Any]) -> None:
    opened(database)
    (note,) = notes(database)
    write(database, {**note, **damage})

    for work in (lambda: database.converge({}), lambda: database.window("restored"), lambda: opened(database)):
        refused(work, "journal_unavailable")


def test_no_password_is_told_or_noted(database: Database) -> None:
    old, new = Canary.named("oldcanary"), Canary.named("newcanary")
    database.edit("smtp_password", str(old))

    told = [
        opened(database, settings={**ELSEWHERE, "smtp_password": str(new)}),
        database.window("restored"),
        database.window("closed"),
    ]

    for each in (*told, database.sql("SELECT * FROM sqlite_master"), notes(database)):
        assert old.traces_in(repr(each)) + new.traces_in(repr(each)) == []
