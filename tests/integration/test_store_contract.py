# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every store promises, on a real database of each engine: converge, journal, restore, and several at once.

On SQLite always; on Microsoft SQL Server, with the mark ``mssql``, when environment variables name one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from engines import AUTHOR, Bed, mssql_database, mssql_emptied, mssql_server, sqlite_database

from ansible_collections.weestimate.mail.plugins.module_utils import fingerprint
from ansible_collections.weestimate.mail.plugins.module_utils.converge import Instance, Plan
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Row

#: What an instance holds in the beginning, as stored.
STORED = {
    "smtp_mail_enabled": "TRUE",
    "smtp_address": "relay.example.com",
    "smtp_port": "25",
    "use_ssl": "FALSE",
    "smtp_user": "",
    "smtp_password": "the former password",
}

#: What is declared, and how it is stored.
DECLARED = {
    "smtp_address": "smtp.office365.com",
    "smtp_port": 587,
    "use_ssl": True,
    "smtp_user": "quotes@example.com",
    "smtp_password": "the new password",
}
CONVERGED = {
    **STORED,
    "smtp_address": "smtp.office365.com",
    "smtp_port": "587",
    "use_ssl": "TRUE",
    "smtp_user": "quotes@example.com",
    "smtp_password": "the new password",
}

TEXTS = {
    "quotes": 'it\'s "quoted" `and` [bracketed]]',
    "statement": "'); DROP TABLE programOption; --",
    "format": "%s %(name)s {0} {fn now()} ? ?? :name @p1",
    "lines": "first\r\nsecond\tthird\n",
    "unicode": "Grüße, 漢字, 😀, e\u0301, \u00a0",
    "blanks": "  between blanks  ",
    "long": "0123456789" * 2000,
    "long_unicode": "ü😀" * 5000,
    "null_word": "NULL",
    "number": "0587",
}


@pytest.fixture(autouse=True)
def _cheap_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fingerprint costs 50 ms on purpose, which only its own tests need to feel."""
    monkeypatch.setattr(fingerprint, "_COST", 2)


@pytest.fixture(scope="module")
def mssql() -> Iterator[Bed]:
    """A database on the SQL Server of the environment."""
    with mssql_database(mssql_server()) as bed:
        yield bed


@pytest.fixture(params=["sqlite", pytest.param("mssql", marks=pytest.mark.mssql)])
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    """An empty database of each engine."""
    if request.param == "mssql":
        yield mssql_emptied(request.getfixturevalue("mssql"))
        return
    with sqlite_database(tmp_path) as database:
        yield database


def planned(instance: Instance, desired: dict[str, Any], **policy: Any) -> Plan:
    """The plan for ``desired``, by the default policy."""
    return instance.plan(desired, **{"update_password": "always", "create_missing": False, **policy})


def converge(bed: Bed, desired: dict[str, Any], **policy: Any) -> int | None:
    """Plan and apply in one go; the journal's number."""
    with bed.opened() as instance:
        return instance.apply(planned(instance, desired, **policy), AUTHOR)


def attempt(instance: Instance, plan: Plan) -> str:
    """Apply a plan; "applied", or the code of the failure."""
    try:
        instance.apply(plan, AUTHOR)
    except MailSettingsError as error:
        return error.code
    return "applied"


def lost_race(bed: Bed) -> set[str]:
    """How it may end for those who come second. A server that does not know our lock hints lets two get as far as the
    write; the guard then stops the second."""
    return {"concurrent_change", "lock_timeout"} | (set() if bed.genuine else {"write_not_verified"})


def test_what_is_declared_is_stored_and_then_nothing_is_left_to_do(bed: Bed) -> None:
    bed.create(STORED)

    with bed.opened() as instance:
        plan = planned(instance, DECLARED)
        instance.apply(plan, AUTHOR)
        again = planned(instance, DECLARED)

    assert plan.changed_options == sorted(DECLARED)
    assert bed.stored() == CONVERGED
    assert not again.changed


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_stored_and_read_to_the_last_character(bed: Bed, text: str) -> None:
    bed.create(STORED)

    converge(bed, {"smtp_password": text})

    assert bed.stored() == {**STORED, "smtp_password": text}
    with bed.opened() as instance:
        assert instance.read().values["smtp_password"] == text
        assert not planned(instance, {"smtp_password": text}).changed
        assert planned(instance, {"smtp_password": text + " "}).changed


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_replaced_and_restored(bed: Bed, text: str) -> None:
    bed.create({**STORED, "smtp_password": text})

    converge(bed, {"smtp_password": "another"})
    with bed.opened() as instance:
        instance.apply(instance.plan_restore({}), AUTHOR)

    assert bed.stored()["smtp_password"] == text


def test_null_reads_as_blank_and_is_replaced_and_restored(bed: Bed) -> None:
    bed.create({**STORED, "smtp_user": None, "smtp_password": None})

    with bed.opened() as instance:
        assert instance.read().values["smtp_user"] == ""
        instance.apply(planned(instance, {"smtp_user": "u", "smtp_password": "p"}), AUTHOR)
        assert bed.stored() == {**STORED, "smtp_user": "u", "smtp_password": "p"}
        instance.apply(instance.plan_restore({}), AUTHOR)

    assert bed.stored() == {**STORED, "smtp_user": None, "smtp_password": None}


@pytest.mark.parametrize(
    "odd",
    [
        "semi;colon -- and /* comment */",
        "q'uo\"te",
        "what? %s %d",
        "{fn now()}",
        "Grüße",
        "漢字 😀",
        "[open",
        "close]",
    ],
)
def test_identifiers_may_hold_any_characters(bed: Bed, odd: str) -> None:
    if ("]" in odd or "😀" in odd) and not bed.genuine:
        pytest.skip("this server understands neither a doubled bracket nor names beyond its code page")
    layout = bed.layout(
        table=f"table {odd}",
        group_column=f"group {odd}",
        key_column=f"key {odd}",
        value_column=f"value {odd}",
        group=odd,
    )
    bed.create(STORED, layout)

    with bed.opened(layout, journal={"table": f"journal {odd}"}) as instance:
        instance.apply(planned(instance, DECLARED), AUTHOR)
        assert bed.stored(layout) == CONVERGED
        assert instance.store.columns(layout.schema, layout.table) == [
            f"{what} {odd}" for what in ("group", "key", "value")
        ]
        instance.apply(instance.plan_restore({}), AUTHOR)

    assert bed.stored(layout) == STORED


def test_rows_are_made_on_demand_only_and_go_with_a_restore(bed: Bed) -> None:
    bed.create(STORED)
    desired = {"smtp_connect_as": "quotes@example.com", "enable_smtp_send_as": True}

    with bed.opened() as instance:
        with pytest.raises(MailSettingsError) as refused:
            planned(instance, desired)
        instance.apply(planned(instance, desired, create_missing=True), AUTHOR)
        assert bed.stored() == {**STORED, "smtp_connect_as": "quotes@example.com", "enable_smtp_send_as": "TRUE"}
        instance.apply(instance.plan_restore({}), AUTHOR)

    assert refused.value.code == "option_missing"
    assert bed.stored() == STORED


def test_a_change_is_journalled_beside_the_settings(bed: Bed) -> None:
    bed.create(STORED)

    numbers = [converge(bed, DECLARED), converge(bed, {"smtp_mail_enabled": False})]

    first, second = bed.journal()
    assert numbers == [first["id"], second["id"]] == [1, 2]
    assert (second["changedBy"], second["run"], second["profile"]) == ("tester@controller", "run 7", "office365")
    assert json.loads(first["changedOptions"]) == sorted(DECLARED)
    assert [first["state"], second["state"]] == ["superseded", "open"]
    assert first["previousSecret"] is None


def test_the_former_password_is_kept_until_the_change_is_confirmed(bed: Bed) -> None:
    bed.create(STORED)
    converge(bed, DECLARED)
    (before,) = bed.journal()

    with bed.opened() as instance:
        instance.confirm(instance.journal.last())

    (after,) = bed.journal()
    assert "the former password" in before["previousSecret"]
    assert (after["state"], after["previousSecret"]) == ("confirmed", None)


def test_a_restore_brings_back_what_was_stored_password_included(bed: Bed) -> None:
    bed.create(STORED)
    converge(bed, DECLARED)

    with bed.opened() as instance:
        instance.apply(instance.plan_restore({}), AUTHOR)
        again = instance.plan_restore({})

    assert bed.stored() == STORED
    assert not again.changed


def test_without_a_journal_nothing_is_made(bed: Bed) -> None:
    bed.create(STORED)

    with bed.opened(journal={"enabled": False}) as instance:
        assert instance.apply(planned(instance, DECLARED), AUTHOR) is None
        assert [name for _schema, name in instance.store.tables()] == ["programOption"]

    assert bed.stored() == CONVERGED


def test_a_journal_that_may_not_be_made_undoes_the_change(bed: Bed) -> None:
    bed.create(STORED)

    with bed.opened(journal={"create": False}) as instance, pytest.raises(MailSettingsError) as refused:
        instance.apply(planned(instance, DECLARED), AUTHOR)

    assert refused.value.code == "journal_unavailable"
    assert bed.stored() == STORED


@pytest.mark.parametrize(
    ("stored", "assumed"),
    [
        ("ann", "Ann"),
        ("ann", "ann "),
        ("ann ", "ann"),
        ("ann", ""),
        ("ann", None),
        ("", None),
        ("", " "),
        (None, ""),
        ("\u00e9", "e\u0301"),
        ("ann", "ann\r"),
    ],
)
def test_a_row_is_only_touched_while_it_holds_exactly_what_was_planned_upon(
    bed: Bed, stored: Any, assumed: Any
) -> None:
    bed.create({"smtp_user": stored})
    layout = bed.layout()
    key = layout.keys["smtp_user"]

    with bed.opened() as instance:
        store = instance.store
        touched = [store.update_row(layout, Row(key, assumed), "new"), store.delete_row(layout, Row(key, assumed))]
        assert bed.stored() == {"smtp_user": stored}
        updated = store.update_row(layout, Row(key, stored), "new")
        assert bed.stored() == {"smtp_user": "new"}
        deleted = store.delete_row(layout, Row(key, "new"))

    assert touched == [False, False]
    assert (updated, deleted) == (True, True)
    assert bed.stored() == {}


def test_an_edit_between_plan_and_write_is_reported_and_kept(bed: Bed) -> None:
    bed.create(STORED)

    with bed.opened() as instance:
        plan = planned(instance, DECLARED)
        bed.edit("smtp_port", "2525")
        with pytest.raises(MailSettingsError) as refused:
            instance.apply(plan, AUTHOR)

    assert (refused.value.code, refused.value.details["options"]) == ("concurrent_change", ["smtp_port"])
    assert bed.stored() == {**STORED, "smtp_port": "2525"}


def test_an_edit_between_locked_read_and_write_is_never_lost(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes first, both orders are right: the edit waits or fails and we write, or it wins and we report."""
    bed.create(STORED)
    edited: list[bool] = []

    def edit_by_hand() -> None:
        # The driver of either engine may report that the row is locked; then the edit did not happen.
        with suppress(Exception), bed.session() as sql:
            bed.edit("smtp_password", "by hand", sql)
            edited.append(True)

    with bed.opened() as instance, ThreadPoolExecutor(1) as somebody:
        plan = planned(instance, DECLARED)
        read_rows = instance.store.read_rows

        def read_and_let_edit(layout: Any, *, lock: bool = False) -> Any:
            rows = read_rows(layout, lock=lock)
            if lock:
                wait([somebody.submit(edit_by_hand)], timeout=0.5)
            return rows

        monkeypatch.setattr(instance.store, "read_rows", read_and_let_edit)
        outcome = attempt(instance, plan)

    assert outcome == "applied" or (outcome in lost_race(bed) and edited)
    expected = CONVERGED if outcome == "applied" else STORED
    assert bed.stored() == ({**expected, "smtp_password": "by hand"} if edited else expected)


def test_of_several_controllers_at_once_one_wins_whole(bed: Bed) -> None:
    bed.create(STORED)
    start = threading.Barrier(4)

    def control(number: int) -> str:
        desired = {**DECLARED, "smtp_user": f"user{number}", "smtp_password": f"password{number}"}
        with bed.opened() as instance:
            plan = planned(instance, desired)
            start.wait(timeout=20)
            outcome = attempt(instance, plan)
        return f"user{number}" if outcome == "applied" else outcome

    with ThreadPoolExecutor(4) as controllers:
        outcomes = list(controllers.map(control, range(4)))

    (winner,) = [outcome for outcome in outcomes if outcome.startswith("user")]
    outcomes.remove(winner)
    assert set(outcomes) <= lost_race(bed)
    assert bed.stored() == {**CONVERGED, "smtp_user": winner, "smtp_password": winner.replace("user", "password")}
    assert [entry["id"] for entry in bed.journal()] == [1]


def test_a_row_that_somebody_holds_ends_in_a_time_out(bed: Bed) -> None:
    if not bed.genuine:
        pytest.skip("this server words a lock time-out differently")
    bed.create(STORED)

    with bed.opened() as instance, bed.session() as sql:
        plan = planned(instance, DECLARED)
        sql("BEGIN TRANSACTION")
        bed.edit("smtp_port", "2525", sql)
        with pytest.raises(MailSettingsError) as refused:
            instance.apply(plan, AUTHOR)
        sql("ROLLBACK")
        assert bed.stored() == STORED
        instance.apply(plan, AUTHOR)

    assert refused.value.code == "lock_timeout"
    assert bed.stored() == CONVERGED


def test_a_write_that_fails_in_the_middle_undoes_those_before(bed: Bed) -> None:
    bed.create(STORED, value_type="NVARCHAR(200)", rule="CHECK ({value} <> 'quotes@example.com')")

    with bed.opened() as instance:
        with pytest.raises(MailSettingsError) as refused:
            instance.apply(planned(instance, DECLARED), AUTHOR)
        instance.apply(planned(instance, {"smtp_mail_enabled": False}), AUTHOR)

    assert refused.value.code == "store_error"
    assert "quotes@example.com" not in str(refused.value.result())
    assert bed.stored() == {**STORED, "smtp_mail_enabled": "FALSE"}


def test_a_connection_that_breaks_in_the_middle_leaves_the_old_values(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed.create(STORED)

    with bed.opened() as instance:
        plan = planned(instance, DECLARED)
        update_row = instance.store.update_row

        def break_off(*arguments: Any) -> bool:
            done = update_row(*arguments)
            instance.store.connection.close()
            return done

        monkeypatch.setattr(instance.store, "update_row", break_off)
        with pytest.raises(MailSettingsError):
            instance.apply(plan, AUTHOR)

    assert bed.stored() == STORED


def test_a_missing_table_is_named(bed: Bed) -> None:
    if not bed.genuine:
        pytest.skip("this server words a missing table differently")

    with bed.opened() as instance, pytest.raises(MailSettingsError) as refused:
        instance.read()

    assert refused.value.code == "table_missing"


@pytest.mark.parametrize("column", ["group_column", "key_column", "value_column"])
def test_a_missing_column_is_named(bed: Bed, column: str) -> None:
    if not bed.genuine:
        pytest.skip("this server words a missing column differently")
    bed.create(STORED)

    with bed.opened(bed.layout(**{column: "nope"})) as instance, pytest.raises(MailSettingsError) as refused:
        instance.read()

    assert refused.value.code == "column_missing"


def test_a_missing_database_is_named_and_not_made(bed: Bed) -> None:
    nowhere = {"path": bed.store["path"] + ".no"} if "path" in bed.store else {"database": "weestimate_no"}

    for _attempt in range(2):
        with pytest.raises(MailSettingsError) as refused, bed.opened(store=nowhere):
            pass
        assert refused.value.code == "database_missing"


def test_tables_and_columns_can_be_discovered(bed: Bed) -> None:
    bed.create(STORED)

    with bed.opened() as instance:
        assert list(instance.store.tables()) == [(bed.schema, "programOption")]
        assert instance.store.columns(bed.schema, "programoption") == ["optionGroup", "optionName", "optionValue"]
        assert instance.store.columns(bed.schema, "nope") == []
