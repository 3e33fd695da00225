# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of relay_doctor: have the relay looked at, judge it here point by point, and keep what was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_DOCTOR
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import unseal
from ansible_collections.weestimate.mail.plugins.plugin_utils import checklist
from ansible_collections.weestimate.mail.plugins.plugin_utils.environment import environment_of
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import checkup
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import findings, relay

#: What of the arguments the examination itself needs; the rest is judged and written here.
_LOOKING = ("upstreams", "certificate", "login_socket", "timeout")

#: Points that a message names; the table holds them all.
_NAMED = 4


class ActionModule(FrontDesk):
    """Examines a relay: Postfix, its upstreams, and what waits in its queue. It sends nothing and changes nothing."""

    SPEC = RELAY_DOCTOR

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        subject = _subject(arguments, task_vars)
        if arguments["failure"] is not None:
            return self._noted(arguments, relay.failed(subject, arguments["failure"], _now()))
        facts = self._facts(subject, arguments, task_vars)
        if facts.get("failed"):
            return dict(facts)
        limits = _limits(arguments)
        points = checkup.examine(facts, limits)
        told = {
            "findings": checklist.as_results(points),
            "table": checklist.as_table(points),
            "queue": {**facts["queue"], "reasons": checkup.reasons(facts)},
            "upstreams": checkup.upstreams(facts, limits),
        }
        result = {**self._noted(arguments, relay.examined(subject, told, _now())), **told}
        if arguments["fail_when_unwell"] and not result["ok"]:
            raise _unwell(subject, points, result)
        return result

    def _facts(
        self, subject: relay.Subject, arguments: Mapping[str, Any], task_vars: dict[str, Any]
    ) -> Mapping[str, Any]:
        """What was found out on the relay; the failed result of a relay that could not be examined."""
        try:
            answer = self.hand_over("relay_doctor", {name: arguments[name] for name in _LOOKING}, task_vars)
        except AnsibleConnectionFailure as error:
            # No rescue of a playbook hears of a host that cannot be reached.
            self._noted(arguments, relay.failed(subject, {"msg": str(error), "unreachable": True}, _now()))
            raise
        return answer if answer.get("failed") else unseal(answer["facts"])

    def _noted(self, arguments: Mapping[str, Any], finding: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the finding for the report, where one is made; the parts of the result that it decides."""
        if arguments["into"]:
            findings.keep(arguments["into"], finding)
        return {"changed": False, "ok": finding["state"] == relay.WELL, "state": finding["state"]}


def _subject(arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> relay.Subject:
    groups = map(str, task_vars.get("group_names", ()))
    return relay.Subject(str(task_vars["inventory_hostname"]), environment_of(arguments["environment"], groups))


def _limits(arguments: Mapping[str, Any]) -> checkup.Limits:
    names = ("certificate_days", "credential_days", "queue_minutes")
    return checkup.Limits(now=_now(), **{name: arguments[name] for name in names})


def _unwell(subject: relay.Subject, points: list[checklist.Finding], result: Mapping[str, Any]) -> MailSettingsError:
    failed = checkup.failed(points)
    names = [point.point for point in failed[:_NAMED]]
    more = f" and {len(failed) - len(names)} more" if len(failed) > len(names) else ""
    return MailSettingsError(
        "relay_unwell",
        f"The relay {subject.relay} needs attention: {', '.join(names)}{more}. {failed[0].why}",
        failed[0].remedy,
        **{name: value for name, value in result.items() if name != "changed"},
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)
