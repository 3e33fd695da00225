# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story: a company with three environments, none of which sends approval mail when the demo begins.

What each instance holds at the beginning is a mistake that the vendor's article describes. Where the environments are
to get to is not written here, but in the inventory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ACTING_USER = "alice@example.com"
APPROVER = "manager@example.com"
CUSTOMER = "buyer@example.net"

MAILBOX = "weestimate@example.com"
MAIL_SERVER = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where mail can go: a listener of the mail server, and a port that nobody listens on."""

    submission: int
    closed: int


def as_found(ports: Ports, password: str) -> Mapping[str, Mapping[str, str | None]]:
    """The options that each instance holds before the first pass; the others have the product's defaults.

    :arg password: the one that MAILBOX has now.
    """
    login = {
        "SMTP Mail Enabled": "TRUE",
        "SMTP Address": MAIL_SERVER,
        "SMTP Port": str(ports.submission),
        "Use SSL": "TRUE",
        "SMTP User": MAILBOX,
        "SMTP Password": password,
        "Enable SMTP Send As": "TRUE",
        "SMTP Connect As": MAILBOX,
    }
    return {
        # Never set up: blank, and most of it NULL.
        "dev-boston": {},
        # A server that is gone, and the login that it asked for.
        "dev-denver": {
            "SMTP Mail Enabled": "TRUE",
            "SMTP Address": MAIL_SERVER,
            "SMTP Port": str(ports.closed),
            "SMTP User": "old",
            "SMTP Password": "old",
        },
        # The mailbox's password was changed, and the instance forgotten.
        "staging-boston": {**login, "SMTP Password": "the password of last spring"},
        # The connection is not encrypted, so the server takes no login.
        "staging-denver": {**login, "Use SSL": "FALSE"},
        # The login was left out.
        "prod-boston": {**login, "SMTP User": None, "SMTP Password": None},
        # Send As is off: mail comes from each user, and the login has no rights on their addresses.
        "prod-denver": {**login, "Enable SMTP Send As": "FALSE", "Send SMTP to Self": "TRUE"},
    }
