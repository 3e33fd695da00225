# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of relay_config: validate, and hand over to the relay so that no content shows on the way."""

from __future__ import annotations

from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_CONFIG
from ansible_collections.weestimate.mail.plugins.module_utils.relay.sealing import seal
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import switching


class ActionModule(FrontDesk):
    """Brings a set of files into force on the relay, as one."""

    SPEC = RELAY_CONFIG

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        broken = list(switching.violations(arguments, schema.plain(self._task.args)))
        if broken:
            raise schema.schema_invalid(broken, "The arguments")
        sealed = [{**file, "content": seal(file["content"])} for file in arguments["files"]]
        return self.hand_over("relay_config", {**arguments, "files": sealed}, task_vars)
