# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The front desk of what writes settings: the controller judges what would result, and by default also acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.converge import resulting
from ansible_collections.weestimate.mail.plugins.module_utils.options import PASSWORD
from ansible_collections.weestimate.mail.plugins.module_utils.redaction import BLANK
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema, verdict
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk, author


class Converging(FrontDesk):
    """An action that brings the SMTP settings of one WeEstimate instance to a state."""

    #: The module that does the same on the target.
    MODULE: str
    #: The function behind both.
    COMMAND: Callable[..., dict[str, Any]]
    #: The state in which settings are declared, which are then judged.
    DECLARING: str

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """As every action; what a mail server thinks of a candidate is judged here, wherever it was asked."""
        return dict(verdict.explained(super().run(tmp, task_vars)))

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        arguments["changed_by"] = arguments["changed_by"] or author()
        if arguments.pop("run_on") == "target":
            return self._on_target(arguments, task_vars)
        return type(self).COMMAND(
            arguments,
            check_mode=self._task.check_mode,
            approve=lambda plan: judge(plan.resulting, plan.changed_options),
        )

    def _on_target(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Ask the target what it holds, judge here what would result, then let the target act.

        Somebody may edit between the two; the target's own transaction still guards every value it writes.
        """
        judged: Mapping[str, Any] = {}
        if arguments["state"] == self.DECLARING:
            reading = {"store": arguments["store"], "layout": arguments["layout"], "journal": {"enabled": False}}
            held = self.hand_over("smtp_settings_info", reading, task_vars)
            if held.get("failed"):
                return held
            # Rules ask whether there is a password, never what it is, so the mask stands in for it.
            if held["settings"].get(PASSWORD.name) == BLANK:
                held["settings"][PASSWORD.name] = ""
            wanted = resulting(held["settings"], arguments["settings"], arguments["update_password"])
            # The target tells only whether there is a password, so whether that changes is not known here.
            changing = [name for name in wanted if held["settings"].get(name) != wanted[name] and name != PASSWORD.name]
            judged = judge(wanted, changing)
        answer = self.hand_over(self.MODULE, arguments, task_vars)
        warnings = [*answer.get("warnings", []), *judged.get("warnings", [])]
        return {**answer, **judged, "warnings": warnings}


def judge(settings: Mapping[str, Any], changing: list[str]) -> Mapping[str, Any]:
    """Refuse settings that break a rule, and say what the vendor advises beyond the rules."""
    document = {name: value for name, value in settings.items() if value is not None}
    schema.require(document, "result", "The settings that would result")
    advice = schema.advice(document, changing)
    return {"advice": [entry.as_dict() for entry in advice], "warnings": [str(entry) for entry in advice]}
