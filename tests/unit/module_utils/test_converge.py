# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From held and declared settings to exactly the rows that differ, or to a refusal that writes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from programoption import AUTHOR, HELD, STORED, Database

from ansible_collections.weestimate.mail.plugins.module_utils.converge import Instance, Plan, resulting
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.options import BY_NAME

NEW = {"smtp_port": 25, "smtp_password": "the new password", "use_ssl": False}


def plan(instance: Instance, desired: dict[str, Any], policy: str = "always", *, create: bool = False) -> Plan:
    return instance.plan(desired, update_password=policy, create_missing=create)


@contextmanager
def refused(code: str, *options: str) -> Iterator[None]:
    """Expect a refusal, and the options that it is about."""
    with pytest.raises(MailSettingsError) as caught:
        yield
    assert caught.value.code == code
    named = caught.value.details.get("options") or [caught.value.details.get("option")]
    assert named == list(options or [None])


@contextmanager
def untouched(database: Database) -> Iterator[None]:
    """Expect that the file is the same to the last byte afterwards."""
    before = database.path.read_bytes()
    yield
    assert database.path.read_bytes() == before


class TestWhatDiffers:
    @pytest.mark.parametrize(
        ("desired", "changed"),
        [
            ({}, []),
            (HELD, []),
            ({"smtp_port": 587}, []),
            ({"smtp_port": 25, "smtp_password": "the stored password"}, ["smtp_port"]),
            ({"smtp_password": "The stored password"}, ["smtp_password"]),
            ({"smtp_connect_as": "QUOTES@example.com"}, ["smtp_connect_as"]),
            (NEW, ["smtp_password", "smtp_port", "use_ssl"]),
        ],
        ids=str,
    )
    def test_only_what_differs_is_planned(
        self, database: Database, desired: dict[str, Any], changed: list[str]
    ) -> None:
        with database.opened() as instance:
            planned = plan(instance, desired)

        assert planned.changed_options == changed
        assert planned.changed == bool(changed)
        assert planned.resulting == {**HELD, **desired}

    @pytest.mark.parametrize(
        ("stored", "desired"),
        [
            ({"smtp_port": 587}, {"smtp_port": 587}),
            ({"use_ssl": 1}, {"use_ssl": True}),
            ({"use_ssl": "yes"}, {"use_ssl": True}),
            ({"smtp_user": None}, {"smtp_user": ""}),
            ({"smtp_password": None}, {"smtp_password": ""}),
        ],
        ids=str,
    )
    def test_the_same_in_other_words_is_no_difference(
        self, database: Database, stored: dict[str, Any], desired: dict[str, Any]
    ) -> None:
        for name, value in stored.items():
            database.edit(name, value)

        with untouched(database):
            assert database.converge(desired)["changed"] is False

    @pytest.mark.parametrize("name", ["use_ssl", "smtp_port"])
    def test_blank_differs_from_any_switch_and_number(self, database: Database, name: str) -> None:
        database.edit(name, None)
        value = {"use_ssl": False, "smtp_port": 25}[name]

        assert database.converge({name: value, "smtp_password": "new"})["changed"] is True

    def test_other_rows_stay_as_they_are_to_the_type(self, database: Database) -> None:
        database.edit("send_smtp_to_self", 0)
        database.edit("smtp_connect_as", None)
        before = {row[0]: row for row in database.rows()}

        database.converge(NEW)

        differing = {row[2] for row in database.rows() if before[row[0]] != row}
        assert differing == {"SMTP Port", "SMTP Password", "Use SSL"}

    def test_a_key_keeps_its_spelling(self, database: Database) -> None:
        database.sql("UPDATE programOption SET optionName = 'smtp PORT ' WHERE optionName = 'SMTP Port'")

        database.converge(NEW)

        assert ("SMTP", "smtp PORT ", "25") in {row[1:4] for row in database.rows()}

    def test_a_second_run_changes_nothing(self, database: Database) -> None:
        assert database.converge(NEW)["changed"] is True
        with untouched(database):
            assert database.converge(NEW)["changed"] is False


class TestCost:
    @staticmethod
    def statements(database: Database, work: Callable[[Instance], Any]) -> list[str]:
        with database.opened() as instance:
            seen: list[str] = []
            instance.store.connection.set_trace_callback(seen.append)
            work(instance)
        return seen

    def test_a_run_that_changes_nothing_asks_once(self, database: Database) -> None:
        database.converge(NEW)

        (statement,) = self.statements(database, lambda instance: plan(instance, NEW))

        assert statement.startswith("SELECT")

    def test_a_change_writes_each_option_that_differs_once(self, database: Database) -> None:
        seen = self.statements(database, lambda instance: instance.apply(plan(instance, NEW), AUTHOR))

        assert sum(s.startswith('UPDATE "programOption"') for s in seen) == len(NEW)
        assert [s.split()[0] for s in seen].count("BEGIN") == 1
        assert seen[-1] == "COMMIT"


class TestCheckMode:
    @pytest.mark.parametrize("state", ["present", "restored", "confirmed"])
    def test_it_tells_what_would_change_and_writes_nothing(self, database: Database, state: str) -> None:
        database.converge(NEW)
        other = {"smtp_port": 2525, "smtp_password": "another"}

        with untouched(database):
            predicted = database.converge(other, state=state, check_mode=True)
        done = database.converge(other, state=state)

        assert predicted["changed"] is done["changed"] is True
        assert {**predicted, "journal_id": None} == {**done, "journal_id": None}


class TestPasswordPolicy:
    @pytest.mark.parametrize(
        ("policy", "stored", "after"),
        [
            ("always", "old", "given"),
            ("always", None, "given"),
            ("on_create", "old", "old"),
            ("on_create", "", "given"),
            ("on_create", None, "given"),
            ("never", "old", "old"),
            ("never", None, None),
        ],
    )
    def test_it_decides_whether_a_given_password_is_written(
        self, database: Database, policy: str, stored: str | None, after: str | None
    ) -> None:
        database.edit("smtp_password", stored)

        result = database.converge({"smtp_password": "given"}, update_password=policy)

        assert database.stored("smtp_password") == after
        assert result["changed"] == (stored != after)

    @pytest.mark.parametrize("policy", ["on_create", "always"])
    def test_without_a_row_it_is_created(self, database: Database, policy: str) -> None:
        database.sql("DELETE FROM programOption WHERE optionName = 'SMTP Password'")

        database.converge({"smtp_password": "given"}, update_password=policy, create_missing=True)

        assert database.stored("smtp_password") == "given"

    def test_never_does_not_even_want_a_row(self, database: Database) -> None:
        database.sql("DELETE FROM programOption WHERE optionName = 'SMTP Password'")

        assert database.converge({"smtp_password": "given"}, update_password="never")["changed"] is False

    def test_it_does_not_hold_up_the_other_options(self, database: Database) -> None:
        done = database.converge({"send_smtp_to_self": True, "smtp_password": "given"}, update_password="never")

        assert done["changed_options"] == ["send_smtp_to_self"]

    def test_what_would_result_can_be_told_without_the_database(self) -> None:
        held = {"smtp_password": "old", "smtp_port": 587}

        assert resulting(held, {"smtp_password": "new", "smtp_port": 25}, "never") == {**held, "smtp_port": 25}
        assert list(resulting(held, {"smtp_address": "a"}, "always")) == ["smtp_address", "smtp_port", "smtp_password"]


class TestMissingRows:
    def test_they_are_refused_all_at_once(self, database: Database) -> None:
        database.sql("DELETE FROM programOption WHERE optionName IN ('SMTP Password', 'Use SSL', 'SMTP User')")

        with untouched(database), refused("option_missing", "smtp_password", "use_ssl"):
            database.converge(NEW)

    def test_they_are_made_on_demand_in_the_layouts_words(self, database: Database) -> None:
        database.sql("DELETE FROM programOption WHERE optionName IN ('SMTP Password', 'Use SSL')")

        done = database.converge(NEW, create_missing=True)

        assert done["changed_options"] == sorted(NEW)
        made = [row[1:4] for row in database.rows()[-2:]]
        assert made == [("SMTP", "Use SSL", "FALSE"), ("SMTP", "SMTP Password", "the new password")]

    @pytest.mark.parametrize(("name", "value"), [("smtp_user", ""), ("use_ssl", False)])
    def test_they_are_made_for_a_blank_value_too(self, database: Database, name: str, value: Any) -> None:
        database.edit("smtp_password", "")
        database.sql("DELETE FROM programOption WHERE optionName = ?", BY_NAME[name].label)

        assert database.converge({name: value}, create_missing=True)["changed_options"] == [name]
        assert database.converge({name: value})["changed"] is False

    def test_rows_of_options_that_are_not_declared_need_not_be_there(self, database: Database) -> None:
        database.sql("DELETE FROM programOption WHERE optionName = 'Use SMTP Email'")

        assert database.converge(NEW)["changed"] is True

    def test_a_duplicate_is_refused_even_where_it_is_not_to_be_set(self, database: Database) -> None:
        database.sql("INSERT INTO programOption VALUES ('SMTP', 'use smtp email', 'TRUE')")

        with untouched(database), refused("option_duplicate", "use_smtp_email"):
            database.converge(NEW)

    def test_an_undecodable_value_is_refused_even_where_it_would_be_replaced(self, database: Database) -> None:
        database.edit("smtp_port", "default")

        with untouched(database), refused("option_undecodable", "smtp_port"):
            database.converge(NEW)


MOVES = {"smtp_address": "relay.example.net", "smtp_port": 2525, "use_ssl": False, "smtp_user": "else@example.com"}


class TestRedirect:
    @pytest.mark.parametrize(("name", "value"), MOVES.items())
    def test_each_option_that_leads_elsewhere_wants_the_password(
        self, database: Database, name: str, value: Any
    ) -> None:
        with untouched(database), refused("redirect_without_password", name):
            database.converge({name: value})

    def test_all_that_would_move_are_named(self, database: Database) -> None:
        with untouched(database), refused("redirect_without_password", *MOVES):
            database.converge(MOVES)

    @pytest.mark.parametrize("policy", ["never", "on_create"])
    def test_a_password_that_the_policy_keeps_out_does_not_count(self, database: Database, policy: str) -> None:
        with untouched(database), refused("redirect_without_password", "smtp_port"):
            database.converge({"smtp_port": 25, "smtp_password": "given"}, update_password=policy)

    def test_it_is_refused_in_check_mode_too(self, database: Database) -> None:
        with refused("redirect_without_password", "smtp_port"):
            database.converge({"smtp_port": 25}, check_mode=True)

    @pytest.mark.parametrize("stored", [None, ""])
    def test_leaving_a_blank_for_a_first_address_is_a_move(self, database: Database, stored: str | None) -> None:
        database.edit("smtp_address", stored)

        with refused("redirect_without_password", "smtp_address"):
            database.converge({"smtp_address": "smtp.office365.com"})

    @pytest.mark.parametrize(
        ("stored", "desired", "policy"),
        [
            pytest.param("old", {**MOVES, "smtp_password": "new"}, "always", id="another password is given"),
            pytest.param("old", {**MOVES, "smtp_password": "old"}, "always", id="the same password is given"),
            pytest.param("old", {**MOVES, "smtp_password": "old"}, "never", id="the kept one is given"),
            pytest.param("old", {**MOVES, "smtp_password": ""}, "always", id="it is blanked"),
            pytest.param("", MOVES, "always", id="there is none"),
            pytest.param(None, MOVES, "never", id="there has never been one"),
            pytest.param(None, {**MOVES, "smtp_password": "new"}, "on_create", id="the first is given"),
            pytest.param("old", {"smtp_address": "SMTP.Office365.COM"}, "always", id="the case of the host differs"),
            pytest.param("old", {"smtp_user": "Quotes@Example.com"}, "always", id="the case of the user differs"),
            pytest.param("old", {"smtp_connect_as": "a@b.example", "use_smtp_email": False}, "always", id="same place"),
        ],
    )
    def test_it_is_not_refused_where(
        self, database: Database, stored: str | None, desired: dict[str, Any], policy: str
    ) -> None:
        database.edit("smtp_password", stored)

        assert database.converge(desired, update_password=policy)["changed"] is True


HAND_EDITS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a planned option is changed": (
        "UPDATE programOption SET optionValue = '465' WHERE optionName = 'SMTP Port'",
        "concurrent_change",
        ("smtp_port",),
    ),
    "a planned option gets the planned value": (
        "UPDATE programOption SET optionValue = '25' WHERE optionName = 'SMTP Port'",
        "concurrent_change",
        ("smtp_port",),
    ),
    "a planned option changes its type only": (
        "UPDATE programOption SET optionValue = 587 WHERE optionName = 'SMTP Port'",
        "concurrent_change",
        ("smtp_port",),
    ),
    "the password is changed": (
        "UPDATE programOption SET optionValue = 'by hand' WHERE optionName = 'SMTP Password'",
        "concurrent_change",
        ("smtp_password",),
    ),
    "another option is changed": (
        "UPDATE programOption SET optionValue = 'x.example' WHERE optionName = 'SMTP Address' AND optionGroup = 'SMTP'",
        "concurrent_change",
        ("smtp_address",),
    ),
    "a planned row is deleted": (
        "DELETE FROM programOption WHERE optionName = 'SMTP Port'",
        "concurrent_change",
        ("smtp_port",),
    ),
    "another row is deleted": (
        "DELETE FROM programOption WHERE optionName = 'SMTP User'",
        "concurrent_change",
        ("smtp_user",),
    ),
    "a key is respelled": (
        "UPDATE programOption SET optionName = 'smtp port' WHERE optionName = 'SMTP Port'",
        "concurrent_change",
        ("smtp_port",),
    ),
    # These two have a name of their own, which tells more than that somebody was at work.
    "a planned row is doubled": (
        "INSERT INTO programOption VALUES ('SMTP', 'SMTP Port', '587')",
        "option_duplicate",
        ("smtp_port",),
    ),
    "another option becomes unreadable": (
        "UPDATE programOption SET optionValue = 'maybe' WHERE optionName = 'Use SMTP Email'",
        "option_undecodable",
        ("use_smtp_email",),
    ),
}


class TestHandEditsBetweenPlanAndApply:
    @pytest.mark.parametrize("case", HAND_EDITS)
    def test_it_is_reported_and_nothing_is_written_when(self, database: Database, case: str) -> None:
        statement, code, options = HAND_EDITS[case]
        with database.opened() as instance:
            planned = plan(instance, NEW)
            database.sql(statement)
            with untouched(database), refused(code, *options):
                instance.apply(planned, AUTHOR)

    def test_it_is_reported_when_a_missing_row_has_appeared(self, database: Database) -> None:
        database.sql("DELETE FROM programOption WHERE optionName = 'SMTP Port'")
        with database.opened() as instance:
            planned = plan(instance, NEW, create=True)
            database.sql("INSERT INTO programOption VALUES ('SMTP', 'SMTP Port', '25')")
            with untouched(database), refused("concurrent_change", "smtp_port"):
                instance.apply(planned, AUTHOR)

    def test_it_is_reported_when_a_restore_was_planned(self, database: Database) -> None:
        database.converge(NEW)
        with database.opened() as instance:
            planned = instance.plan_restore({})
            database.edit("smtp_user", "by hand")
            with untouched(database), refused("concurrent_change", "smtp_user"):
                instance.apply(planned, AUTHOR)

    def test_edits_of_other_groups_and_options_do_not_matter(self, database: Database) -> None:
        with database.opened() as instance:
            planned = plan(instance, NEW)
            database.sql("UPDATE programOption SET optionValue = 'edited' WHERE optionValue IN ('theirs', 7)")
            instance.apply(planned, AUTHOR)

        assert database.stored("smtp_port") == "25"

    def test_nobody_gets_between_the_second_look_and_the_commit(self, database: Database) -> None:
        blocked = []

        def somebody_writes(statement: str) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA", "SELECT name")):
                with closing(sqlite3.connect(database.path, timeout=0)) as other:
                    try:
                        other.execute("UPDATE programOption SET optionValue = 'by hand'")
                    except sqlite3.OperationalError as error:
                        blocked.append(str(error))
                    else:
                        blocked.append("not blocked")

        with database.opened() as instance:
            planned = plan(instance, NEW)
            instance.store.connection.set_trace_callback(somebody_writes)
            instance.apply(planned, AUTHOR)

        assert set(blocked) == {"database is locked"}


TRIGGERS: dict[str, str] = {
    "alters the value": "AFTER UPDATE ON programOption BEGIN"
    " UPDATE programOption SET optionValue = '26' WHERE optionName = 'SMTP Port'; END",
    "cuts the password": "AFTER UPDATE ON programOption WHEN new.optionName = 'SMTP Password' BEGIN"
    " UPDATE programOption SET optionValue = substr(optionValue, 1, 5) WHERE optionName = 'SMTP Password'; END",
    "alters another option": "AFTER UPDATE ON programOption WHEN new.optionName = 'SMTP Port' BEGIN"
    " UPDATE programOption SET optionValue = 'else' WHERE optionName = 'SMTP User'; END",
    "swallows the write": "BEFORE UPDATE ON programOption BEGIN SELECT RAISE(IGNORE); END",
    "deletes the row": "AFTER UPDATE ON programOption BEGIN DELETE FROM programOption WHERE rowid = new.rowid; END",
}


class TestReadingBack:
    @pytest.mark.parametrize("case", TRIGGERS)
    def test_it_is_rolled_back_when_a_trigger(self, database: Database, case: str) -> None:
        database.sql(f"CREATE TRIGGER meddling {TRIGGERS[case]}")

        with untouched(database), pytest.raises(MailSettingsError) as caught:
            database.converge(NEW)

        assert caught.value.code == "write_not_verified"

    def test_it_is_rolled_back_when_a_trigger_objects(self, database: Database) -> None:
        body = "BEGIN SELECT RAISE(ABORT, 'the new password is not allowed'); END"
        database.sql(f"CREATE TRIGGER meddling BEFORE UPDATE ON programOption {body}")

        with untouched(database), pytest.raises(MailSettingsError) as caught:
            database.converge(NEW)

        assert caught.value.code == "store_error"
        assert "the new password" not in str(caught.value.result())

    def test_it_is_rolled_back_when_a_trigger_keeps_a_row_that_has_to_go(self, database: Database) -> None:
        database.sql("DELETE FROM programOption WHERE optionName = 'Send SMTP to Self'")
        database.converge({"send_smtp_to_self": True}, create_missing=True)
        database.sql("CREATE TRIGGER keeping BEFORE DELETE ON programOption BEGIN SELECT RAISE(IGNORE); END")

        with untouched(database), refused("write_not_verified", "send_smtp_to_self"):
            database.converge(state="restored")

    def test_a_trigger_that_minds_its_own_business_is_no_obstacle(self, database: Database) -> None:
        database.sql("CREATE TABLE audit (what)")
        body = "BEGIN INSERT INTO audit VALUES (new.optionName); END"
        database.sql(f"CREATE TRIGGER auditing AFTER UPDATE ON programOption {body}")

        assert database.converge(NEW)["changed"] is True
        assert len(database.sql("SELECT * FROM audit")) == len(NEW)


class TestWhatIsShown:
    def test_a_plan_shows_its_difference_masked(self, database: Database) -> None:
        with database.opened() as instance:
            planned = plan(instance, {**NEW, "use_smtp_email": True})

        assert planned.public_settings() == {**HELD, **NEW, "smtp_password": "(set)"}
        diff = planned.diff("here")
        assert diff["before_header"] == diff["after_header"] == "SMTP settings in here"
        differing = {name: (diff["before"][name], value) for name, value in diff["after"].items()}
        assert {name: pair for name, pair in differing.items() if pair[0] != pair[1]} == {
            "smtp_port": (587, 25),
            "smtp_password": ("(set)", "(changed)"),
            "use_ssl": (True, False),
        }

    def test_settings_stand_in_the_order_of_the_catalogue(self, database: Database) -> None:
        with database.opened() as instance:
            assert list(plan(instance, dict(reversed(NEW.items()))).resulting) == list(STORED)
