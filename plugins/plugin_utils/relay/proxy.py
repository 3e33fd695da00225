# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of emailproxy in a plan: it turns the login with a password that Postfix knows into OAuth."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.declared import (
    OF_SENDER,
    STARTTLS,
    auth_of,
    mode_of,
)

HOST = "127.0.0.1"

#: The ports of the proxies.
PORTS = range(10587, 11587)


class _Cloud(NamedTuple):
    login: str
    scope: str


#: Where Microsoft's clouds give tokens, and for what, by the host that takes the mail (learn.microsoft.com: "National
#: clouds", and "Authenticate an IMAP, POP or SMTP connection using OAuth").
_WORLDWIDE = _Cloud("login.microsoftonline.com", "https://outlook.office365.com/.default")
_NATIONAL = {
    "smtp.office365.us": _Cloud("login.microsoftonline.us", "https://outlook.office365.us/.default"),
    "smtp.partner.outlook.cn": _Cloud("login.partner.microsoftonline.cn", "https://partner.outlook.cn/.default"),
}


def port_of(name: str) -> int:
    """The port for the proxy of an upstream, by its name alone.

    A proxy keeps its port when others come and go: mail that waits may have noted it, and is not to meet another.
    """
    return PORTS[zlib.crc32(name.encode()) % len(PORTS)]


def proxy(upstream: Mapping[str, Any], port: int) -> dict[str, Any]:
    """How emailproxy is to be set up for an upstream with OAuth; no secret is in it."""
    auth, cloud = auth_of(upstream), _NATIONAL.get(upstream["host"], _WORLDWIDE)
    return {
        "port": port,
        "host": upstream["host"],
        "server_port": upstream["port"],
        "starttls": mode_of(upstream) == STARTTLS,
        "ca_file": upstream.get("tls", {}).get("ca_file"),
        "token_url": auth.get("token_url") or f"https://{cloud.login}/{auth['tenant']}/oauth2/v2.0/token",
        "client_id": auth["client_id"],
        "scope": auth.get("scope", cloud.scope),
        "credential": "secret" if "client_secret" in auth else "certificate",
        "certificate": auth.get("certificate"),
        "key": auth.get("key"),
        "expires": auth.get("expires"),
        **_accounts(upstream),
    }


def _accounts(upstream: Mapping[str, Any]) -> dict[str, Any]:
    """The sections for accounts.

    emailproxy compares names with case, also domains, and a sender's may be in capitals: so a login as the sender goes
    by the section for all. Who may be a sender is up to Postfix.
    """
    catch_all = upstream.get("identity") == OF_SENDER
    return {"accounts": ["@"] if catch_all else [upstream["mailbox"]], "catch_all": catch_all}
