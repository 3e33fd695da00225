# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions and modules get back: complete results, clear failures, and never a secret."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from canary import Canary
from programoption import AUTHOR, HELD, STORED, Database

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.errors import CODES, MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout

RESULT = {"changed", "changed_options", "settings", "recycle_required", "diff", "journal_id"}


class TestResults:
    def test_a_change_tells_all_that_is_documented(self, database: Database) -> None:
        done = database.converge({"smtp_port": 25, "smtp_password": "new"})

        assert done.keys() == RESULT
        assert done["changed_options"] == ["smtp_password", "smtp_port"]
        assert done["settings"] == {**HELD, "smtp_port": 25, "smtp_password": "(set)"}
        assert (done["changed"], done["recycle_required"], done["journal_id"]) == (True, True, 1)
        assert done["diff"]["before"]["smtp_port"] == 587
        assert str(database.path) in done["diff"]["before_header"]

    def test_nothing_to_do_wants_no_recycling(self, database: Database) -> None:
        done = database.converge({"smtp_port": 587})

        assert done.keys() == RESULT
        assert (done["changed"], done["recycle_required"], done["journal_id"]) == (False, False, None)
        assert done["diff"]["before"] == done["diff"]["after"]

    def test_an_option_that_is_null_is_as_if_it_had_not_been_written(self, database: Database) -> None:
        assert database.converge(dict.fromkeys(STORED))["changed"] is False

    def test_no_settings_at_all_change_nothing(self, database: Database) -> None:
        assert database.converge(None)["changed"] is False

    def test_a_look_tells_what_is_there_and_who_was_at_it(self, database: Database) -> None:
        database.sql("DELETE FROM programOption WHERE optionName = 'Use SSL'")
        database.converge({"send_smtp_to_self": True})

        told = database.info()

        assert told == {
            "changed": False,
            "settings": {
                name: "(set)" if name == "smtp_password" else value
                for name, value in {**HELD, "send_smtp_to_self": True}.items()
                if name != "use_ssl"
            },
            "missing_options": ["use_ssl"],
            "layout": Layout().as_arguments(),
            "last_change": {**told["last_change"], "id": 1, "changed_options": ["send_smtp_to_self"]},
            "edited_since": [],
            "password_changed_at": None,
            "window": None,
        }


class TestApproval:
    def converge(self, database: Database, approve: Callable[[Any], Any], **more: Any) -> dict[str, Any]:
        return commands.smtp_settings(
            database.arguments(settings={"smtp_port": 25, "smtp_password": "new"}, **more),
            check_mode=False,
            approve=approve,
        )

    def test_what_would_result_is_judged_before_anything_is_written(self, database: Database) -> None:
        before = database.path.read_bytes()
        judged = []

        def refuse(plan: Any) -> Any:
            judged.append((dict(plan.resulting), plan.changed_options))
            raise MailSettingsError("schema_invalid", "No.", "Not so.")

        with pytest.raises(MailSettingsError, match="No"):
            self.converge(database, refuse)

        assert judged == [({**HELD, "smtp_port": 25, "smtp_password": "new"}, ["smtp_password", "smtp_port"])]
        assert database.path.read_bytes() == before

    def test_what_the_judge_says_is_part_of_the_result(self, database: Database) -> None:
        assert self.converge(database, lambda _plan: {"warnings": ["careful"]})["warnings"] == ["careful"]

    @pytest.mark.parametrize("state", ["restored", "confirmed"])
    def test_going_back_and_confirming_are_not_judged(self, database: Database, state: str) -> None:
        database.converge({"smtp_port": 25, "smtp_password": "new"})

        assert self.converge(database, lambda _plan: pytest.fail("was asked"), state=state)["changed"] is True


def test_the_database_is_given_back_whatever_happens(database: Database) -> None:
    with pytest.raises(MailSettingsError):
        database.converge({"smtp_port": 25})

    with closing(sqlite3.connect(database.path, timeout=0)) as somebody:
        somebody.execute("BEGIN EXCLUSIVE")


OLD, NEW, STORE = Canary.named("oldcanary"), Canary.named("newcanary"), Canary.named("storecanary")
MOVE = {"smtp_port": 25, "smtp_password": str(NEW)}
ABSENT_SERVER = {"driver": "mssql", "host": "127.0.0.1", "port": 1, "database": "x", "connect_timeout": 1}
SWAPPED = Layout(key_column="optionValue", value_column="optionName")


def _sql(*statements: str) -> Callable[[Database], None]:
    return lambda database: [database.sql(statement) for statement in statements] and None


def _then(*runs: dict[str, Any]) -> Callable[[Database], None]:
    return lambda database: [database.converge(**run) for run in runs] and None


_SET = "UPDATE programOption SET optionValue ="
_PASSWORD = "optionName = 'SMTP Password'"

#: What was done to the instance before, the arguments of the run, and the code of its failure.
FAILURES: dict[str, tuple[Callable[[Database], Any], dict[str, Any], str]] = {
    "no file": (lambda database: database.path.unlink(), {}, "database_missing"),
    "not a database": (lambda database: database.path.write_text(f"{OLD}" * 99), {}, "database_missing"),
    "no table": (_sql("DROP TABLE programOption"), {}, "table_missing"),
    "no column": (_sql("ALTER TABLE programOption RENAME optionValue TO x"), {}, "column_missing"),
    "no row": (_sql("DELETE FROM programOption WHERE optionName = 'SMTP Port'"), {}, "option_missing"),
    "key and value column swapped": (_sql(), {"layout": SWAPPED.as_arguments()}, "option_missing"),
    "two rows": (_sql("INSERT INTO programOption SELECT * FROM programOption"), {}, "option_duplicate"),
    "a password that is no text": (
        _sql(f"{_SET} CAST(optionValue AS BLOB) WHERE {_PASSWORD}"),
        {},
        "option_undecodable",
    ),
    "the password's key taken for the port's": (
        _sql(),
        {"layout": Layout(keys={**Layout().keys, "smtp_port": "SMTP Password", "smtp_password": "x"}).as_arguments()},
        "option_undecodable",
    ),
    "a redirect": (_sql(), {"settings": {"smtp_port": 25}}, "redirect_without_password"),
    "a restore without changes": (_sql(), {"state": "restored"}, "restore_unavailable"),
    "a restore without journal": (_sql(), {"state": "restored", "journal": {"enabled": False}}, "journal_unavailable"),
    "a restore of what is confirmed": (
        _then({"settings": MOVE}, {"state": "confirmed"}),
        {"state": "restored", "settings": {}},
        "restore_unavailable",
    ),
    "a restore after a hand edit": (
        lambda database: (database.converge(MOVE), database.edit("smtp_password", str(OLD))),
        {"state": "restored"},
        "concurrent_change",
    ),
    "a broken journal": (
        lambda database: (
            database.converge(MOVE),
            database.sql("UPDATE weestimateMailJournal SET previousSecret = ?", f'{{"{OLD}'),
        ),
        {"state": "restored"},
        "journal_unavailable",
    ),
    "no journal to be made": (_sql(), {"journal": {"create": False}}, "journal_unavailable"),
    "a trigger that alters": (
        _sql(f"CREATE TRIGGER t AFTER UPDATE ON programOption BEGIN {_SET} 'x' WHERE {_PASSWORD}; END"),
        {},
        "write_not_verified",
    ),
    "a trigger that quotes": (
        _sql(
            "CREATE TRIGGER t BEFORE UPDATE ON programOption BEGIN"
            f" SELECT RAISE(ABORT, 'no table {NEW.replace(chr(39), chr(39) * 2)}'); END"
        ),
        {},
        "store_error",
    ),
    "a server that is not there": (
        _sql(),
        {"store": {**ABSENT_SERVER, "user": "u", "password": str(STORE)}},
        "store_unreachable",
    ),
    "an ambiguous layout": (_sql(), {"layout": {"keys": {"smtp_user": "SMTP Password"}}}, "schema_invalid"),
    "text beyond Unicode": (_sql(), {"settings": {"smtp_password": f"{NEW}\ud800"}}, "store_error"),
}


@pytest.fixture
def guarded(tmp_path: Path) -> Database:
    """An instance whose password is the old canary."""
    return Database.create(tmp_path / "instance.db", {**STORED, "smtp_password": str(OLD)})


def traces(*texts: object) -> dict[str, list[str]]:
    """Where any canary shows in the texts."""
    text = "\n".join(map(str, texts))
    return {canary: found for canary in (OLD, NEW, STORE) if (found := canary.traces_in(text))}


class TestSecrets:
    @pytest.mark.parametrize("case", FAILURES)
    def test_none_is_in_any_part_of_the_failure_after(self, guarded: Database, case: str) -> None:
        prepare, arguments, code = FAILURES[case]
        prepare(guarded)

        with pytest.raises(MailSettingsError) as caught:
            guarded.converge(**{"settings": MOVE, **arguments})

        error = caught.value
        printed = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        assert error.code == code
        assert traces(error, repr(error), error.result(), error.args, printed) == {}
        assert error.message.endswith(".")
        assert error.remedy.endswith(".")

    def test_the_cases_above_are_most_of_what_the_core_can_raise(self) -> None:
        elsewhere = {
            "profile_missing",
            "profile_invalid",
            "recycle_failed",
            "driver_missing",
            "store_auth_failed",
            "store_tls_untrusted",
            "permission_denied",
            "lock_timeout",
            # What a mail server or a mailbox does, and what the role makes of it.
            "candidate_refused",
            "mail_disabled",
            "test_failed",
            "mailbox_unavailable",
            "delivery_missing",
            "delivery_junk",
            "rolled_back",
            "rolled_back_not_working",
            "not_rolled_back",
            "examination_failed",
            # A fleet: windows, drift, rotation and reports.
            "window_open",
            "drifted",
            "not_examined",
            "rotation_held",
            "callback_failed",
            "password_overdue",
            "password_unreadable",
            "encoder_failed",
            "report_unusable",
            # The relay.
            "relay_config_refused",
            "relay_not_started",
            "relay_no_former",
            "relay_unproven",
            "relay_unwell",
        }

        assert {code for _prepare, _arguments, code in FAILURES.values()} == set(CODES) - elsewhere

    def test_none_is_in_any_result(self, guarded: Database) -> None:
        results = [
            guarded.converge(MOVE, check_mode=True),
            guarded.converge(MOVE),
            guarded.converge(MOVE),
            guarded.info(discover=True),
            guarded.converge(state="restored", check_mode=True),
            guarded.converge(state="restored"),
            guarded.converge({"smtp_password": str(NEW)}, update_password="never"),
            guarded.converge({"smtp_password": ""}),
            guarded.converge(MOVE),
            guarded.converge(state="confirmed"),
            guarded.converge(state="restored", settings={"smtp_password": str(OLD)}),
            guarded.info(),
            guarded.info(discover=True, layout=SWAPPED.as_arguments()),
            guarded.info(discover=True, layout={"table": {"name": "absent"}}),
        ]

        assert traces(*results, *map(repr, results)) == {}

    def test_none_is_in_how_any_object_shows_itself(self, guarded: Database) -> None:
        with guarded.opened() as instance:
            plan = instance.plan(MOVE, update_password="always", create_missing=False)
            instance.apply(plan, AUTHOR)
            entry = instance.journal.last()
            restore = instance.plan_restore({})
            order = commands._Order(instance, guarded.arguments(settings=MOVE), False, lambda _plan: {})
            shown = [
                repr(thing)
                for thing in (
                    *(plan, plan.snapshot, *plan.edits, *plan.snapshot.found, restore, *restore.edits),
                    *(entry, AUTHOR, instance, instance.layout, instance.journal, instance.store, order),
                )
            ]

        assert entry is not None
        assert entry.previous_secret is not None
        assert traces(*shown) == {}

    def test_the_canaries_would_be_noticed(self) -> None:
        shapes = (str(NEW), repr(str(NEW)), {"a": [str(NEW)]}, str(NEW).encode().hex())

        assert all(traces(shape) for shape in shapes)
