# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay that is in order, and how to declare another that differs from it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

CANARY = "Zebra-canary-5150"

#: In the place of a value: leave the key out.
ABSENT = object()

EXCHANGE = {
    "host": "smtp.office365.com",
    "port": 587,
    "auth": {
        "kind": "oauth_client_credentials",
        "tenant": "contoso.onmicrosoft.com",
        "client_id": "11111111-2222-3333-4444-555555555555",
        "client_secret": CANARY,
        "expires": "2027-11-30",
    },
    "identity": "sender",
    "mailbox": "notifications@contoso.com",
}

#: Approval mail goes to Exchange Online as the sender, one department by a server with a password, the rest outside.
BRIDGE = {
    "hostname": "relay.contoso.com",
    "clients": ["192.0.2.0/24", "2001:db8::/64"],
    "login": {"user": "weestimate", "password": CANARY},
    "tls": {"certificate": "/etc/ssl/relay.pem", "key": "/etc/ssl/relay.key"},
    "upstreams": {
        "exchange": EXCHANGE,
        "quotes": {
            "host": "mail.contoso.net",
            "port": 465,
            "tls": {"mode": "implicit", "ca_file": "/etc/ssl/own-ca.pem"},
            "auth": {"kind": "password", "user": "quotes@contoso.com", "password": CANARY},
        },
        "outside": {"host": "smtp.contoso.net", "port": 25, "limits": {"connections": 7, "messages_per_minute": 40}},
    },
    "routes": [
        {"recipient_domains": ["contoso.com", "contoso.co.uk"], "upstream": "exchange"},
        {"senders": ["quotes@contoso.com", "@contoso.co.uk"], "upstream": "quotes"},
        {"default": True, "upstream": "outside"},
    ],
    "sender_policy": {"domains": ["contoso.com", "contoso.co.uk"]},
    "test": [
        {"from": "dana@contoso.com", "to": "pat@contoso.com"},
        {
            "from": "quotes@contoso.com",
            "to": "check@example.com",
            "confirm": {"imap": {"host": "imap.example.com", "user": "check", "password": CANARY}},
        },
        {"from": "dana@contoso.com", "to": "check@example.com"},
    ],
}


def changed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the bridge with other values under dotted paths, such as ``routes.0.upstream``."""
    other = copy.deepcopy(BRIDGE)
    for path, value in changes.items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        node = other
        for step in steps:
            node = node[step]
        if value is ABSENT:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(copy.deepcopy(value))
        else:
            node[last] = copy.deepcopy(value)
    return other
