# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs from what is declared, and where that comes from by the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from canary import Canary
from programoption import HELD, STORED, Database

from ansible_collections.weestimate.mail.plugins.module_utils import commands, drift, fingerprint
from ansible_collections.weestimate.mail.plugins.module_utils.encoder import Encoding
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.journal import Author
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout
from ansible_collections.weestimate.mail.plugins.module_utils.notes import Notes

#: A change that takes no password anywhere.
SENDER = {"smtp_connect_as": "new@example.com"}


def seen(database: Database, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What an examination tells; it leaves the file as it is."""
    before = database.path.read_bytes()
    found = commands.smtp_drift(database.arguments(settings=settings, **more))
    assert database.path.read_bytes() == before
    return found


def options(database: Database, settings: Mapping[str, Any], **more: Any) -> dict[str, tuple[Any, Any]]:
    """The expected and the actual value of each option that differs."""
    told = seen(database, settings, **more)["options"]
    return {option["name"]: (option["expected"], option["actual"]) for option in told}


def origin(database: Database, name: str, declared: Any, **more: Any) -> tuple[Any, ...]:
    """Where the only option that differs comes from."""
    (option,) = seen(database, {name: declared}, **more)["options"]
    assert option["name"] == name
    return tuple(option[key] for key in drift.Origin._fields)


class TestComparing:
    def test_an_instance_as_declared_differs_in_nothing(self, database: Database) -> None:
        found = seen(database, HELD)
        assert found["options"] == []
        assert found["settings"] == {**HELD, "smtp_password": "(set)"}
        assert found["store"] == str(database.path)

    def test_what_is_not_declared_is_not_compared(self, database: Database) -> None:
        database.edit("use_ssl", "FALSE")
        assert options(database, {"smtp_port": 587}) == {}
        assert options(database, {"use_ssl": True, "smtp_port": 587}) == {"use_ssl": (True, False)}

    def test_the_options_come_in_the_order_of_the_catalogue_with_their_labels(self, database: Database) -> None:
        told = seen(database, {"use_smtp_email": False, "smtp_port": 25, "smtp_address": "other"})["options"]
        assert [option["label"] for option in told] == ["SMTP Address", "SMTP Port", "Use SMTP Email"]

    def test_a_moved_server_is_drift_and_not_a_refusal(self, database: Database) -> None:
        """An apply would not send the stored password there; an examination sends nothing anywhere."""
        database.edit("smtp_address", "mail.example.net")
        declared = {"smtp_address": STORED["smtp_address"]}
        assert options(database, declared) == {"smtp_address": (STORED["smtp_address"], "mail.example.net")}

    @pytest.mark.parametrize(
        ("declared", "policy", "expected"),
        [
            (HELD["smtp_password"], "always", {}),
            ("another", "always", {"smtp_password": ("(changed)", "(set)")}),
            ("", "always", {"smtp_password": ("(blank)", "(set)")}),
            ("another", "on_create", {}),
            ("another", "never", {}),
        ],
    )
    def test_a_password_is_compared_where_it_would_be_written(
        self, database: Database, declared: str, policy: str, expected: Any
    ) -> None:
        assert options(database, {"smtp_password": declared}, update_password=policy) == expected

    @pytest.mark.parametrize(
        "encoding",
        [
            Encoding("command", ("base64", "-w0")),
            Encoding("opaque", ("sh", "-c", "echo $(head -c 9 /dev/urandom | base64):$(base64 -w0)")),
        ],
        ids=lambda encoding: encoding.kind,
    )
    def test_a_password_that_is_stored_encoded_is_compared_too(self, tmp_path: Path, encoding: Encoding) -> None:
        database = Database.create(tmp_path / "encoded.db", layout=Layout(password=encoding))
        database.converge({"smtp_password": "declared"}, changed_by="alice")
        assert options(database, {"smtp_password": "declared"}) == {}
        assert options(database, {"smtp_password": "another"}) == {"smtp_password": ("(changed)", "(set)")}
        assert origin(database, "smtp_password", "another")[0] == "older_run"
        database.edit("smtp_password", "by hand")
        assert origin(database, "smtp_password", "declared")[0] == "hand_edit"

    def test_no_secret_is_told(self, database: Database) -> None:
        stored, declared = Canary.named("stored"), Canary.named("declared")
        database.converge({"smtp_password": "first"})
        database.edit("smtp_password", stored)
        told = json.dumps(seen(database, {"smtp_password": declared}), ensure_ascii=False)
        assert "(changed)" in told
        assert stored.traces_in(told) == declared.traces_in(told) == []

    def test_an_option_without_a_row_is_a_mismatch_unless_rows_may_be_made(self, database: Database) -> None:
        database.sql(f"DELETE FROM {database.table} WHERE optionName = 'SMTP Port'")
        with pytest.raises(MailSettingsError) as caught:
            seen(database, {"smtp_port": 587})
        assert caught.value.code == "option_missing"
        assert options(database, {"smtp_port": 587}, create_missing=True) == {"smtp_port": (587, None)}
        assert options(database, {"use_ssl": True}) == {}


class TestOrigin:
    def test_without_an_entry_nothing_is_known(self, database: Database) -> None:
        assert origin(database, "smtp_connect_as", "other@example.com") == ("never_recorded", None, None, None)

    def test_without_a_journal_nothing_is_known(self, database: Database) -> None:
        database.converge(SENDER)
        assert origin(database, "smtp_connect_as", "other@example.com", journal={"enabled": False}) == (
            "never_recorded",
            None,
            None,
            None,
        )

    def test_a_hand_edit_was_made_after_the_newest_entry(self, database: Database) -> None:
        database.converge(SENDER)
        database.edit("smtp_connect_as", "edited@example.com")
        entry = database.last()
        assert origin(database, "smtp_connect_as", "new@example.com") == ("hand_edit", entry.changed_at, None, None)

    def test_an_older_run_is_named_with_its_author(self, database: Database) -> None:
        database.converge(SENDER, changed_by="alice", run="job 1")
        at = database.last().changed_at
        database.converge({"send_smtp_to_self": True}, changed_by="bob", run="job 2")
        assert origin(database, "smtp_connect_as", "other@example.com") == ("older_run", at, "alice", "job 1")

    def test_what_no_entry_has_touched_is_older_than_the_journal(self, database: Database) -> None:
        database.converge(SENDER)
        assert origin(database, "use_ssl", False) == ("before_journal", None, None, None)

    def test_an_edit_that_a_later_run_found_and_left_alone_is_no_work_of_a_run(self, database: Database) -> None:
        database.converge(SENDER)
        at = database.last().changed_at
        database.edit("smtp_connect_as", "edited@example.com")
        database.converge({"send_smtp_to_self": True})
        assert origin(database, "smtp_connect_as", "new@example.com") == ("hand_edit", at, None, None)

    def test_a_change_that_was_taken_back_does_not_count(self, database: Database) -> None:
        database.converge(SENDER, changed_by="alice")
        at = database.last().changed_at
        database.converge({"smtp_connect_as": "newer@example.com"}, changed_by="bob")
        database.converge(state="restored", changed_by="carol")
        assert origin(database, "smtp_connect_as", "other@example.com")[:3] == ("older_run", at, "alice")

    def test_an_edit_after_a_restore_is_one_by_hand(self, database: Database) -> None:
        database.converge(SENDER)
        database.converge(state="restored")
        database.edit("smtp_connect_as", "edited@example.com")
        assert origin(database, "smtp_connect_as", "other@example.com")[:2] == ("hand_edit", database.last().changed_at)

    def test_what_a_restore_brought_back_is_older_than_the_journal(self, database: Database) -> None:
        database.converge(SENDER)
        database.converge(state="restored")
        assert origin(database, "smtp_connect_as", "other@example.com")[0] == "before_journal"

    @pytest.mark.parametrize(("edited", "how"), [(None, "older_run"), ("by hand", "hand_edit")])
    def test_a_password_is_told_apart_by_its_fingerprint(
        self, database: Database, edited: str | None, how: str
    ) -> None:
        database.converge({"smtp_password": "by a run"}, changed_by="alice")
        database.converge({"send_smtp_to_self": True})
        if edited:
            database.edit("smtp_password", edited)
        assert origin(database, "smtp_password", "declared")[0] == how

    @pytest.mark.parametrize(
        ("before", "edited", "expected"),
        [
            ({"smtp_password": "by a run"}, None, ("older_run", "alice")),
            ({"smtp_password": "by a run"}, "by hand", ("hand_edit", None)),
            (SENDER, None, ("before_journal", None)),
            (SENDER, "by hand", ("hand_edit", None)),
        ],
    )
    def test_where_a_password_comes_from_costs_two_comparisons_however_long_the_journal(
        self,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
        before: Mapping[str, Any],
        edited: str | None,
        expected: tuple[str, str | None],
    ) -> None:
        """The runs after an edit by hand have found it and left it alone."""
        database.converge(before, changed_by="alice")
        at = database.last().changed_at
        if edited:
            database.edit("smtp_password", edited)
        for number in range(8):
            database.converge({"send_smtp_to_self": bool(number % 2 == 0)}, changed_by="bob")
        with database.opened() as instance:
            values, entries = instance.read().values, instance.journal.history(1000)
        compared, hashed = [], fingerprint._hash
        monkeypatch.setattr(fingerprint, "_hash", lambda *given: compared.append(1) or hashed(*given))

        found = drift.origin("smtp_password", values, entries)

        assert (found.how, found.by) == expected
        assert found.since == (None if found.how == "before_journal" else at)
        assert len(compared) == 2

    def test_it_is_found_behind_more_entries_than_are_told(self, database: Database) -> None:
        database.converge(SENDER, changed_by="alice")
        for number in range(25):
            database.converge({"send_smtp_to_self": bool(number % 2 == 0)}, changed_by="bob")
        found = seen(database, {"smtp_connect_as": "other@example.com"})
        assert [entry["id"] for entry in found["history"]] == list(range(26, 6, -1))
        assert found["options"][0]["by"] == "alice"


class TestWhatElseIsTold:
    def test_the_age_of_the_password_is_that_of_the_journal(self, database: Database) -> None:
        assert seen(database, {})["password_changed_at"] is None
        database.converge({"smtp_password": "new"})
        at = database.last().changed_at
        database.converge(SENDER)
        assert seen(database, {})["password_changed_at"] == at

    @pytest.mark.parametrize("declared", [{}, {"smtp_password": "by hand"}, {"smtp_password": "new"}])
    def test_a_password_that_was_set_by_hand_has_no_age(self, database: Database, declared: Mapping[str, Any]) -> None:
        database.converge({"smtp_password": "new"})
        database.edit("smtp_password", "by hand")
        assert seen(database, declared)["password_changed_at"] is None

    def test_the_notes_on_windows_and_tests_are_told_with_their_authors(self, database: Database) -> None:
        with database.opened() as instance, instance.store.transaction():
            notes = Notes(instance.store, instance.journal)
            for topic in ("window", "test:approval", "another topic"):
                notes.put(topic, Author("alice", "job 1"), {"about": topic})
        told = seen(database, {})["notes"]
        assert [(note["topic"], note["noted_by"], note["run"], note["content"]) for note in told] == [
            ("test:approval", "alice", "job 1", {"about": "test:approval"}),
            ("window", "alice", "job 1", {"about": "window"}),
        ]
