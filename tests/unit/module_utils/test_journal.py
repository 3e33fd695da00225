# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal records each change with its way back, and keeps a former password no longer than that may be needed."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programoption import HELD, Database

from ansible_collections.weestimate.mail.plugins.module_utils import journal as journal_module
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.fingerprint import matches

OLD, NEW, NEWER = "the stored password", "the new password", "the newer password"
MOVE = {"smtp_address": "relay.example.net", "smtp_port": 25, "smtp_password": NEW}
KEEP = {"send_smtp_to_self": True}


def held_in(database: Database, secret: str) -> bool:
    """Whether any page of the file, used or freed, holds the text."""
    return secret.encode() in database.path.read_bytes()


def restore(database: Database, **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = database.converge(state="restored", **more)
    return result


def refusal(database: Database, **arguments: Any) -> MailSettingsError:
    """The error of a run that must leave the file as it is."""
    before = database.path.read_bytes()
    with pytest.raises(MailSettingsError) as caught:
        database.converge(**arguments)
    assert database.path.read_bytes() == before
    return caught.value


class TestRecording:
    def test_a_change_is_recorded_with_all_that_is_asked_for_later(self, database: Database) -> None:
        number = database.converge(MOVE)["journal_id"]

        (row,) = database.journal()
        assert tuple(row) == journal_module.COLUMNS
        age = datetime.now(timezone.utc) - datetime.fromisoformat(row.pop("changedAt"))
        assert timedelta(seconds=-1) < age < timedelta(seconds=30)
        assert matches(NEW, row.pop("passwordFingerprint"))
        documents = {name: json.loads(row.pop(name)) for name in list(row) if name.endswith(("s", "Secret"))}
        assert row == {
            "instance": "programoption.smtp",
            "id": number,
            "changedBy": "tester@controller",
            "run": "run 7",
            "profile": "office365",
            "kind": "change",
            "state": "open",
        }
        resulting = {name: value for name, value in {**HELD, **MOVE}.items() if name != "smtp_password"}
        assert documents == {
            "changedOptions": ["smtp_address", "smtp_password", "smtp_port"],
            "previousValues": {"smtp_address": {"stored": "smtp.office365.com"}, "smtp_port": {"stored": "587"}},
            "previousSecret": {"smtp_password": {"stored": OLD}},
            "resultingValues": resulting,
        }

    def test_entries_are_numbered_from_one(self, database: Database) -> None:
        numbers = [database.converge({**KEEP, "smtp_password": secret})["journal_id"] for secret in ("a", "b", "c")]

        assert numbers == [1, 2, 3] == [row["id"] for row in database.journal()]

    def test_a_run_that_changes_nothing_leaves_no_trace(self, database: Database) -> None:
        assert database.converge(dict(HELD))["journal_id"] is None
        assert database.journal() == []

    def test_the_newest_entry_is_the_last(self, database: Database) -> None:
        assert database.last() is None
        database.converge(KEEP)
        database.converge(MOVE)

        entry = database.last()

        assert entry is not None
        assert entry.public() == {
            "id": 2,
            "changed_at": entry.changed_at,
            "changed_by": "tester@controller",
            "run": "run 7",
            "profile": "office365",
            "kind": "change",
            "state": "open",
            "changed_options": sorted(MOVE),
        }


class TestPlace:
    def test_another_name_is_taken_however_hostile(self, database: Database) -> None:
        journal = {"table": 'our "own"; DROP TABLE programOption --'}

        for declared in (KEEP, MOVE):
            database.converge(declared, journal=journal)

        assert database.journal() == []
        with database.opened(journal=journal) as instance:
            last = instance.journal.last()
        assert last is not None
        assert last.id == 2

    @pytest.mark.parametrize("journal", [{"create": False}, {"create": False, "table": "absent"}])
    def test_a_table_that_must_not_be_made_is_missed(self, database: Database, journal: dict[str, Any]) -> None:
        error = refusal(database, settings=MOVE, journal=journal)

        assert error.code == "journal_unavailable"
        assert "journal.create=true" in error.remedy

    def test_a_preview_misses_it_too(self, database: Database) -> None:
        error = refusal(database, settings=MOVE, journal={"create": False}, check_mode=True)

        assert error.code == "journal_unavailable"

    def test_instances_that_share_a_table_do_not_meet_in_it(self, database: Database) -> None:
        neighbour = Database(database.path, replace(database.layout, group="SMTP of the branch"))
        database.sql(
            "INSERT INTO programOption SELECT ?, optionName, optionValue FROM programOption WHERE optionGroup = ?",
            neighbour.layout.group,
            database.layout.group,
        )

        assert [each.converge(MOVE)["journal_id"] for each in (database, neighbour)] == [1, 1]
        assert neighbour.converge(state="confirmed")["changed"]
        assert restore(database)["changed"]
        assert (database.stored("smtp_password"), neighbour.stored("smtp_password")) == (OLD, NEW)

    def test_a_table_that_was_made_before_is_used(self, database: Database) -> None:
        database.converge(KEEP)

        assert database.converge(MOVE, journal={"create": False})["journal_id"] == 2

    @pytest.mark.parametrize(
        "journal",
        [
            pytest.param({"table": "programOption"}, id="the table of the options"),
            pytest.param({"database": "absent"}, id="an unknown database"),
            pytest.param({"schema": "absent"}, id="an unknown schema"),
        ],
    )
    def test_a_place_that_cannot_be_a_journal_is_refused(self, database: Database, journal: dict[str, Any]) -> None:
        assert refusal(database, settings=MOVE, journal=journal).code == "journal_unavailable"

    def test_settings_are_not_written_where_the_journal_fails(self, database: Database) -> None:
        database.converge(KEEP)
        body = "BEGIN SELECT RAISE(ABORT, 'no more entries'); END"
        database.sql(f"CREATE TRIGGER full BEFORE INSERT ON weestimateMailJournal {body}")

        assert refusal(database, settings=MOVE).code == "store_error"

    def test_without_a_journal_settings_are_written_and_nothing_else(self, database: Database) -> None:
        done = database.converge(MOVE, journal={"enabled": False})

        assert (done["changed"], done["journal_id"]) == (True, None)
        assert database.sql("SELECT name FROM sqlite_master WHERE type = 'table'") == [("programOption",)]
        assert refusal(database, state="restored", journal={"enabled": False}).code == "journal_unavailable"
        assert database.converge(state="confirmed", journal={"enabled": False})["changed"] is False


class TestStates:
    def states(self, database: Database) -> list[tuple[str, str]]:
        return [(row["kind"], row["state"]) for row in database.journal()]

    def test_the_next_change_supersedes(self, database: Database) -> None:
        database.converge(KEEP)
        database.converge(MOVE)

        assert self.states(database) == [("change", "superseded"), ("change", "open")]

    def test_a_restore_closes_what_it_undoes_and_is_closed_itself(self, database: Database) -> None:
        database.converge(KEEP)
        database.converge(MOVE)
        restore(database)

        assert self.states(database) == [("change", "superseded"), ("change", "restored"), ("restore", "confirmed")]

    def test_a_confirmation_closes_once(self, database: Database) -> None:
        database.converge(MOVE)

        first, second = (database.converge(state="confirmed") for _each in range(2))

        assert self.states(database) == [("change", "confirmed")]
        assert [(result["changed"], result["journal_id"]) for result in (first, second)] == [(True, 1), (False, 1)]
        assert first["recycle_required"] is False
        assert first["settings"] == {**HELD, **MOVE, "smtp_password": "(set)"}

    def test_a_change_that_was_superseded_meanwhile_is_not_confirmed(self, database: Database) -> None:
        database.converge(MOVE)
        with database.opened() as instance:
            looked_at = instance.journal.last()
            database.converge({"smtp_password": NEWER})
            with pytest.raises(MailSettingsError) as caught:
                instance.confirm(looked_at)

        assert caught.value.code == "concurrent_change"
        assert held_in(database, NEW)

    def test_there_is_nothing_to_confirm_at_first(self, database: Database) -> None:
        before = database.path.read_bytes()

        done = database.converge(state="confirmed")

        assert (done["changed"], done["journal_id"]) == (False, None)
        assert database.path.read_bytes() == before

    def test_a_change_after_a_restore_is_open_again(self, database: Database) -> None:
        database.converge(MOVE)
        restore(database)
        database.converge(MOVE)

        assert self.states(database)[-1] == ("change", "open")
        assert restore(database)["changed"] is True


LENGTHS = [pytest.param(1, id="short"), pytest.param(1_000, id="of 20,000 characters")]


class TestTheFormerPassword:
    @pytest.mark.parametrize("length", LENGTHS)
    @pytest.mark.parametrize("end", ["confirmed", "superseded", "restored"])
    def test_it_is_kept_while_open_and_then_gone_from_every_page(
        self, database: Database, end: str, length: int
    ) -> None:
        former, new = "former canary password" * length, "another canary secret" * length
        database.converge({"smtp_password": former}, journal={"enabled": False})
        database.converge({**KEEP, "smtp_password": new})
        assert held_in(database, former[:22])

        if end == "superseded":
            database.converge({"send_smtp_to_self": False})
        else:
            database.converge(state=end)

        gone, there = (new, former) if end == "restored" else (former, new)
        assert not held_in(database, gone[:21])
        assert held_in(database, there[:21])

    def test_after_many_rotations_only_the_last_two_are_anywhere(self, database: Database) -> None:
        secrets = [f"rotation number {number:03}, " * (number % 7 + 1) for number in range(40)]
        for number, secret in enumerate(secrets):
            database.converge({"smtp_password": secret, "send_smtp_to_self": bool(number % 2)})

        assert [secret for secret in secrets if held_in(database, secret[:20])] == secrets[-2:]

    def test_it_is_gone_from_all_files_of_a_database_with_a_write_ahead_log(self, database: Database) -> None:
        database.sql("PRAGMA journal_mode = WAL")
        database.converge({"smtp_password": NEW})
        database.converge(state="confirmed")

        holding = [path.name for path in database.path.parent.iterdir() if OLD.encode() in path.read_bytes()]

        assert holding == []

    def test_it_is_never_kept_where_it_did_not_change(self, database: Database) -> None:
        database.converge(KEEP)

        assert [row["previousSecret"] for row in database.journal()] == [None]
        assert not any(OLD in str(row) for row in database.journal())

    def test_the_new_one_is_never_in_the_journal(self, database: Database) -> None:
        database.converge(MOVE)

        assert not any(NEW in str(row) for row in database.journal())


class TestEditsByHand:
    @pytest.mark.parametrize(
        ("name", "value", "edited"),
        [
            ("smtp_port", "25", []),
            ("smtp_port", 25, []),
            ("smtp_port", "26", ["smtp_port"]),
            ("use_ssl", "yes", []),
            ("use_ssl", None, ["use_ssl"]),
            ("smtp_password", NEW, []),
            ("smtp_password", OLD, ["smtp_password"]),
            ("smtp_password", None, ["smtp_password"]),
        ],
    )
    def test_they_are_noticed_by_what_they_mean(
        self, database: Database, name: str, value: Any, edited: list[str]
    ) -> None:
        database.converge(MOVE)
        database.edit(name, value)

        assert database.info()["edited_since"] == edited

    def test_a_deleted_row_is_one(self, database: Database) -> None:
        database.converge(MOVE)
        database.sql("DELETE FROM programOption WHERE optionName IN ('Use SSL', 'SMTP Password')")

        assert database.info()["edited_since"] == ["smtp_password", "use_ssl"]

    def test_without_a_journal_nothing_is_claimed(self, database: Database) -> None:
        told = database.info()

        assert (told["edited_since"], told["last_change"]) == ([], None)


class TestTheChangeThatIsMeant:
    """Between a change and the verdict about it, somebody else may have made another one."""

    @pytest.mark.parametrize("state", ["restored", "confirmed"])
    def test_another_change_is_left_alone(self, database: Database, state: str) -> None:
        database.converge({"smtp_port": 25, "smtp_password": "one"})
        database.converge({"send_smtp_to_self": True})
        before = database.path.read_bytes()

        with pytest.raises(MailSettingsError, match="Change 1 is not the last one any more: 2 of") as caught:
            database.converge({}, state=state, journal_id=1)

        assert caught.value.code == "concurrent_change"
        assert database.path.read_bytes() == before
        assert database.converge({}, state=state, journal_id=2)["changed"] is True

    def test_what_was_restored_already_needs_nothing(self, database: Database) -> None:
        database.converge({"smtp_port": 25, "smtp_password": "one"})
        database.converge({}, state="restored", journal_id=1)

        assert database.converge({}, state="restored", journal_id=1)["changed"] is False


class TestAgeOfThePassword:
    def changed_at(self, database: Database) -> str | None:
        return database.info()["password_changed_at"]

    def age(self, database: Database) -> None:
        """Let what has been recorded so far be a year old."""
        database.sql("UPDATE weestimateMailJournal SET changedAt = '2025' || substr(changedAt, 5)")

    def test_it_is_that_of_the_last_change_of_the_password_alone(self, database: Database) -> None:
        assert self.changed_at(database) is None
        database.converge({"smtp_password": "one"})
        self.age(database)
        database.converge({"send_smtp_to_self": True})

        assert self.changed_at(database).startswith("2025")

    def test_what_was_taken_back_does_not_count(self, database: Database) -> None:
        database.converge({"smtp_password": "one"})
        self.age(database)
        database.converge({"smtp_password": "two"})
        database.converge({}, state="restored")

        assert self.changed_at(database).startswith("2025")

    def test_one_that_was_set_by_hand_has_none(self, database: Database) -> None:
        database.converge({"smtp_password": "one"})
        database.edit("smtp_password", "by hand")
        assert self.changed_at(database) is None

        # A later change finds it and leaves it alone; that does not make it its own.
        database.converge({"send_smtp_to_self": True})
        assert self.changed_at(database) is None
        database.converge({"smtp_password": "two"})
        assert self.changed_at(database) is not None

        # Going back brings it back, too.
        database.converge({}, state="restored")
        assert self.changed_at(database) is None


class TestRestoring:
    @pytest.mark.parametrize(
        "stored",
        [
            {},
            {"smtp_address": None, "smtp_password": None},
            {"smtp_address": "", "smtp_password": ""},
            {"smtp_port": 587, "smtp_password": 12345},
            {"smtp_port": " 587 ", "smtp_password": "quote ' \" \\ ; -- \r\n\t\0 ü \U0001f4e7"},
            {"smtp_port": None, "smtp_password": "x" * 20_000},
        ],
        ids=lambda stored: "".join(f"{name} {value!r:.9} " for name, value in stored.items()) or "as usual",
    )
    def test_it_goes_back_to_the_byte_and_the_type(self, database: Database, stored: dict[str, Any]) -> None:
        for name, value in stored.items():
            database.edit(name, value)
        before = database.rows()
        database.converge(MOVE)

        done = restore(database)

        assert database.rows() == before
        assert done["changed_options"] == sorted(MOVE)
        assert done["recycle_required"] is True

    def test_rows_that_were_made_are_removed(self, database: Database) -> None:
        labels = "('SMTP Password', 'SMTP Port')"
        database.sql(f"DELETE FROM programOption WHERE optionName IN {labels}")
        before = database.rows()
        database.converge(MOVE, create_missing=True)

        done = restore(database)

        assert database.rows() == before
        assert "smtp_port" not in done["settings"]
        assert "smtp_port" not in done["diff"]["after"]

    def test_a_second_restore_changes_nothing(self, database: Database) -> None:
        database.converge(MOVE)
        restore(database)
        before = database.path.read_bytes()

        assert restore(database)["changed"] is False
        assert database.path.read_bytes() == before

    def test_only_the_last_change_is_undone(self, database: Database) -> None:
        database.converge(KEEP)
        between = database.rows()
        database.converge(MOVE)
        restore(database)

        assert database.rows() == between

    def test_without_any_change_there_is_nothing_to_go_back_to(self, database: Database) -> None:
        assert refusal(database, state="restored").code == "restore_unavailable"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("smtp_port", "26"),
            ("smtp_password", "by hand"),
            # The change led elsewhere, and so would going back: with a user or a security that nobody has seen there.
            ("smtp_user", "hand@example.com"),
            ("use_ssl", "FALSE"),
        ],
    )
    def test_an_edit_by_hand_is_not_overwritten(self, database: Database, name: str, value: str) -> None:
        database.converge(MOVE)
        database.edit(name, value)

        error = refusal(database, state="restored")

        assert (error.code, error.details) == ("concurrent_change", {"options": [name]})

    def test_an_edit_of_what_going_back_does_not_touch_stays(self, database: Database) -> None:
        database.converge(MOVE)
        database.edit("use_smtp_email", "FALSE")

        assert restore(database)["changed_options"] == sorted(MOVE)
        assert database.stored("use_smtp_email") == "FALSE"

    def test_a_password_edited_by_hand_is_not_sent_to_the_former_address(self, database: Database) -> None:
        database.edit("smtp_password", "")
        database.converge({"smtp_address": "relay.example.net"})
        database.edit("smtp_password", "for the relay only")

        assert refusal(database, state="restored").details == {"options": ["smtp_password"]}

    def test_a_former_password_is_not_sent_to_an_address_that_was_edited_since(self, database: Database) -> None:
        database.converge({"smtp_password": "the new one"})
        database.edit("smtp_address", "elsewhere.example.com")

        assert refusal(database, state="restored").details == {"options": ["smtp_address"]}

    def test_a_password_edited_by_hand_stays_where_the_place_stays(self, database: Database) -> None:
        database.converge(KEEP)
        database.edit("smtp_password", "by hand")

        assert restore(database)["changed_options"] == ["send_smtp_to_self"]
        assert database.stored("smtp_password") == "by hand"


class TestRestoringWhatIsConfirmed:
    def test_without_the_former_password_it_is_refused(self, database: Database) -> None:
        database.converge(MOVE)
        database.converge(state="confirmed")

        error = refusal(database, state="restored")

        assert error.code == "restore_unavailable"
        assert "settings.smtp_password" in error.remedy

    def test_with_the_former_password_it_goes_back(self, database: Database) -> None:
        before = database.rows()
        database.converge(MOVE)
        database.converge(state="confirmed")

        done = restore(database, settings={"smtp_password": OLD, "smtp_port": 1})

        assert database.rows() == before
        assert done["changed_options"] == sorted(MOVE)
        assert restore(database, settings={"smtp_password": OLD})["changed"] is False

    def test_a_change_without_password_needs_none(self, database: Database) -> None:
        before = database.rows()
        database.converge(KEEP)
        database.converge(state="confirmed")
        restore(database)

        assert database.rows() == before

    @pytest.mark.parametrize("change", [MOVE, KEEP], ids=["with password", "without"])
    def test_a_given_password_does_not_replace_one_that_is_known(
        self, database: Database, change: dict[str, Any]
    ) -> None:
        before = database.rows()
        database.converge(change)

        restore(database, settings={"smtp_password": "the one that the role always passes"})

        assert database.rows() == before


BROKEN = [
    ("changedOptions", None),
    ("changedOptions", "not JSON"),
    ("changedOptions", "{}"),
    ("changedOptions", "[1]"),
    ("changedOptions", '["smtp_port", "an option of the future"]'),
    ("changedOptions", '["smtp_port"]'),
    ("previousValues", None),
    ("previousValues", ""),
    ("previousValues", "[]"),
    ("previousValues", '{"smtp_port": "587", "smtp_address": null}'),
    ("previousValues", '{"smtp_port": {}, "smtp_address": null}'),
    ("previousValues", '{"smtp_port": {"stored": "587"}}'),
    ("previousValues", '{"smtp_port": null, "smtp_address": null, "smtp_user": null}'),
    ("previousSecret", "not JSON"),
    ("previousSecret", '"the former password"'),
    ("previousSecret", '{"smtp_password": "the former password"}'),
    ("previousSecret", '{"smtp_user": {"stored": "x"}}'),
    ("resultingValues", None),
    ("resultingValues", "[]"),
    ("resultingValues", "{"),
    ("changedOptions", b"\xff\xfe"),
]


class TestAnEntryThatSomebodyEdited:
    @pytest.mark.parametrize(("column", "content"), BROKEN, ids=str)
    def test_it_is_named_as_unusable(self, database: Database, column: str, content: Any) -> None:
        database.converge(MOVE)
        database.sql(f"UPDATE weestimateMailJournal SET {column} = ?", content)

        for arguments in ({"state": "restored"}, {"state": "confirmed"}, {"settings": KEEP}):
            error = refusal(database, **arguments)
            assert error.code == "journal_unavailable"
            assert "former password" not in str(error.result())
        with pytest.raises(MailSettingsError) as caught:
            database.info()
        assert caught.value.code == "journal_unavailable"

    def test_it_does_not_matter_once_the_journal_is_another(self, database: Database) -> None:
        database.converge(MOVE)
        database.sql("UPDATE weestimateMailJournal SET changedOptions = ''")

        assert database.converge(KEEP, journal={"table": "another"})["journal_id"] == 1

    @pytest.mark.parametrize("content", [None, "", "12345", NEW])
    def test_a_fingerprint_that_is_none_counts_as_an_edit(self, database: Database, content: str | None) -> None:
        database.converge(MOVE)
        database.sql("UPDATE weestimateMailJournal SET passwordFingerprint = ?", content)

        assert database.info()["edited_since"] == ["smtp_password"]
        assert refusal(database, state="restored").code == "concurrent_change"

    def test_labels_may_be_anything(self, database: Database) -> None:
        database.converge(MOVE)
        database.sql("UPDATE weestimateMailJournal SET changedBy = NULL, run = NULL, profile = NULL")

        last = database.info()["last_change"]

        assert (last["changed_by"], last["run"], last["profile"]) == ("", "", "")


STEPS: Mapping[str, Callable[[Database], Any]] = {
    "move": lambda database: database.converge(MOVE),
    "rotate": lambda database: database.converge({"smtp_password": NEWER}),
    "keep": lambda database: database.converge(KEEP),
    "edit": lambda database: database.edit("smtp_port", "2525"),
    "restore": lambda database: database.converge(state="restored"),
    "confirm": lambda database: database.converge(state="confirmed"),
}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=2, max_size=8))
def test_after_any_chain_of_steps_only_an_open_last_entry_keeps_a_password(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.create(Path(folder, "x.db"))
        for step in steps:
            before = database.rows()
            with suppress(MailSettingsError):
                STEPS[step](database)
            rows = database.journal()
            kept = [row["id"] for row in rows if row["previousSecret"] is not None]
            assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))
            assert all(row["state"] != "open" for row in rows[:-1])
            assert kept in ([], [row["id"] for row in rows[-1:] if row["state"] == "open"])
            if step != "edit" and database.rows() != before and rows[-1]["kind"] == "change":
                twin = Database(Path(shutil.copy(database.path, f"{folder}/twin.db")))
                restore(twin)
                assert twin.rows() == before
