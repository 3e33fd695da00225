# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on purpose: how it is told, and that nothing is left broken by it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weestimate import database
from weestimate.message import APPROVAL

from showcase import ansible, company, terminal, workspace
from showcase.promise import expect
from showcase.stage import Actor, each

_SECONDS = 180  # far more than a run takes, so that a busy machine passes too
_INVENTORIES = ("inventory", "../.demo/inventory", "mistakes.yml")  # as somebody in the folder demo would write them


@dataclass(frozen=True)
class Mishap:
    """How a mistake ends.

    :ivar error_code: the code of the failure.
    :ivar cause: of the diagnosis.
    :ivar recycles: how often the approval server is recycled on the way.
    """

    error_code: str
    cause: str
    recycles: int


@dataclass(frozen=True)
class _State:
    """What an instance holds, what its approval server runs with, and the newest entry in its journal."""

    stored: Mapping[str, str | None]
    health: Mapping[str, Any]
    last_change: tuple[int, str, str]

    @classmethod
    def of(cls, actor: Actor) -> _State:
        return cls(actor.stored(), actor.health(), actor.last_change())


_REFUSED, _ROLLED_BACK = "candidate_refused", "rolled_back"
_STATES = {
    _REFUSED: "never changed: refused before it was written",
    _ROLLED_BACK: "changed and rolled back: works as before",
}
_MISHAPS = {
    "staging-boston": Mishap(_REFUSED, "auth_bad_credentials", 0),
    "staging-denver": Mishap(_ROLLED_BACK, "auth_bad_credentials", 2),
    "prod-boston": Mishap(_ROLLED_BACK, "from_header_invalid", 2),
}
"""What becomes of mistakes.yml, by instance."""


def show_mistakes(actors: Sequence[Actor]) -> None:
    """Changes that do not work: refused, or rolled back within the same run, and diagnosed in any case."""
    terminal.step("Mistakes: a wrong password in staging, Send As off in prod (demo/mistakes.yml)")
    log = workspace.LOGS / "mistakes.log"
    before = {actor.name: _State.of(actor) for actor in actors}
    options = [word for inventory in _INVENTORIES for word in ("--inventory", inventory)]
    run = ansible.playbook("weestimate.mail.apply", log, _SECONDS, *options)
    expect(run.status != 0 and set(run.failures) == set(_MISHAPS), "Other instances failed than should.", log)
    _tell_diagnoses(run.failures, log)
    _show_aftermath(actors, before)


def _tell_diagnoses(failures: Mapping[str, Mapping[str, Any]], log: Path) -> None:
    """What the operator reads: where it failed, why, who can mend it and how, and in what state the instance is."""
    rows, diagnoses = [], {}
    for name, mishap in _MISHAPS.items():
        failure = failures[name]
        diagnosis = failure["diagnosis"]
        told = (failure["error_code"], diagnosis["cause"])
        expect(told == (mishap.error_code, mishap.cause), f"{name} failed with {told}.", log)
        diagnoses[mishap.cause] = diagnosis
        rows.append((name, failure["failed_stage"], mishap.cause, diagnosis["owner"], f"{_STATES[mishap.error_code]}."))
    terminal.table(("instance", "stage", "cause", "who can mend it", "the instance now"), rows)
    for cause, diagnosis in diagnoses.items():
        terminal.lines([f"{cause}, seen as: {diagnosis['evidence']}"])
        terminal.points(diagnosis["remedy"])


def _show_aftermath(actors: Sequence[Actor], before: Mapping[str, _State]) -> None:
    """Every instance holds what it held, runs with it, and sends."""
    answers = each(actors, lambda actor: actor.send(APPROVAL, company.APPROVER))
    rows = []
    for actor, answer in zip(actors, answers, strict=True):
        old, new = before[actor.name], _State.of(actor)
        recycles = _MISHAPS[actor.name].recycles if actor.name in _MISHAPS else 0
        generations = (old.health["generation"], new.health["generation"])
        same = new.health["settings"] == old.health["settings"]
        expect(new.stored == old.stored, f"The database of {actor.name} is not as it was.")
        expect(same, f"The approval server of {actor.name} runs with other settings.")
        expect(generations[1] - generations[0] == recycles, f"{actor.name} was not recycled {recycles} times.")
        expect(answer["sent"], f"{actor.name} does not send any more: {answer.get('reason')}")
        number, kind, state = new.last_change
        wanted = ("restore" if recycles else "change", "confirmed")
        expect((kind, state) == wanted, f"The journal of {actor.name} ends with {kind} {number}, {state}.")
        rows.append((actor.name, "{} -> {}".format(*generations), "yes", f"{kind} {number}, {state}"))
    terminal.table(("instance", "generation", "as before, and sends", "last in its journal"), rows)


def show_redirect(actors: Sequence[Actor]) -> None:
    """A change that would send a password where it does not belong."""
    terminal.step("Refused: another mail server, and no password given for it (demo/redirect.yml)")
    log = workspace.LOGS / "redirect.log"
    before = [actor.stored() for actor in actors]
    run = ansible.playbook("redirect.yml", log, _SECONDS)
    expect(run.status != 0 and len(run.failures) == 1, "The redirect was not refused.", log)
    (failure,) = run.failures.values()
    code = failure["error_code"]
    expect(code == "redirect_without_password", f"The redirect was refused as {code}.", log)
    expect([actor.stored() for actor in actors] == before, "The refused redirect changed a database.", log)
    terminal.say(f"{code}: {failure['msg']}")
    terminal.say("The database is as it was.")


def show_edit_by_hand(patient: Actor) -> None:
    """Somebody switches Use SSL off in the program; the doctor tells the help desk."""
    terminal.step(f"Examined: Use SSL of {patient.name} is switched off by hand; ask weestimate.mail.doctor")
    database.write(patient.instance.database, {"Use SSL": "FALSE"})
    log, report = workspace.LOGS / "doctor.log", workspace.HOME / "doctor.json"
    options = ("--limit", patient.name, "--extra-vars", json.dumps({"weestimate_smtp_doctor_report": str(report)}))
    before = patient.stored()
    run = ansible.playbook("weestimate.mail.doctor", log, _SECONDS, *options)
    expect(run.status != 0, "The doctor found nothing.", log)
    expect(patient.stored() == before, "The doctor changed something.", log)
    findings = json.loads(report.read_text(encoding="utf-8"))["findings"]
    sound = [finding["point"] for finding in findings if finding["status"] == "ok"]
    ailing = [finding for finding in findings if finding["status"] != "ok"]
    told = {finding["point"]: finding["status"] for finding in ailing}
    expect(told.get("Edits by hand") == "warning", "The doctor did not find the edit by hand.", log)
    rows = [(finding["point"], finding["status"], f"{finding['why']} {finding['remedy']}") for finding in ailing]
    terminal.table(("point", "status", "why, and what to do"), rows)
    terminal.lines([])
    terminal.say(f"In order: {'; '.join(sound)}.")
    terminal.say("The next weestimate.mail.apply brings it back.")
