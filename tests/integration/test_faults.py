# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever ends a run, an instance holds all old or all new settings, and the next run works.

The runs are processes of their own with the installed collection; the faults are real.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from desk import window_of
from victims import Order, Outcome, arguments, run
from weestimate import database

#: Long enough to fill many of the small pages that the instance has.
OLD_PASSWORD, NEW_PASSWORD = "old secret " * 1_000, "new secret " * 1_000
OLD = {"SMTP Address": "old.example.com", "SMTP Port": "587", "Use SSL": "TRUE", "SMTP Password": OLD_PASSWORD}
NEW = {**OLD, "SMTP Address": "new.example.com", "SMTP Port": "25", "SMTP Password": NEW_PASSWORD}
SETTINGS = {"smtp_address": "new.example.com", "smtp_port": 25, "smtp_password": NEW_PASSWORD}

Runner = Callable[[Iterable[Order]], list[Outcome]]


@pytest.fixture
def runs(collections_path: Path) -> Runner:
    """Carries out orders with the installed collection."""
    return lambda orders: run(collections_path, orders)


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """An instance with old settings, in pages so small that a change spans many of them."""
    path = tmp_path / "instance.db"
    database.create(path, OLD)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute("VACUUM")
    return path


def copies(path: Path, number: int) -> list[Path]:
    """As many copies of an instance."""
    return [Path(shutil.copy(path, path.with_name(f"{index}.db"))) for index in range(number)]


def held(path: Path) -> dict[str, str | None]:
    """The options that the tests are about, as WeEstimate reads them, which also mends what a crash left behind."""
    with closing(sqlite3.connect(path)) as connection:
        statement = "SELECT optionName, optionValue FROM programOption WHERE optionGroup = 'SMTP'"
        return {name: value for name, value in connection.execute(statement) if name in OLD}


def recorded(path: Path) -> list[tuple[str, str, bool]]:
    """Kind and state of each journal entry, and whether it keeps a former password."""
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'weestimateMailJournal'").fetchone():
            return []
        statement = "SELECT kind, state, previousSecret IS NOT NULL FROM weestimateMailJournal ORDER BY id"
        return [(kind, state, bool(kept)) for kind, state, kept in connection.execute(statement)]


OPEN = ("change", "open", True)

#: What is killed, and what the instance holds and has recorded before and after it.
WORK = {
    "present": ({"settings": SETTINGS}, (OLD, []), (NEW, [OPEN])),
    "restored": (
        {"settings": {}, "state": "restored"},
        (NEW, [OPEN]),
        (OLD, [("change", "restored", False), ("restore", "confirmed", False)]),
    ),
    "confirmed": ({"settings": {}, "state": "confirmed"}, (NEW, [OPEN]), (NEW, [("change", "confirmed", False)])),
}


@pytest.mark.parametrize("state", WORK)
def test_a_run_that_is_killed_before_any_of_its_statements_leaves_all_old_or_all_new(
    instance: Path, runs: Runner, state: str
) -> None:
    order, before, after = WORK[state]
    if before[0] == NEW:
        runs([Order(arguments(instance, SETTINGS))])
    trial = Path(shutil.copy(instance, instance.with_name("trial.db")))
    (whole,) = runs([Order(arguments(trial, **order))])
    assert whole.answer["changed"] is True
    assert (held(trial), recorded(trial)) == after

    killed = copies(instance, whole.statements)
    untouched = instance.read_bytes()
    outcomes = runs(Order(arguments(path, **order), kill_before=n) for n, path in enumerate(killed, start=1))

    assert all(outcome.killed for outcome in outcomes)
    spilled = [path for path in killed if path.read_bytes() != untouched]
    # Some kills came when changed pages were in the file already; otherwise this would be an easy test.
    assert spilled or state == "confirmed"
    for path in killed:
        assert (held(path), recorded(path)) == before
    repeated = runs(Order(arguments(path, **order)) for path in killed)
    assert {outcome.answer.get("changed") for outcome in repeated} == {True}
    for path in killed:
        assert (held(path), recorded(path)) == after


def window(path: Path, state: str) -> Order:
    """A step of a document window."""
    more = {"reason": "Campaign", "minutes": 60, "overwrite_edits": False}
    return Order(arguments(path, SETTINGS, state=state, **more), command="smtp_window")


def phase(path: Path) -> str | None:
    """How far the document window on an instance has got; None without one."""
    return (window_of(path) or {}).get("phase")


WENT_BACK = [("change", "restored", False), ("restore", "confirmed", False)]

#: The steps of a document window: what the instance holds and has recorded after each, and whether it is locked.
WINDOW = {
    "none": (OLD, [], None),
    "opened": (NEW, [OPEN], "open"),
    "restored": (OLD, WENT_BACK, "closing"),
    "closed": (OLD, WENT_BACK, None),
}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_step_of_a_window_that_is_killed_switches_and_locks_or_does_neither(
    instance: Path, runs: Runner, number: int
) -> None:
    states = list(WINDOW)
    runs(window(instance, state) for state in states[1:number])
    trial = Path(shutil.copy(instance, instance.with_name("trial.db")))
    (whole,) = runs([window(trial, states[number])])
    assert (held(trial), recorded(trial), phase(trial)) == WINDOW[states[number]]

    killed = copies(instance, whole.statements)
    outcomes = runs(replace(window(path, states[number]), kill_before=n) for n, path in enumerate(killed, start=1))

    assert all(outcome.killed for outcome in outcomes)
    for path in killed:
        assert (held(path), recorded(path), phase(path)) == WINDOW[states[number - 1]]
    repeated = runs(window(path, states[number]) for path in killed)
    assert {outcome.answer.get("changed") for outcome in repeated} == {True}
    for path in killed:
        assert (held(path), recorded(path), phase(path)) == WINDOW[states[number]]


@pytest.mark.parametrize("room", ["for nothing", "for the settings of now", "for some of what is new"])
def test_a_full_disk_leaves_all_old_and_is_named(instance: Path, runs: Runner, room: str) -> None:
    size = instance.stat().st_size
    limit = {"for nothing": 0, "for the settings of now": size, "for some of what is new": size + 4096}[room]

    (full,) = runs([Order(arguments(instance, {**SETTINGS, "smtp_password": NEW_PASSWORD * 2}), file_limit=limit)])

    assert full.answer["error_code"] == "store_error"
    assert "nothing was changed" in full.answer["msg"]
    assert "secret" not in json.dumps(full.answer)
    assert (held(instance), recorded(instance)) == (OLD, [])
    (again,) = runs([Order(arguments(instance, SETTINGS))])
    assert again.answer["changed"] is True
    assert held(instance) == NEW


@pytest.mark.parametrize("controllers", [2, 6])
def test_of_controllers_at_work_at_once_exactly_one_wins(instance: Path, runs: Runner, controllers: int) -> None:
    declared = [{"smtp_port": 2500 + n, "smtp_password": f"password {n}"} for n in range(controllers)]

    outcomes = runs(Order(arguments(instance, each), meet=controllers) for each in declared)

    (winner,) = (n for n, outcome in enumerate(outcomes) if outcome.answer.get("changed"))
    losers = [outcome.answer for n, outcome in enumerate(outcomes) if n != winner]
    assert {answer["error_code"] for answer in losers} == {"concurrent_change"}
    assert held(instance) == {**OLD, "SMTP Port": str(2500 + winner), "SMTP Password": f"password {winner}"}
    assert recorded(instance) == [OPEN]


def test_controllers_that_declare_the_same_do_not_record_it_twice(instance: Path, runs: Runner) -> None:
    outcomes = runs(Order(arguments(instance, SETTINGS), meet=2) for _each in range(2))

    assert sorted(outcome.answer.get("error_code", "changed") for outcome in outcomes) == [
        "changed",
        "concurrent_change",
    ]
    (again,) = runs([Order(arguments(instance, SETTINGS))])
    assert again.answer["changed"] is False
    assert (held(instance), recorded(instance)) == (NEW, [OPEN])


def test_controllers_of_different_options_do_not_overwrite_each_other(instance: Path, runs: Runner) -> None:
    declared = [{"send_smtp_to_self": True}, {"smtp_password": NEW_PASSWORD}]

    outcomes = runs(Order(arguments(instance, each), meet=2) for each in declared)
    lost = [each for each, outcome in zip(declared, outcomes, strict=True) if "error_code" in outcome.answer]
    runs(Order(arguments(instance, each)) for each in lost)

    assert len(lost) == 1
    assert database.read(instance)["Send SMTP to Self"] == "TRUE"
    assert held(instance)["SMTP Password"] == NEW_PASSWORD
