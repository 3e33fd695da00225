# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_settings_info as playbooks use it: what it reads, what it finds out, and that it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from desk import INFO, OFFICE365, PASSWORD, PLACES, Desk, Scenario, info, play, settings
from harness import Ansible
from weestimate import database

SCENARIOS: list[Callable[[Desk], Scenario]] = []


def scenario(function: Callable[[Desk], Scenario]) -> Callable[[Desk], Scenario]:
    """Have a scenario played, and its outcome told by `test_scenario`."""
    SCENARIOS.append(function)
    return function


@scenario
def it_tells_what_is_stored_and_what_is_in_force(desk: Desk) -> Scenario:
    path = desk.instance(script="DELETE FROM programOption WHERE optionName = 'Use SMTP Email'")
    before = path.read_bytes()
    answers = yield {place: {**info(path, run_on=place), "check_mode": place == "target"} for place in PLACES}
    assert path.read_bytes() == before
    for place in PLACES:
        answer = answers[place]
        assert answer["changed"] is False
        assert answer["settings"] == {
            **OFFICE365,
            "smtp_password": "(set)",
            "send_smtp_to_self": False,
            "include_mpoc_recipient": True,
        }
        assert answer["missing_options"] == ["use_smtp_email"]
        assert (answer["last_change"], answer["edited_since"]) == (None, [])
        assert answer["layout"]["table"] == {"name": "programOption"}
        assert answer["layout"]["keys"]["smtp_password"] == "SMTP Password"
        assert "discovery" not in answer


@scenario
def it_tells_who_changed_what_and_what_was_edited_since(desk: Desk) -> Scenario:
    path = desk.instance()
    change = settings(path, {"smtp_password": "new"}, changed_by="ops", run="4711", profile="office365")
    answer = (yield {"change": change, "info": info(path)})["info"]
    assert answer["edited_since"] == []
    assert answer["last_change"].pop("changed_at").endswith("+00:00")
    assert answer["last_change"] == {
        "id": 1,
        "changed_by": "ops",
        "run": "4711",
        "profile": "office365",
        "kind": "change",
        "state": "open",
        "changed_options": ["smtp_password"],
    }

    database.write(path, {"SMTP Password": PASSWORD, "SMTP Port": "25"})
    answers = yield {"info": info(path), "without": info(path, journal="none")}
    assert answers["info"]["edited_since"] == ["smtp_password", "smtp_port"]
    assert (answers["without"]["last_change"], answers["without"]["edited_since"]) == (None, [])


@scenario
def what_it_suggests_fits(desk: Desk) -> Scenario:
    """A discovery on a database of another layout, by its answer; then a read with the layout that it suggests."""
    script = """
        CREATE TABLE SystemSettings (Category TEXT, Code TEXT, Setting TEXT);
        INSERT INTO SystemSettings SELECT optionGroup, replace(optionName, ' ', '_'), replace(replace(optionValue,
            'TRUE', 'Yes'), 'FALSE', 'No') FROM programOption;
        INSERT INTO SystemSettings VALUES ('SMTP', 'Relay Token', 'hidden');
        DROP TABLE programOption;
    """
    path = desk.instance(script=script)
    answers = yield {place: info(path, discover=True, run_on=place) for place in PLACES}
    for place in PLACES:
        answer = answers[place]
        assert (answer["status"], answer["changed"]) == ("ok", False)
        assert answer["mismatch"]["error_code"] == "table_missing"
        found = answer["discovery"]
        assert (found["tables"], found["table"]) == (["SystemSettings"], "SystemSettings")
        assert found["columns"] == ["Category", "Code", "Setting"]
        rows = {row["key"]: row["value"] for row in found["rows"]}
        assert (rows["SMTP_Password"], rows["Relay Token"], rows["SMTP_Port"]) == ("(set)", "(set)", "587")
        assert PASSWORD not in str(answer)
        assert "hidden" not in str(answer)
        assert yaml.safe_load(found["suggested_layout_yaml"]) == found["suggested_layout"]

    layout = {"layout": "{{ suggested | from_yaml }}"}
    suggested = {"suggested": answers["target"]["discovery"]["suggested_layout_yaml"]}
    answers = yield {
        "info": {**info(path, **layout), "vars": suggested},
        "change": {**settings(path, {"send_smtp_to_self": True}, **layout), "vars": suggested},
    }
    assert answers["info"]["settings"]["smtp_address"] == OFFICE365["smtp_address"]
    assert answers["info"]["settings"]["use_ssl"] is True
    assert answers["change"]["changed_options"] == ["send_smtp_to_self"]


@scenario
def a_layout_that_does_not_match_is_a_failure_unless_it_is_looked_for(desk: Desk) -> Scenario:
    path, empty = desk.instance(), desk.instance("empty", script="DROP TABLE programOption")
    wrong = {"layout": {"columns": {"key": "name"}}}
    answers = yield {
        "read": info(path, **wrong),
        "discover": info(path, discover="yes", **wrong),
        "nothing": info(empty, discover=True),
        "nowhere": info(Path("/nowhere.db"), discover=True),
        "unknown": {INFO: {"store": {"driver": "sqlite", "path": "x"}, "discovery": True}},
    }
    assert answers["read"]["error_code"] == "column_missing"
    assert answers["discover"]["mismatch"]["error_code"] == "column_missing"
    assert answers["discover"]["discovery"]["suggested_layout"]["columns"]["key"] == "optionName"
    assert answers["nothing"]["discovery"]["suggested_layout"] is None
    assert answers["nowhere"]["error_code"] == "database_missing"
    assert answers["unknown"]["violations"][0]["remedy"] == "Did you mean discover?"


# --- the run -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> dict[str, BaseException | None]:
    """What became of each scenario."""
    ansible = Ansible(tmp_path_factory.mktemp("scenarios"), collections_path)
    return play(ansible, SCENARIOS, ANSIBLE_PIPELINING="True")


@pytest.mark.parametrize("name", [each.__name__ for each in SCENARIOS])
def test_scenario(outcome: dict[str, BaseException | None], name: str) -> None:
    if outcome[name]:
        raise outcome[name]
