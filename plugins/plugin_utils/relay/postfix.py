# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Postfix writes destinations, networks and patterns."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable

#: What may stand before the @ of a sender: the characters of RFC 5321, 4.1.2, without the slash, which ends a pattern
#: in Postfix's tables, and without the backtick. A quoted local part is left out: it may hold the colon that divides
#: user and password in Postfix's map.
_LOCAL_PART = r"[A-Za-z0-9.!#$%&'*+=?^_{|}~-]+"

#: What may stand before a <mail address>: words and quoted strings. Comments, and a backslash outside of quotes, are
#: left out, because programs disagree upon what is hidden by them.
_DISPLAY_NAME = r'([^()<>@,;:"\]|"([^"\]|\\.)*")*'


def destination(host: str, port: int) -> str:
    """A nexthop whose MX records are not asked for (postconf(5), relayhost)."""
    return f"[{host}]:{port}"


def network(text: str) -> str:
    """A network or an address as mynetworks wants it: an IPv6 address stands in brackets (postconf(5))."""
    parsed = ipaddress.ip_network(text)
    address = str(parsed.network_address)
    return f"{f'[{address}]' if parsed.version == 6 else address}/{parsed.prefixlen}"


def delay(messages_per_minute: int | None) -> int:
    """The seconds between two deliveries that keep a rate; Postfix knows whole ones only."""
    return math.ceil(60 / messages_per_minute) if messages_per_minute else 0


def sender_pattern(domains: Iterable[str]) -> str:
    """A POSIX regular expression for the senders of some domains; its first group is the whole address."""
    return f"^({_address(domains)})$"


def from_pattern(domains: Iterable[str]) -> str:
    """A POSIX regular expression for a From header that names one address, which is of these domains.

    Whatever stands in quotes, the address in <> counts. A second address, a comment and a group do not match.
    """
    address, blank = _address(domains), "[[:space:]]*"
    return f"^From{blank}:{blank}({address}|{_DISPLAY_NAME}<{address}>){blank}$"


def _address(domains: Iterable[str]) -> str:
    """Any address of the domains; POSIX knows no escaped hyphen, as re.escape would write it."""
    literal = [domain.replace(".", r"\.") for domain in domains]
    return f"{_LOCAL_PART}@({'|'.join(literal)})"
