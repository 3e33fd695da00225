# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_settings."""

from __future__ import annotations

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_SETTINGS
from ansible_collections.weestimate.mail.plugins.plugin_utils.converging import Converging


class ActionModule(Converging):
    """Brings the SMTP settings of one WeEstimate instance to the declared state."""

    SPEC = SMTP_SETTINGS
    MODULE = "smtp_settings"
    COMMAND = commands.smtp_settings
    DECLARING = "present"
