# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_doctor: gather what can be known about an instance's mail, and judge it point by point."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import (
    SMTP_DOCTOR,
    SMTP_SETTINGS_INFO,
    SMTP_TEST,
)
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import unseal
from ansible_collections.weestimate.mail.plugins.plugin_utils import checklist, verdict
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk


class ActionModule(FrontDesk):
    """Runs the vendor's troubleshooting checklist against one instance. It sends nothing and changes nothing."""

    SPEC = SMTP_DOCTOR

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        held = self._held(arguments, task_vars)
        if held.get("failed"):
            return dict(held)
        asked = _as_far_as(arguments, held["settings"])
        trial = self._trial(arguments, asked, task_vars)
        if trial.get("failed") and not _of_settings(trial):
            return dict(trial)
        spoken = None if trial.get("failed") else verdict.result_of(trial)
        findings = checklist.examine(
            checklist.Evidence(
                held=held,
                trial=spoken,
                near=self._near(arguments, held["settings"]) if spoken and _is_elsewhere(arguments) else spoken,
                asked=asked,
                now=checklist.now(),
                trouble=trial if spoken is None else {},
                approval_server=arguments["approval_server"] or {},
                certificate_days=arguments["certificate_days"],
                password_days=arguments["password_days"],
            )
        )
        return {
            "changed": False,
            "ok": not any(finding.status == checklist.FAILED for finding in findings),
            "findings": checklist.as_results(findings),
            "table": checklist.as_table(findings),
        }

    def _held(self, arguments: Mapping[str, Any], task_vars: dict[str, Any]) -> Mapping[str, Any]:
        own = {name: value for name, value in arguments.items() if name in SMTP_SETTINGS_INFO}
        if not _is_elsewhere(arguments):
            return commands.smtp_settings_info(own)
        answer = self.hand_over("smtp_settings_info", own, task_vars)
        # ansible-core 2.16 marks the texts of an answer as unsafe, which rules trip over.
        return answer if answer.get("failed") else json.loads(json.dumps(answer))

    def _trial(self, arguments: Mapping[str, Any], asked: str, task_vars: dict[str, Any]) -> Mapping[str, Any]:
        """The trial of what is stored, failed where it cannot begin."""
        # What is switched off can be examined too: whether it is on is a point of its own.
        wanted = {**arguments, "kind": "approval", "settings": {"smtp_mail_enabled": True}, "stop_after": asked}
        own = {name: value for name, value in wanted.items() if name in SMTP_TEST}
        if _is_elsewhere(arguments):
            answer = self.hand_over("smtp_test", own, task_vars)
            return answer if answer.get("failed") else unseal(answer["trial"])
        try:
            return commands.smtp_test(own, check_mode=False)
        except MailSettingsError as error:
            return error.result()

    def _near(self, arguments: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        """A connection from the controller, where the trial was made from the target."""
        place = {name: settings.get(name) for name in ("smtp_address", "smtp_port", "use_ssl")}
        wanted = {**arguments, "kind": "approval", "settings": place, "stop_after": "connect", "store": None}
        return verdict.result_of(commands.smtp_test(wanted, check_mode=False))


def _is_elsewhere(arguments: Mapping[str, Any]) -> bool:
    return arguments["run_on"] == "target"


def _as_far_as(arguments: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Up to the envelope, if it is known from whom and to whom."""
    sender = arguments["acting_user"] or settings.get("enable_smtp_send_as")
    return "envelope" if arguments["to"] and sender else "auth"


def _of_settings(failure: Mapping[str, Any]) -> bool:
    """Whether it is the stored settings that keep a trial from beginning."""
    return [broken["path"] for broken in failure.get("violations", ())] == ["settings"]
