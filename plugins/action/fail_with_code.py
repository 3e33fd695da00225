# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of fail_with_code: a failure of a role in the same shape as a failure of the collection's modules."""

from __future__ import annotations

from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.errors import CODES, MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk

_SPEC: dict[str, dict[str, Any]] = {
    "error_code": {"type": "str", "required": True, "choices": list(CODES)},
    "msg": {"type": "str", "required": True},
    "remedy": {"type": "str", "required": True},
    "details": {"type": "dict", "default": {}},
    "warn_only": {"type": "bool", "default": False},
    "unreachable": {"type": "bool", "default": False},
}


class ActionModule(FrontDesk):
    """Fails the host with one of the collection's error codes, or warns of it."""

    SPEC = _SPEC
    _requires_connection = False

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 # as every action
        """It has no other result than the failure, or what the failure would have been."""
        failure = MailSettingsError(arguments["error_code"], arguments["msg"], arguments["remedy"])
        failure.details.update(arguments["details"])
        told = failure.result()
        if arguments["unreachable"]:
            return {**told, "failed": False, "unreachable": True}
        if not arguments["warn_only"]:
            raise failure
        return {**told, "failed": False, "changed": False, "warnings": [told["msg"]]}
