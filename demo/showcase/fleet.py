# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole fleet at a glance: what is not as declared, since when and by whom."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from showcase import ansible, terminal, workspace
from showcase.promise import expect
from showcase.stage import Actor

_SECONDS = 180  # far more than a run takes, so that a busy machine passes too
_DRIFTED = 2  # the exit status of weestimate.mail.drift when something differs, and everything could be examined
_HOW = {"hand_edit": "edited by hand after {}", "older_run": "by a run of {}"}


def show_drift(actors: Sequence[Actor], edited: Actor) -> None:
    """The edit by hand is the only thing in the fleet that is not as declared."""
    terminal.step("The fleet: ask weestimate.mail.drift what is not as declared")
    log = workspace.LOGS / "drift.log"
    before = [actor.stored() for actor in actors]
    run = ansible.playbook("weestimate.mail.drift", log, _SECONDS)
    expect(run.status == _DRIFTED, f"The drift run ended with status {run.status}.", log)
    expect([actor.stored() for actor in actors] == before, "The drift run changed something.", log)
    found = json.loads((workspace.REPORT / "drift.json").read_text(encoding="utf-8"))
    states = {each["instance"]: each["state"] for each in found["instances"]}
    wanted = {actor.name: "drifted" if actor is edited else "in_sync" for actor in actors}
    expect(states == wanted, f"The drift run found {states}.", log)
    head = ("environment", "instance", "state", "last test", "what differs")
    terminal.table(head, [_row(each) for each in found["instances"]])
    terminal.lines([])
    page = workspace.REPORT / "drift.html"
    expect(page.is_file(), "There is no report page.", log)
    terminal.say(
        "For a pipeline: drift.json, drift.xml (JUnit) and drift.md. For people, one page for the whole fleet:"
    )
    terminal.lines([workspace.shown(page)])


def _row(instance: Mapping[str, Any]) -> tuple[str, ...]:
    tests = instance["tests"]
    told = f"{sum(test['ok'] for test in tests)} of {len(tests)} ok" if tests else "-"
    options = "; ".join(_difference(option) for option in instance["options"]) or "-"
    return instance["environment"], instance["instance"], instance["state"].replace("_", " "), told, options


def _difference(option: Mapping[str, Any]) -> str:
    since = (option["since"] or "").replace("T", " ").removesuffix("+00:00")
    how = _HOW.get(option["how"], option["how"]).format(since)
    return f"{option['label']}: {_word(option['actual'])} instead of {_word(option['expected'])}, {how}"


def _word(value: Any) -> str:
    return {True: "on", False: "off", None: "nothing"}.get(value, str(value))
