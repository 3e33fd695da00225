# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_window as playbooks use it, here and on the target.

The functions that yield are scenarios (see ``support/desk.py``); all of them are played in the same few runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk import PASSWORD, PLACES, STORED, Desk, Scenario, info, journal, play, settings, sqlite
from harness import Ansible
from weestimate import database

#: Sends by way of another server and login, from their author.
RELAY = {
    "smtp_address": "relay.example.com",
    "smtp_user": "documents",
    "smtp_password": "the canary of documents",
    "enable_smtp_send_as": False,
}


def window(path: Path, state: str, place: str, **more: Any) -> dict[str, Any]:
    """A task, without its name."""
    return {"weestimate.mail.smtp_window": {"store": sqlite(path), "state": state, "run_on": place, **more}}


def opened(path: Path, place: str, **more: Any) -> dict[str, Any]:
    """A task that opens one."""
    return window(path, "opened", place, **{"settings": RELAY, "reason": "Campaign", "changed_by": "alice", **more})


def it_is_opened_restored_and_closed(desk: Desk) -> Scenario:
    paths = {place: desk.instance(place) for place in PLACES}
    before = {place: path.read_bytes() for place, path in paths.items()}
    predicted = yield {place: {**opened(path, place), "check_mode": True} for place, path in paths.items()}
    assert {place: path.read_bytes() for place, path in paths.items()} == before

    done = yield {place: opened(path, place, profile="relay", run="job 1") for place, path in paths.items()}
    for place in PLACES:
        for answer in (predicted[place], done[place]):
            assert answer["changed"] is answer["recycle_required"] is True
            assert answer["changed_options"] == sorted(RELAY)
            assert answer["settings"]["smtp_password"] == "(set)"
            assert answer["window"]["holder"] == "alice"
        assert done[place]["window"]["document_profile"] == "relay"
        assert database.read(paths[place])["SMTP Password"] == RELAY["smtp_password"]
    looks = yield {place: info(path, run_on=place) for place, path in paths.items()}
    assert {place: look["window"] for place, look in looks.items()} == {
        place: answer["window"] for place, answer in done.items()
    }

    for state, recycle in (("restored", True), ("closed", False)):
        for changes in (True, False):
            answers = yield {place: window(path, state, place) for place, path in paths.items()}
            assert {answer["changed"] for answer in answers.values()} == {changes}
            assert {answer["recycle_required"] for answer in answers.values()} == {recycle}
    for path in paths.values():
        held = database.read(path)
        assert {name: held[name] for name in STORED} == STORED
        assert [entry["previousSecret"] for entry in journal(path)] == [None, None]


def nobody_else_is_let_in(desk: Desk) -> Scenario:
    path = desk.instance()
    yield {"open": opened(path, "controller")}
    before = path.read_bytes()
    places = {f"{place} {name}": (place, name) for place in PLACES for name in ("open", "apply", "restore", "check")}
    tasks = {
        "open": lambda place: opened(path, place, changed_by="bob"),
        "apply": lambda place: settings(path, {"send_smtp_to_self": True}, run_on=place),
        "restore": lambda place: settings(path, state="restored", run_on=place),
        "check": lambda place: {**settings(path, {"send_smtp_to_self": True}, run_on=place), "check_mode": True},
    }
    answers = yield {name: tasks[task](place) for name, (place, task) in places.items()}
    for answer in answers.values():
        assert (answer["status"], answer["error_code"]) == ("ignored", "window_open")
        assert "alice" in answer["msg"]
        assert "Campaign" in answer["msg"]
        assert answer["window"]["phase"] == "open"
    assert path.read_bytes() == before


def what_breaks_a_rule_is_not_opened(desk: Desk) -> Scenario:
    path = desk.instance()
    before = path.read_bytes()
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "no reason": ({"reason": ""}, "schema_invalid"),
        "no time": ({"minutes": 0}, "schema_invalid"),
        "too long": ({"minutes": 1441}, "schema_invalid"),
        "no such option": ({"settings": {"smtp_pasword": RELAY["smtp_password"]}}, "schema_invalid"),
        "a rule of the result": ({"settings": {**RELAY, "smtp_port": 465, "use_ssl": False}}, "schema_invalid"),
        "no password for there": ({"settings": {"smtp_address": "relay.example.com"}}, "redirect_without_password"),
        "no journal": ({"journal": "none"}, "journal_unavailable"),
        "no server": (
            {"settings": {**RELAY, "smtp_address": "127.0.0.1", "smtp_port": 1}, "probe": {}},
            "candidate_refused",
        ),
    }
    places = {f"{name} {place}": (place, case) for name, case in cases.items() for place in PLACES}
    answers = yield {name: opened(path, place, **arguments) for name, (place, (arguments, _code)) in places.items()}
    assert {name: answer.get("error_code") for name, answer in answers.items()} == {
        name: code for name, (_place, (_arguments, code)) in places.items()
    }
    assert path.read_bytes() == before
    assert "canary" not in str(answers)
    assert PASSWORD not in str(answers)


SCENARIOS: list[Callable[[Desk], Scenario]] = [
    it_is_opened_restored_and_closed,
    nobody_else_is_let_in,
    what_breaks_a_rule_is_not_opened,
]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> dict[str, BaseException | None]:
    """What became of each scenario."""
    return play(Ansible(tmp_path_factory.mktemp("scenarios"), collections_path), SCENARIOS, ANSIBLE_PIPELINING="True")


@pytest.mark.parametrize("name", [each.__name__ for each in SCENARIOS])
def test_scenario(outcome: dict[str, BaseException | None], name: str) -> None:
    if outcome[name]:
        raise outcome[name]
