# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_drift: have the instance looked at here or there, judge it here, and keep what was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_DRIFT
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import unseal
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.environment import environment_of
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import findings
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.finding import (
    Subject,
    examined,
    failed,
    failed_later,
)

#: What of the arguments the examination itself needs; the rest is judged and written here.
_LOOKING = ("store", "layout", "journal", "settings", "update_password", "create_missing")

#: What an overdue password ends in, if the user says so.
_FAIL = "fail"

#: What of a finding is the result of the task; the rest is for the report.
_TOLD = ("state", "options", "window", "password", "failure")


class ActionModule(FrontDesk):
    """Tells whether one WeEstimate instance holds what is declared for it. It changes nothing."""

    SPEC = SMTP_DRIFT

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        subject = _subject(arguments, task_vars)
        if arguments["failure"] is not None:
            found = _after(findings.known(arguments["into"], subject.instance), subject, arguments["failure"])
        else:
            seen = self._seen(subject, arguments, task_vars)
            if seen.get("failed"):
                return dict(seen)
            found = examined(subject, seen, _now())
        _keep(arguments["into"], found)
        return {"changed": False, **{name: found[name] for name in _TOLD}}

    def _seen(self, subject: Subject, arguments: Mapping[str, Any], task_vars: dict[str, Any]) -> Mapping[str, Any]:
        """What the instance holds, seen from here or from the target; the failed result of a target that could not."""
        if not arguments["store"]:
            missing = schema.Violation("store", "What is required is given", "Set store.", "It is missing.")
            raise schema.schema_invalid([missing], "The arguments")
        looking = {name: arguments[name] for name in _LOOKING}
        if arguments["run_on"] == "controller":
            return commands.smtp_drift(looking)
        try:
            answer = self.hand_over("smtp_drift", looking, task_vars)
        except AnsibleConnectionFailure as error:
            # No rescue of a playbook hears of a host that cannot be reached.
            _keep(arguments["into"], failed(subject, {"msg": str(error), "unreachable": True}, _now()))
            raise
        return answer if answer.get("failed") else unseal(answer["seen"])


def _subject(arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> Subject:
    return Subject(
        instance=arguments["instance"] or str(task_vars["inventory_hostname"]),
        environment=environment_of(arguments["environment"], map(str, task_vars.get("group_names", ()))),
        profile=arguments["profile"] or "",
        tolerated=not arguments["fail_on_drift"],
        password_max_age=arguments["password_max_age"],
        overdue_fails=arguments["password_overdue"] == _FAIL,
    )


def _after(known: Mapping[str, Any] | None, subject: Subject, failure: Mapping[str, Any]) -> dict[str, Any]:
    """The finding after a failure; what was found before it is still true."""
    return failed_later(known, failure) if known else failed(subject, failure, _now())


def _keep(folder: str | None, found: Mapping[str, Any]) -> None:
    if folder:
        findings.keep(folder, found)


def _now() -> datetime:
    return datetime.now(timezone.utc)
