# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of relay_delivery: have a mail followed on the relay, and say what keeps it."""

from __future__ import annotations

from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_DELIVERY
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import failure


class ActionModule(FrontDesk):
    """Tells what became of a mail that the relay has taken."""

    SPEC = RELAY_DELIVERY

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        answer = self.hand_over("relay_delivery", arguments, task_vars)
        if answer.get("failed"):
            return dict(answer)
        return {**answer, "diagnosis": failure.of_delivery(answer, arguments["upstream"])}
