# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_doctor: gather what can be known about an instance's mail, and judge it point by point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import (
    SMTP_DOCTOR,
    SMTP_SETTINGS_INFO,
    SMTP_TEST,
)
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils import checklist, verdict
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk

#: What can be asked here or on the target: the module's name, its arguments' names, and the work behind it.
_INFO = ("smtp_settings_info", SMTP_SETTINGS_INFO, commands.smtp_settings_info)
_TEST = ("smtp_test", SMTP_TEST, lambda arguments: commands.smtp_test(arguments, check_mode=False))


class ActionModule(FrontDesk):
    """Runs the vendor's troubleshooting checklist against one instance. It sends nothing and changes nothing."""

    SPEC = SMTP_DOCTOR

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        asked = "envelope" if arguments["to"] and arguments["acting_user"] else "auth"
        held = self._ask(*_INFO, arguments, task_vars)
        if held.get("failed"):
            return dict(held)
        # What is switched off can be examined too: whether it is on is a point of its own.
        wanted = {**arguments, "kind": "approval", "settings": {"smtp_mail_enabled": True}, "stop_after": asked}
        trial = self._ask(*_TEST, wanted, task_vars)
        untried = bool(trial.get("failed"))
        evidence = checklist.Evidence(
            held=held,
            trial=None if untried else verdict.result_of(trial),
            asked=asked,
            ran_on=arguments["run_on"],
            now=checklist.now(),
            trouble=trial if untried else {},
            approval_server=arguments["approval_server"] or {},
            certificate_days=arguments["certificate_days"],
            password_days=arguments["password_days"],
        )
        findings = checklist.examine(evidence)
        return {
            "changed": False,
            "ok": not any(finding.status == checklist.FAILED for finding in findings),
            "findings": checklist.as_results(findings),
            "table": checklist.as_table(findings),
        }

    def _ask(
        self,
        module: str,
        spec: Mapping[str, Any],
        work: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        arguments: Mapping[str, Any],
        task_vars: dict[str, Any],
    ) -> Mapping[str, Any]:
        """The result of a module of ours, failed or not, from where the instance is to be asked."""
        own = {name: value for name, value in arguments.items() if name in spec}
        if arguments["run_on"] == "target":
            answer = self.hand_over(module, own, task_vars)
            return answer if answer.get("failed") else verdict.received(answer)
        try:
            return work(own)
        except MailSettingsError as error:
            return error.result()
