# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_settings as playbooks use it: what it answers, what it writes, what it refuses; here and on the target.

The functions that yield are scenarios (see ``support/desk.py``); all of them are played in the same few runs.
"""

from __future__ import annotations

import getpass
import json
import socket
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from desk import (
    OFFICE365,
    PASSWORD,
    PLACES,
    SETTINGS,
    STORED,
    VAULT_PASSWORD,
    Desk,
    Scenario,
    ask,
    journal,
    make_read_only,
    play,
    settings,
    sqlite,
    vaulted,
)
from harness import Ansible
from weestimate import database

NEW = "new-password"

SCENARIOS: list[Callable[[Desk], Scenario]] = []


def scenario(function: Callable[[Desk], Scenario]) -> Callable[[Desk], Scenario]:
    """Have a scenario played, and its outcome told by `test_scenario`."""
    SCENARIOS.append(function)
    return function


# --- what it answers ---------------------------------------------------------------------------------------------


@scenario
def it_predicts_then_changes_then_leaves_alone(desk: Desk) -> Scenario:
    """The contract of the result, and that both places give the same."""
    paths = {place: desk.instance(place, {}) for place in PLACES}
    tasks = {place: settings(path, {**OFFICE365, "smtp_password": NEW}, run_on=place) for place, path in paths.items()}
    before = {place: path.read_bytes() for place, path in paths.items()}
    predicted = yield {place: {**task, "check_mode": True} for place, task in tasks.items()}
    assert {place: path.read_bytes() for place, path in paths.items()} == before

    done = yield {place: {**task, "diff": True} for place, task in tasks.items()}
    for place, path in paths.items():
        for answer in (predicted[place], done[place]):
            assert answer["changed"] is answer["recycle_required"] is True
            assert answer["changed_options"] == sorted([*OFFICE365, "smtp_password"])
            assert answer["settings"] == {
                **OFFICE365,
                "smtp_password": "(set)",
                "send_smtp_to_self": False,
                "use_smtp_email": True,
                "include_mpoc_recipient": True,
            }
            assert _differences(answer["diff"]).keys() == set(answer["changed_options"])
            assert _differences(answer["diff"])["smtp_password"] == ("(blank)", "(set)")
            assert _differences(answer["diff"])["smtp_port"] == (25, 587)
            assert answer["diff"]["before_header"] == answer["diff"]["after_header"] == f"SMTP settings in {path}"
        assert predicted[place]["journal_id"] is None
        assert done[place]["journal_id"] == 1
        stored = database.read(path)
        assert {name: stored[name] for name in STORED} == {**STORED, "SMTP Password": NEW}
        assert len(journal(path)) == 1
    for one, other in (predicted.values(), done.values()):
        assert _told(one) == _told(other)

    again = (yield {"again": {**tasks["controller"], "diff": True}})["again"]
    assert again["changed"] is again["recycle_required"] is False
    assert (again["changed_options"], again["journal_id"]) == ([], None)
    assert _differences(again["diff"]) == {}
    assert again["diff"]["before"]["smtp_password"] == "(unchanged)"
    assert again["settings"] == done["controller"]["settings"]
    assert len(journal(paths["controller"])) == 1


def _differences(diff: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What a diff shows as different, before and after."""
    names = {*diff["before"], *diff["after"]}
    sides = {name: (diff["before"].get(name), diff["after"].get(name)) for name in names}
    return {name: pair for name, pair in sides.items() if pair[0] != pair[1]}


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What we tell, without what Ansible adds and without the name of the file."""
    names = ("changed", "changed_options", "settings", "recycle_required", "warnings", "advice", "journal_id", "status")
    return {name: answer[name] for name in names} | {side: answer["diff"][side] for side in ("before", "after")}


@scenario
def a_new_password_shows_as_changed_and_nothing_more(desk: Desk) -> Scenario:
    path = desk.instance()
    answer = (yield {"rotate": {**settings(path, {"smtp_password": NEW}), "diff": True}})["rotate"]
    assert answer["changed_options"] == ["smtp_password"]
    assert _differences(answer["diff"]) == {"smtp_password": ("(set)", "(changed)")}
    assert database.read(path)["SMTP Password"] == NEW


@scenario
def an_old_password_that_is_given_again_is_no_change(desk: Desk) -> Scenario:
    path = desk.instance()
    answer = (yield {"same": settings(path, {"smtp_password": PASSWORD})})["same"]
    assert answer["changed"] is False
    assert journal(path) == []


@scenario
def options_that_are_not_named_stay(desk: Desk) -> Scenario:
    path = desk.instance()
    before = database.read(path)
    tasks = {
        "one": settings(path, {"send_smtp_to_self": True}),
        "null": settings(path, {"send_smtp_to_self": None, "smtp_connect_as": None}),
        "omitted": settings(path, {"send_smtp_to_self": "{{ omit }}"}),
        "none": settings(path),
    }
    answers = yield tasks
    assert [answers[name]["changed"] for name in tasks] == [True, False, False, False]
    assert database.read(path) == {**before, "Send SMTP to Self": "TRUE"}


@scenario
def templates_may_give_numbers_and_switches_as_text(desk: Desk) -> Scenario:
    paths = {place: desk.instance(place, {}) for place in PLACES}
    words = {"port": "587", "yes": "yes", "on": "on", "off": "False", "digits": "4711"}
    declared = {
        **OFFICE365,
        "smtp_port": "{{ port }}",
        "use_ssl": "{{ yes }}",
        "smtp_mail_enabled": "{{ on | bool }}",
        "send_smtp_to_self": "{{ off }}",
        "include_mpoc_recipient": 0,
        "smtp_password": "{{ digits }}",
    }
    task = {place: {**settings(path, declared, run_on=place), "vars": words} for place, path in paths.items()}
    yield task
    for path in paths.values():
        stored = database.read(path)
        assert {name: stored[name] for name in STORED} == {**STORED, "SMTP Password": "4711"}
        assert stored["Send SMTP to Self"] == stored["Include MPOC as a Recipient When Sending a QP"] == "FALSE"


@scenario
def passwords_may_come_from_a_vault(desk: Desk) -> Scenario:
    """Of a value in the task, of a value in a variable, and of a whole file."""
    sources = {
        "task": vaulted("in the task"),
        "variable": "{{ vaulted_value }}",
        "file": "{{ vaulted_file }}",
    }
    paths = {source: desk.instance(source) for source in (*sources, "target")}
    yield {
        **{source: settings(paths[source], {"smtp_password": text}) for source, text in sources.items()},
        "target": settings(paths["target"], {"smtp_password": sources["task"]}, run_on="target"),
    }
    held = {source: database.read(path)["SMTP Password"] for source, path in paths.items()}
    assert held == {**{source: f"in the {source}" for source in sources}, "target": "in the task"}


def _vault(ansible: Ansible) -> list[str]:
    """Write the vault's password, a file with a vaulted value and a vaulted file; the options to use them."""
    (ansible.work / "vault-password").write_text(VAULT_PASSWORD)
    ansible.write("value.yml", {"vaulted_value": vaulted("in the variable")})
    (ansible.work / "file.yml").write_text(vaulted("vaulted_file: in the file"))
    return ["--vault-password-file=vault-password", "--extra-vars=@value.yml", "--extra-vars=@file.yml"]


@scenario
def variables_in_a_path_are_those_of_the_process_that_opens_it(desk: Desk) -> Scenario:
    path = desk.instance()
    short = Path("$WORK/scenarios", desk.directory.name, path.name)
    answers = yield {place: settings(short, {"send_smtp_to_self": False}, run_on=place) for place in PLACES}
    assert {place: answers[place]["status"] for place in PLACES} == dict.fromkeys(PLACES, "ok")
    assert answers["controller"]["diff"]["before_header"] == f"SMTP settings in {path}"


# --- the password policy -----------------------------------------------------------------------------------------


@scenario
def the_policy_decides_whether_a_password_is_written(desk: Desk) -> Scenario:
    relay = {"SMTP Mail Enabled": "TRUE", "SMTP Address": "relay.example.com"}
    stored = {"set": STORED, "blank": relay}
    expected = {
        ("always", "set"): NEW,
        ("always", "blank"): NEW,
        ("on_create", "set"): PASSWORD,
        ("on_create", "blank"): NEW,
        ("never", "set"): PASSWORD,
    }
    paths = {key: desk.instance("-".join(key), stored[key[1]]) for key in expected}
    answers = yield {
        " ".join(key): settings(
            path, {"smtp_user": OFFICE365["smtp_user"], "smtp_password": NEW}, update_password=key[0]
        )
        for key, path in paths.items()
    }
    assert {key: database.read(path)["SMTP Password"] for key, path in paths.items()} == expected
    assert {key: "smtp_password" in answers[" ".join(key)]["changed_options"] for key in paths} == {
        key: value == NEW for key, value in expected.items()
    }


@scenario
def a_blank_password_is_a_password_too(desk: Desk) -> Scenario:
    path = desk.instance()
    relay = {
        "smtp_address": "relay.example.com",
        "smtp_user": "",
        "smtp_password": "",
        "use_ssl": False,
        "smtp_port": 25,
    }
    answer = (yield {"relay": settings(path, relay)})["relay"]
    assert answer["settings"]["smtp_password"] == "(blank)"
    assert database.read(path)["SMTP Password"] == ""


# --- the journal, and going back ---------------------------------------------------------------------------------


@scenario
def the_journal_says_who_when_why_and_what(desk: Desk) -> Scenario:
    path = desk.instance()
    named = {"profile": "office365", "changed_by": "ops", "run": 4711}
    answers = yield {
        "unnamed": settings(path, {"send_smtp_to_self": True}),
        "named": settings(path, {"smtp_password": NEW}, **named),
    }
    assert [answers[name]["journal_id"] for name in ("unnamed", "named")] == [1, 2]
    first, second = journal(path)
    assert (first["changedBy"], first["profile"], first["run"]) == (
        f"{getpass.getuser()}@{socket.gethostname()}",
        "",
        "",
    )
    assert (second["changedBy"], second["profile"], second["run"]) == ("ops", "office365", "4711")
    assert (first["state"], second["state"]) == ("superseded", "open")
    assert json.loads(second["changedOptions"]) == ["smtp_password"]
    assert json.loads(second["previousSecret"]) == {"smtp_password": {"stored": PASSWORD}}
    assert NEW not in str(second)


@scenario
def a_restore_brings_everything_back_and_is_done_once(desk: Desk) -> Scenario:
    changed = {"smtp_address": "smtp.gmail.com", "smtp_password": NEW, "send_smtp_to_self": True}
    paths = {place: desk.instance(place, {**STORED, "Send SMTP to Self": None}) for place in PLACES}
    before = {place: database.read(path) for place, path in paths.items()}
    back = {place: settings(path, state="restored", run_on=place, run="back") for place, path in paths.items()}
    answers = yield {
        **{f"change {place}": settings(path, changed) for place, path in paths.items()},
        "predicted": {**back["controller"], "check_mode": True},
        **back,
        "again": back["controller"],
    }
    for name in ("predicted", *PLACES):
        assert answers[name]["changed"] is answers[name]["recycle_required"] is True
        assert answers[name]["changed_options"] == sorted(changed)
        assert answers[name]["settings"]["smtp_address"] == OFFICE365["smtp_address"]
        assert _differences(answers[name]["diff"]).keys() == set(changed)
        assert answers[name]["journal_id"] == (None if name == "predicted" else 2)
    assert (answers["again"]["changed"], answers["again"]["journal_id"]) == (False, None)
    for place, path in paths.items():
        assert database.read(path) == before[place]
        assert [entry["previousSecret"] for entry in journal(path)] == [None, None]
        assert journal(path)[1]["run"] == "back"


@scenario
def a_confirmed_change_is_final(desk: Desk) -> Scenario:
    path = desk.instance()
    tasks = {
        "change": settings(path, {"smtp_password": NEW}),
        "predicted": {**settings(path, state="confirmed"), "check_mode": True},
        "confirmed": settings(path, state="confirmed"),
        "again": settings(path, state="confirmed"),
        "restored": settings(path, state="restored"),
    }
    answers = yield tasks
    assert [answers[name]["changed"] for name in ("predicted", "confirmed", "again")] == [True, True, False]
    assert {answers[name]["journal_id"] for name in ("predicted", "confirmed", "again")} == {1}
    assert {answers[name]["recycle_required"] for name in ("predicted", "confirmed", "again")} == {False}
    assert answers["confirmed"]["settings"]["smtp_password"] == "(set)"
    assert answers["restored"]["error_code"] == "restore_unavailable"
    assert database.read(path)["SMTP Password"] == NEW
    (entry,) = journal(path)
    assert (entry["state"], entry["previousSecret"]) == ("confirmed", None)

    given = (yield {"given": settings(path, {"smtp_password": PASSWORD}, state="restored")})["given"]
    assert given["changed_options"] == ["smtp_password"]
    assert database.read(path)["SMTP Password"] == PASSWORD


@scenario
def an_edit_by_hand_is_not_undone(desk: Desk) -> Scenario:
    path = desk.instance()
    yield {"change": settings(path, {"smtp_password": NEW, "send_smtp_to_self": True})}
    database.write(path, {"Send SMTP to Self": "FALSE"})
    answer = (yield {"restore": settings(path, state="restored")})["restore"]
    assert (answer["error_code"], answer["options"]) == ("concurrent_change", ["send_smtp_to_self"])
    assert database.read(path)["SMTP Password"] == NEW


@scenario
def the_journal_may_lie_elsewhere_or_nowhere(desk: Desk) -> Scenario:
    nowhere, elsewhere = desk.instance("nowhere"), desk.instance("elsewhere")
    answers = yield {
        "none": settings(nowhere, {"send_smtp_to_self": True}, journal="none"),
        "confirm none": settings(nowhere, state="confirmed", journal="none"),
        "table": settings(elsewhere, {"send_smtp_to_self": True}, journal={"table": 'Our own "log"'}),
    }
    assert (answers["none"]["changed"], answers["none"]["journal_id"]) == (True, None)
    assert (answers["confirm none"]["changed"], answers["confirm none"]["journal_id"]) == (False, None)
    assert answers["table"]["journal_id"] == 1
    assert journal(nowhere) == journal(elsewhere) == []
    assert len(journal(elsewhere, 'Our own "log"')) == 1


# --- layouts -----------------------------------------------------------------------------------------------------


@scenario
def a_layout_is_laid_over_the_default_one(desk: Desk) -> Scenario:
    """Also with words for booleans that YAML reads as booleans."""
    script = """
        CREATE TABLE "Setting's" ("Cat" TEXT, "The Code" TEXT, "Value]" TEXT);
        INSERT INTO "Setting's" VALUES ('Mail', 'Enabled', 'N'), ('Mail', 'smtp address', 'a.example.com');
        INSERT INTO "Setting's" VALUES ('Mail', 'SMTP Port', '25');
    """
    paths = {place: desk.instance(place, script=script) for place in PLACES}
    layout = {
        "table": {"name": "Setting's"},
        "columns": {"group": "Cat", "key": "The Code", "value": "Value]"},
        "group": "Mail",
        "keys": {"smtp_mail_enabled": "Enabled"},
        "booleans": {True: "Y", False: "N"},
    }
    declared = {"smtp_mail_enabled": True, "smtp_address": "b.example.com"}
    answers = yield {place: settings(path, declared, layout=layout, run_on=place) for place, path in paths.items()}
    for place, path in paths.items():
        assert answers[place]["changed_options"] == ["smtp_address", "smtp_mail_enabled"], answers[place]
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute('SELECT * FROM "Setting\'s"').fetchall()
        assert rows == [
            ("Mail", "Enabled", "Y"),
            ("Mail", "smtp address", "b.example.com"),
            ("Mail", "SMTP Port", "25"),
        ]


@scenario
def a_missing_row_is_made_only_on_demand(desk: Desk) -> Scenario:
    script = "DELETE FROM programOption WHERE optionName = 'Send SMTP to Self'"
    path = desk.instance(script=script)
    wanted = {"send_smtp_to_self": True}
    answers = yield {
        "refused": settings(path, wanted),
        "made": settings(path, wanted, create_missing=True),
        "taken back": settings(path, state="restored"),
    }
    assert (answers["refused"]["error_code"], answers["refused"]["options"]) == (
        "option_missing",
        ["send_smtp_to_self"],
    )
    assert answers["made"]["changed_options"] == ["send_smtp_to_self"]
    assert "send_smtp_to_self" not in answers["taken back"]["settings"]
    assert "Send SMTP to Self" not in database.read(path)


# --- what would result -------------------------------------------------------------------------------------------


@scenario
def stored_and_declared_settings_are_judged_together(desk: Desk) -> Scenario:
    cases = {
        "send as": ({"smtp_connect_as": ""}, "smtp_connect_as", "Send As needs SMTP Connect As"),
        "user": (
            {"smtp_user": "", "smtp_password": PASSWORD},
            "smtp_user",
            "SMTP User and SMTP Password come together",
        ),
        "port": ({"smtp_port": 25, "smtp_password": PASSWORD}, "smtp_port", "Office 365 takes mail on port 587"),
    }
    path = desk.instance()
    before = path.read_bytes()
    answers = yield {
        **{name: settings(path, declared) for name, (declared, _where, _rule) in cases.items()},
        "target": settings(path, cases["send as"][0], run_on="target"),
    }
    assert path.read_bytes() == before
    for name, (_declared, where, rule) in {**cases, "target": cases["send as"]}.items():
        answer = answers[name]
        assert (answer["status"], answer["error_code"]) == ("ignored", "schema_invalid"), answer
        assert (where, rule) in [(each["path"], each["rule"]) for each in answer["violations"]]
        assert rule in answer["msg"]
        assert answer["remedy"] in answer["msg"]


@scenario
def a_blank_stored_password_does_not_pass_for_one_that_is_set(desk: Desk) -> Scenario:
    """Of a password on the target the rules know only its mask."""
    paths = {place: desk.instance(place, {**STORED, "SMTP Password": None}) for place in PLACES}
    answers = yield {place: settings(path, {"send_smtp_to_self": True}, run_on=place) for place, path in paths.items()}
    for place in PLACES:
        assert answers[place]["error_code"] == "schema_invalid"
        assert [each["path"] for each in answers[place]["violations"]] == ["smtp_password", "smtp_password"]


@scenario
def advice_is_a_warning_and_a_part_of_the_result(desk: Desk) -> Scenario:
    path = desk.instance()
    answer = (yield {"advised": settings(path, {"send_smtp_to_self": False})})["advised"]
    assert [each["advice"] for each in answer["advice"]] == ["exchange_online_password_login"]
    assert len(answer["warnings"]) == 1
    assert all(answer["advice"][0][part] in answer["warnings"][0] for part in ("rule", "reason", "remedy"))


# --- what it refuses ---------------------------------------------------------------------------------------------

DIFFERENT = {"send_smtp_to_self": True, "use_smtp_email": False}

#: For each code: SQL that prepares the instance, and what differs from a task that would change two options.
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "table_missing": ("ALTER TABLE programOption RENAME TO options", {}),
    "column_missing": ("", {"layout": {"columns": {"value": "value"}}}),
    "option_missing": ("DELETE FROM programOption WHERE optionName = 'Send SMTP to Self'", {}),
    "option_duplicate": ("INSERT INTO programOption VALUES ('SMTP', 'use ssl ', 'TRUE')", {}),
    "option_undecodable": ("UPDATE programOption SET optionValue = 'maybe' WHERE optionName = 'Use SSL'", {}),
    "write_not_verified": (
        """CREATE TRIGGER other AFTER UPDATE ON programOption WHEN NEW.optionValue = 'b.example.com' BEGIN
           UPDATE programOption SET optionValue = 'c.example.com' WHERE optionValue = 'b.example.com'; END""",
        {"settings": {"smtp_address": "b.example.com", "smtp_password": NEW}},
    ),
    "journal_unavailable": ("", {"journal": {"create": False}}),
    "redirect_without_password": ("", {"settings": {"smtp_address": "smtp.gmail.com"}}),
    "restore_unavailable": ("", {"settings": {}, "state": "restored"}),
    "permission_denied": ("", {}),
    "lock_timeout": ("", {}),
    "schema_invalid": ("", {"settings": {"smtp_port": 0}}),
}

#: Those that the target meets before the controller's judgement, or after it, or in the journal.
REFUSED_ON_TARGET = ("column_missing", "redirect_without_password", "journal_unavailable")


@scenario
def each_refusal_has_its_code_and_leaves_every_byte(desk: Desk) -> Scenario:
    paths = {code: desk.instance(code, script=script) for code, (script, _arguments) in REFUSED.items()}
    make_read_only(paths["permission_denied"])
    before = {code: path.read_bytes() for code, path in paths.items()}
    tasks = {code: settings(path, **{"settings": DIFFERENT, **REFUSED[code][1]}) for code, path in paths.items()}
    tasks["lock_timeout"] = settings(
        paths["lock_timeout"], DIFFERENT, store=sqlite(paths["lock_timeout"], command_timeout=1)
    )
    for code in REFUSED_ON_TARGET:
        arguments = {"settings": DIFFERENT, **REFUSED[code][1], "run_on": "target"}
        tasks[f"{code} on the target"] = settings(paths[code], **arguments)
    with closing(sqlite3.connect(paths["lock_timeout"], isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        answers = yield tasks
        somebody.execute("ROLLBACK")
    for name, answer in answers.items():
        code = name.partition(" ")[0]
        assert (answer["status"], answer.get("error_code")) == ("ignored", code), answer
        assert answer["remedy"]
        assert answer["msg"].endswith(answer["remedy"])
        assert not answer.get("changed")
        assert "Traceback" not in str(answer)
    for code, path in paths.items():
        assert path.read_bytes() == before[code], code
    assert sorted(path.name for path in desk.directory.iterdir()) == sorted(path.name for path in paths.values())


@scenario
def a_place_without_a_database_is_refused(desk: Desk) -> Scenario:
    text, nowhere = desk.directory / "text.db", desk.directory / "nowhere" / "at all.db"
    text.write_text("This is no database. " * 50)
    unreachable = {
        "driver": "mssql",
        "host": "127.0.0.1",
        "port": _closed_port(),
        "database": "WeEstimate",
        "connect_timeout": 2,
    }
    login = {"user": "deploy", "password": "of no account"}
    answers = yield {
        "text": settings(text, DIFFERENT),
        "nowhere": settings(nowhere, DIFFERENT),
        "nowhere on the target": settings(nowhere, DIFFERENT, run_on="target"),
        "server": settings(nowhere, DIFFERENT, store={**unreachable, **login}),
    }
    codes = {name: answer["error_code"] for name, answer in answers.items()}
    assert codes.pop("server") == "store_unreachable"
    assert codes == dict.fromkeys(codes, "database_missing")
    assert not nowhere.parent.exists()
    assert login["password"] not in str(answers["server"]["msg"])


def _closed_port() -> int:
    """A port of the loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@scenario
def all_violations_are_told_at_once(desk: Desk) -> Scenario:
    path = desk.instance()
    wrong = {
        "smtp_address": "smtp://relay.example.com",
        "smtp_port": "70000",
        "smtp_pasword": "a secret at the wrong name",
        "smtp_password": "****",
        "use_ssl": "perhaps",
        "smtp_user": "two\nlines",
    }
    task = settings(path, wrong, stat="present", state="absent", create_missing="perhaps", store={"driver": "sqlite"})
    task[SETTINGS]["layout"] = {"columns": {"keys": "x"}, "booleans": "J/N"}
    task[SETTINGS]["journal"] = "nowhere"
    answer = (yield {"wrong": task})["wrong"]
    assert answer["error_code"] == "schema_invalid"
    found = {each.get("path"): each for each in answer["violations"]}
    assert set(found) >= {
        *(f"settings.{name}" for name in wrong),
        "stat",
        "state",
        "create_missing",
        "store.path",
        "layout.columns.keys",
        "layout.booleans",
        "journal",
    }
    assert found["stat"]["remedy"] == "Did you mean state?"
    assert found["settings.smtp_pasword"]["remedy"] == "Did you mean smtp_password?"
    assert all(each["rule"] and each["remedy"] for each in answer["violations"])
    assert found["state"]["remedy"] == "Set state to one of present, restored, confirmed."
    assert all(each["rule"] in answer["msg"] for each in answer["violations"])
    assert "a secret" not in str(answer)
    assert len(answer["violations"]) == len({(each.get("path"), each["rule"]) for each in answer["violations"]})


# --- runs of their own -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("package", "driver"), [("mssql_python", "mssql"), ("jsonschema", "sqlite")])
def test_a_missing_package_is_named(ansible: Ansible, tmp_path: Path, package: str, driver: str) -> None:
    """The package is there, since other tests need it; a module of its name that comes first on the path hides it."""
    (tmp_path / f"{package}.py").write_text("raise ImportError('hidden by a test')\n")
    store = {
        "sqlite": sqlite(tmp_path / "instance.db"),
        "mssql": {"driver": "mssql", "host": "127.0.0.1", "database": "x", "user": "u", "password": "p"},
    }
    task = {SETTINGS: {"store": store[driver], "settings": DIFFERENT}}
    answer = ask(ansible, {"task": task}, PYTHONPATH=str(tmp_path))["task"]
    assert answer["error_code"] == "driver_missing"
    assert package.replace("_", "-") in answer["remedy"]
    assert "Traceback" not in str(answer)


def test_a_run_without_change_asks_the_database_once(ansible: Ansible, tmp_path: Path) -> None:
    """The statements as SQLite itself traces them, in Ansible's own process: nothing of ours is in between."""
    (tmp_path / "sitecustomize.py").write_text(TRACE)
    path = Desk(tmp_path / "desk").instance()
    task = settings(path, {**OFFICE365, "smtp_password": PASSWORD})
    answer = ask(ansible, {"task": task}, PYTHONPATH=str(tmp_path), STATEMENTS=str(tmp_path / "statements"))["task"]
    assert (answer["status"], answer["changed"]) == ("ok", False)
    (statement,) = (tmp_path / "statements").read_text().splitlines()
    assert statement.startswith("SELECT")


def test_an_edit_between_reading_and_writing_is_not_overwritten(ansible: Ansible, tmp_path: Path) -> None:
    """Somebody's edit comes when the transaction is about to begin: what was read and judged is no longer true."""
    (tmp_path / "sitecustomize.py").write_text(TRACE)
    path = Desk(tmp_path / "desk").instance()
    edit = "UPDATE programOption SET optionValue = 'edit' WHERE optionName = 'SMTP User'"
    shim = {"PYTHONPATH": str(tmp_path), "STATEMENTS": str(tmp_path / "statements")}
    task = settings(path, {"smtp_password": NEW, "smtp_user": "other@example.com"})
    answer = ask(ansible, {"task": task}, **shim, BEGIN=json.dumps([str(path), edit]))["task"]
    assert (answer["error_code"], answer["options"]) == ("concurrent_change", ["smtp_user"])
    assert database.read(path)["SMTP User"] == "edit"
    assert database.read(path)["SMTP Password"] == PASSWORD
    assert journal(path) == []


#: Python imports a module of the name sitecustomize when it starts. This one writes down each statement before SQLite
#: carries it out, and has somebody else act before a transaction begins.
TRACE = """
import json, os, sqlite3

connect = sqlite3.connect

def trace(statement):
    with open(os.environ["STATEMENTS"], "a") as file:
        print(statement, file=file)
    if statement.startswith("BEGIN") and "BEGIN" in os.environ:
        path, edit = json.loads(os.environ["BEGIN"])
        with connect(path) as somebody:
            somebody.execute(edit)
        somebody.close()

def traced(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(trace)
    return connection

sqlite3.connect = traced
"""


# --- the run ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> dict[str, BaseException | None]:
    """What became of each scenario."""
    ansible = Ansible(tmp_path_factory.mktemp("scenarios"), collections_path)
    secrets = _vault(ansible)
    return play(ansible, SCENARIOS, *secrets, ANSIBLE_PIPELINING="True", WORK=str(ansible.work))


@pytest.mark.parametrize("name", [each.__name__ for each in SCENARIOS])
def test_scenario(outcome: dict[str, BaseException | None], name: str) -> None:
    if outcome[name]:
        raise outcome[name]
