# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_test: have the trial made here or on the target, judge it, and repeat it where that can help."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_TEST
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import DELIVERED, unseal
from ansible_collections.weestimate.mail.plugins.plugin_utils import verdict
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk, author

_DISPLAY = Display()

#: Seconds; a greylisting server asks for minutes, hardly for more than five.
_LONGEST_DELAY = 300


class ActionModule(FrontDesk):
    """Proves that mail leaves and arrives, or says what is wrong, who can mend it and how."""

    SPEC = SMTP_TEST

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        arguments["changed_by"] = arguments["changed_by"] or author()
        place, delay, left = arguments.pop("run_on"), arguments.pop("retry_delay"), arguments.pop("retries")
        attempts = 0
        while True:
            trial = self._trial(arguments, place, task_vars)
            if trial.get("failed"):
                return dict(trial)
            attempts += 1
            result = {**verdict.result_of(trial), "ran_on": place, "attempts": attempts}
            if result["ok"]:
                return result
            # What was taken and is only late is not sent once more.
            if not left or result["diagnosis"]["permanent"] or result["failed_stage"] == DELIVERED:
                raise verdict.failure_of(trial, result)
            _DISPLAY.vv(f"{result['diagnosis']['summary']} Trying again in {delay} seconds.")
            time.sleep(delay)
            delay, left = min(delay * 2, _LONGEST_DELAY), left - 1

    def _trial(self, arguments: Mapping[str, Any], place: str, task_vars: dict[str, Any]) -> Mapping[str, Any]:
        if place == "controller":
            return commands.smtp_test(arguments, check_mode=self._task.check_mode)
        answer = self.hand_over("smtp_test", arguments, task_vars)
        return answer if answer.get("failed") else unseal(answer["trial"])
