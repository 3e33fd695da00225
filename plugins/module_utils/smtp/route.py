# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where to go, whom to trust, and how to log in: what a conversation needs to know before it begins."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

#: How the connection is protected: not at all, by STARTTLS (RFC 3207), or from the first byte (RFC 8314).
PLAIN, STARTTLS, IMPLICIT = "plain", "starttls", "implicit"
MODES = (PLAIN, STARTTLS, IMPLICIT)

#: The port on which a session is encrypted from its first byte (RFC 8314, 3.3).
SUBMISSIONS_PORT = 465

_NOT_IN_AN_ADDRESS = re.compile(r"[\s/\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Route:
    """A mail server as the settings name it: host name or IP address, TCP port, and one of `MODES`."""

    address: str
    port: int
    mode: str

    @classmethod
    def of(cls, settings: Mapping[str, Any], implicit_ports: Collection[int] = (SUBMISSIONS_PORT,)) -> Route:
        """What canonical *settings* mean: Use SSL is STARTTLS, except on *implicit_ports*."""
        port = settings.get("smtp_port") or 0
        encrypted = IMPLICIT if port in implicit_ports else STARTTLS
        return cls(settings.get("smtp_address") or "", port, encrypted if settings.get("use_ssl") else PLAIN)

    def fault(self) -> str:
        """What makes it unusable, in a sentence; an empty text when nothing does."""
        if not self.address or _NOT_IN_AN_ADDRESS.search(self.address):
            return f"SMTP Address is not a host name or an IP address: {self.address!r}."
        if not 0 < self.port < 65536:
            return f"SMTP Port is not a TCP port: {self.port}."
        if self.mode not in MODES:
            return f"There is no way of encryption called {self.mode!r}."
        return ""


@dataclass(frozen=True)
class Trust:
    """How much to ask of the server's certificate and of its TLS.

    ``ca_file`` is a file of PEM certificates to trust instead of the system's; ``minimum_version`` is TLSv1, TLSv1.1,
    TLSv1.2 or TLSv1.3.
    """

    verify: bool = True
    ca_file: str | None = None
    minimum_version: str = "TLSv1.2"


@dataclass(frozen=True)
class Login:
    """Who logs in; without a ``user`` nobody does.

    ``mechanism`` is ``auto`` or a SASL mechanism's name. ``allow_plaintext`` lets the credentials travel over a
    connection that is not encrypted.
    """

    user: str
    password: str = field(repr=False)
    oauth_token: str | None = field(default=None, repr=False)
    mechanism: str = "auto"
    allow_plaintext: bool = False
