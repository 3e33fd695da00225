# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_settings_info."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_SETTINGS_INFO
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk


class ActionModule(FrontDesk):
    """Tells what one WeEstimate instance holds."""

    SPEC = SMTP_SETTINGS_INFO

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        if arguments.pop("run_on") == "target":
            result = self.hand_over("smtp_settings_info", arguments, task_vars)
        else:
            result = commands.smtp_settings_info(arguments)
        discovery = result.get("discovery", {})
        if discovery.get("suggested_layout"):
            # What comes from a target is text of Ansible's own kind, which YAML would not write.
            layout = schema.coerce(discovery["suggested_layout"], "layout")
            discovery["suggested_layout_yaml"] = yaml.safe_dump(layout, sort_keys=False, allow_unicode=True)
        return result
