# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_mailboxes: it only thinks, on the controller, about what a play has noted."""

from __future__ import annotations

from typing import Any

from ansible_collections.weestimate.mail.plugins.plugin_utils import mailboxes
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk

_SPEC: dict[str, dict[str, Any]] = {
    "instances": {"type": "dict", "required": True},
    "gone": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(FrontDesk):
    """Sorts instances by the mailbox that they send with."""

    SPEC = _SPEC
    _requires_connection = False

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 # as every action
        """As documented with the module."""
        gone = set(arguments["gone"])
        standings = [mailboxes.standing_of(name, told or {}, gone) for name, told in arguments["instances"].items()]
        return {
            "changed": False,
            "mailboxes": mailboxes.sort(standings, gone),
            "mailbox_of": {each.instance: each.mailbox for each in standings if each.mailbox},
        }
