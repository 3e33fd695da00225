# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances that store the password encoded: changes, hand edits, restores and tests, as with a plain one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from programoption import STORED, Database

from ansible_collections.weestimate.mail.plugins.module_utils.converge import Instance
from ansible_collections.weestimate.mail.plugins.module_utils.encoder import Encoding
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout

DECODE = ("sh", "-c", "sed 's/.*://' | base64 -d")
COMMAND = Encoding("command", ("base64", "-w0"), DECODE)
#: A salt before it, so that no two are the same.
OPAQUE = Encoding("opaque", ("sh", "-c", "echo $(head -c 9 /dev/urandom | base64):$(base64 -w0)"), DECODE)
FAILING = Encoding("command", ("false",))

PASSWORD, OTHER = "the c4nary", "another c4nary"


@pytest.fixture(params=[COMMAND, OPAQUE], ids=lambda encoding: encoding.kind)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An instance that holds `PASSWORD`, recorded by the journal."""
    made = made_with(request.param, tmp_path)
    made.converge({"smtp_password": PASSWORD})
    return made


def made_with(encoding: Encoding, tmp_path: Path) -> Database:
    stored = {**STORED, "smtp_password": f"salt:{encoded(OTHER)}"}
    return Database.create(tmp_path / "instance.db", stored, Layout(password=encoding))


def encoded(password: str) -> str:
    return base64.b64encode(password.encode()).decode()


def held(database: Database) -> str:
    return base64.b64decode(database.stored("smtp_password").rpartition(":")[2]).decode()


def spoken(database: Database, desired: dict[str, Any]) -> str:
    """The password that a mail server would get."""
    with database.opened() as instance:
        return instance.spoken(planned(instance, desired))["smtp_password"]


def planned(instance: Instance, desired: dict[str, Any]) -> Any:
    return instance.plan(desired, update_password="always", create_missing=False)


def test_what_is_stored_is_what_the_program_makes_of_it(database: Database) -> None:
    assert database.stored("smtp_password") != PASSWORD
    assert held(database) == PASSWORD


def test_the_same_password_once_more_changes_nothing(database: Database) -> None:
    before = database.path.read_bytes()
    told = database.converge({"smtp_password": PASSWORD})
    assert (told["changed"], told["diff"]["after"]["smtp_password"]) == (False, "(unchanged)")
    assert database.path.read_bytes() == before


def test_another_password_is_a_change(database: Database) -> None:
    told = database.converge({"smtp_password": OTHER})
    assert (told["changed_options"], told["settings"]["smtp_password"]) == (["smtp_password"], "(set)")
    assert held(database) == OTHER


def test_other_options_change_without_the_password_being_forgotten(database: Database) -> None:
    """Each entry knows the password, whether it was given with that change or not."""
    database.converge({"smtp_connect_as": "a@example.com"})
    database.converge({"smtp_connect_as": "b@example.com", "smtp_password": PASSWORD})
    assert database.converge({"smtp_password": PASSWORD})["changed"] is False
    assert database.info()["edited_since"] == []


def test_a_hand_edit_shows_and_is_written_over(database: Database) -> None:
    database.edit("smtp_password", f"x:{encoded(OTHER)}")
    assert database.info()["edited_since"] == ["smtp_password"]
    assert database.converge({"smtp_password": PASSWORD})["changed"] is True
    assert held(database) == PASSWORD
    assert database.info()["edited_since"] == []


def test_a_restore_writes_back_what_was_stored(database: Database) -> None:
    before = database.stored("smtp_password")
    database.converge({"smtp_password": OTHER})
    database.converge(state="restored")
    assert database.stored("smtp_password") == before
    # And the journal still knows which password that is.
    assert database.converge({"smtp_password": PASSWORD})["changed"] is False


def test_a_restore_encodes_a_former_password_that_is_given(database: Database) -> None:
    database.converge({"smtp_password": OTHER})
    database.converge(state="confirmed")
    database.converge({"smtp_password": PASSWORD}, state="restored")
    assert held(database) == PASSWORD


def test_a_blank_password_is_a_blank_cell(database: Database) -> None:
    database.converge({"smtp_password": "", "smtp_user": ""})
    assert database.stored("smtp_password") == ""
    assert database.converge({"smtp_password": ""})["changed"] is False
    assert database.info()["settings"]["smtp_password"] == "(blank)"
    assert database.info()["edited_since"] == []


def test_policies_see_whether_there_is_a_password(database: Database) -> None:
    for policy in ("never", "on_create"):
        assert database.converge({"smtp_password": OTHER}, update_password=policy)["changed"] is False
    database.edit("smtp_password", "")
    assert database.converge({"smtp_password": OTHER}, update_password="on_create")["changed"] is True


def test_the_stored_password_is_not_sent_elsewhere_and_a_given_one_is(database: Database) -> None:
    moved = {"smtp_address": "mail.example.com"}
    with pytest.raises(MailSettingsError) as caught:
        database.converge(moved)
    assert caught.value.code == "redirect_without_password"
    assert database.converge({**moved, "smtp_password": PASSWORD})["changed_options"] == ["smtp_address"]


def test_a_mail_server_gets_the_password_itself(database: Database) -> None:
    assert spoken(database, {}) == PASSWORD
    assert spoken(database, {"smtp_password": OTHER}) == OTHER
    assert spoken(database, {"smtp_password": PASSWORD}) == PASSWORD


@pytest.mark.parametrize("kind", ["command", "opaque"])
def test_without_a_decoder_only_a_given_password_can_be_tried(tmp_path: Path, kind: str) -> None:
    database = made_with(Encoding(kind, OPAQUE.encode if kind == "opaque" else COMMAND.encode), tmp_path)
    assert spoken(database, {"smtp_password": PASSWORD}) == PASSWORD
    with pytest.raises(MailSettingsError) as caught:
        spoken(database, {})
    assert caught.value.code == "password_unreadable"


def test_what_the_journal_keeps_tells_no_password(database: Database) -> None:
    database.converge({"smtp_password": OTHER})
    database.converge(state="confirmed")
    kept = str(database.journal())
    for secret in (PASSWORD, OTHER, encoded(PASSWORD), encoded(OTHER)):
        assert secret not in kept


def test_an_opaque_password_that_nobody_recorded_is_written(tmp_path: Path) -> None:
    """What cannot be compared is not taken for the same."""
    database = made_with(OPAQUE, tmp_path)
    assert database.converge({"smtp_password": OTHER})["changed"] is True
    assert database.converge({"smtp_password": OTHER})["changed"] is False


def test_an_opaque_password_needs_the_journal(tmp_path: Path) -> None:
    database = made_with(OPAQUE, tmp_path)
    without: dict[str, Any] = {"journal": {"enabled": False}}
    with pytest.raises(MailSettingsError) as caught:
        database.converge({"smtp_password": OTHER}, **without)
    assert caught.value.code == "journal_unavailable"
    kept = database.converge({"send_smtp_to_self": True, "smtp_password": OTHER}, update_password="never", **without)
    assert kept["changed_options"] == ["send_smtp_to_self"]


def test_a_program_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    database = made_with(FAILING, tmp_path)
    before = database.path.read_bytes()
    with pytest.raises(MailSettingsError) as caught:
        database.converge({"smtp_password": OTHER, "send_smtp_to_self": True})
    assert caught.value.code == "encoder_failed"
    assert database.path.read_bytes() == before
    # Whoever changes something else does not need it.
    assert database.converge({"send_smtp_to_self": True})["changed"] is True


def test_a_layout_states_how_it_writes_a_password_unless_that_is_plain() -> None:
    stated = Layout(password=OPAQUE).as_arguments()
    assert Layout.from_arguments(stated).password == OPAQUE
    assert "password" not in Layout().as_arguments()


def test_a_plain_password_asks_the_database_nothing_more(tmp_path: Path) -> None:
    database = Database.create(tmp_path / "plain.db")
    asked: list[str] = []
    with database.opened() as instance:
        instance.store.connection.set_trace_callback(asked.append)
        planned(instance, {"smtp_password": STORED["smtp_password"]})
    assert len(asked) == 1
