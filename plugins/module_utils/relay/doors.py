# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The doors by which instances come in: the certificate that they are shown, and Dovecot, which judges their logins."""

from __future__ import annotations

import socket
from typing import Any

from .credential import end_of

#: Dovecot speaks first, and begins with this word (its authentication protocol 1).
_GREETING = b"VERSION\t"
_PATIENCE = 5


def examine(certificate: str | None, login_socket: str | None) -> dict[str, Any]:
    """What is known of the doors, by the certificate's file, and the socket at which logins are judged.

    Returns ``certificate``, as `end_of` tells it, and whether ``logins`` are judged; each is None where there is none.
    """
    return {
        "certificate": end_of("certificate", None, certificate) if certificate else None,
        "logins": _greets(login_socket) if login_socket else None,
    }


def _greets(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(_PATIENCE)
        try:
            asked.connect(path)
            return asked.recv(len(_GREETING)) == _GREETING
        except OSError:
            return False
