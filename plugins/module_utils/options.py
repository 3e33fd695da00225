# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue: each SMTP option of WeEstimate, once.

Sources: the vendor's articles "SMTP settings" (6.10 and higher) and "WeEstimate Email Settings". Argument specs, the
default layout, the schema's properties and the documentation are derived from this table or proven equal to it.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Option(NamedTuple):
    """One program option.

    ``name`` is the canonical name used in tasks, profiles, results and the journal; ``label`` is what WeEstimate
    shows; ``type`` is ``bool``, ``int`` or ``str``; a ``secret`` is never shown; ``credential_target`` marks the
    options that decide where a password is sent.
    """

    name: str
    label: str
    type: str
    secret: bool = False
    credential_target: bool = False

    @property
    def blank(self) -> str | None:
        """What an SQL NULL or an empty string reads as: blank text, or nothing for a number and a switch."""
        return "" if self.type == "str" else None


OPTIONS = (
    Option("smtp_mail_enabled", "SMTP Mail Enabled", "bool"),
    Option("smtp_address", "SMTP Address", "str", credential_target=True),
    Option("smtp_port", "SMTP Port", "int", credential_target=True),
    Option("use_ssl", "Use SSL", "bool", credential_target=True),
    Option("smtp_user", "SMTP User", "str", credential_target=True),
    Option("smtp_password", "SMTP Password", "str", secret=True),
    Option("enable_smtp_send_as", "Enable SMTP Send As", "bool"),
    Option("smtp_connect_as", "SMTP Connect As", "str"),
    Option("send_smtp_to_self", "Send SMTP to Self", "bool"),
    Option("use_smtp_email", "Use SMTP Email", "bool"),
    Option("include_mpoc_recipient", "Include MPOC as a Recipient When Sending a QP", "bool"),
)

BY_NAME = {option.name: option for option in OPTIONS}
PASSWORD = BY_NAME["smtp_password"]


def argument_spec() -> dict[str, dict[str, Any]]:
    """The options as suboptions of an Ansible module's ``settings``."""
    return {option.name: {"type": option.type, "no_log": option.secret} for option in OPTIONS}
