# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the relay logs in with at an upstream: read where Postfix reads it, and never told to anybody.

Postfix finds a login by the sender, where it is told to, or else by the next host (smtp_sasl_password_maps in
postconf(5)). Asking its own programs makes sure that it is the login that is in force.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..smtp import certificate
from ..smtp.route import Login
from .asking import ask, output_of

_MAPS = "smtp_sasl_password_maps"
_NOTHING = dict.fromkeys(("expires_at", "problem"))


def login_of(transport: str, keys: Iterable[str]) -> Login | None:
    """The login that a transport of master.cf finds by the first of these keys that its tables know.

    :raises MailSettingsError: ``relay_unwell``, where Postfix does not tell of its configuration.
    """
    tables = _tables(transport)
    for key in keys:
        for table in tables:
            # It prints a secret to a pipe that nobody else reads; the arguments hold none.
            found = ask(["postmap", "-q", key, table]).output.rstrip("\n")
            user, colon, password = found.partition(":")
            if colon:
                return Login(user, password, allow_plaintext=True)
    return None


def end_of(kind: str | None, stated: str | None, file: str | None) -> dict[str, Any]:
    """When a credential of an OAuth application ends.

    ``kind`` is secret or certificate; the end of a secret is ``stated`` by whoever made it, that of a certificate is in
    its ``file``. Returns ``kind``, ``expires_at`` (ISO 8601, None where it is not known) and ``problem``, a clause.
    """
    if kind == "certificate":
        return {"kind": kind, **_NOTHING, **_end_of_certificate(Path(file or ""))}
    return {"kind": kind, **_NOTHING, "expires_at": str(stated) if stated else None}


def _tables(transport: str) -> list[str]:
    """The tables with logins: those of the transport, or else those of main.cf."""
    own = output_of(["postconf", "-hxP", f"{transport}/unix/{_MAPS}"])
    return (own.strip() or output_of(["postconf", "-hx", _MAPS])).replace(",", " ").split()


def _end_of_certificate(file: Path) -> dict[str, Any]:
    try:
        der = ssl.PEM_cert_to_DER_cert(_first_certificate(file.read_text("ascii", "replace")))
    except OSError as error:
        return {"problem": f"{file} cannot be read ({error.strerror})"}
    except ValueError:
        return {"problem": f"{file} holds no certificate in PEM"}
    expires_at = certificate.facts(der)["expires_at"]
    return {
        "expires_at": expires_at,
        "problem": None if expires_at else f"{file} holds no certificate that can be read",
    }


def _first_certificate(text: str) -> str:
    """The certificate that a file begins with, whatever stands around it; the others are those of its issuers."""
    begin = text.index(ssl.PEM_HEADER)
    return text[begin : text.index(ssl.PEM_FOOTER, begin) + len(ssl.PEM_FOOTER)]
