# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A password's fingerprint: enough to tell whether it is the same, not enough to learn it.

scrypt (RFC 7914) with a salt per entry; 16 MiB and some 50 ms per guess.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from .errors import MailSettingsError

_COST, _BLOCK_SIZE, _PARALLEL = 2**14, 8, 1
_SALT_BYTES = 16

#: Between the fingerprint of a password and that of what is stored for it, where the two differ.
_BOUND_TO = "|"


def fingerprint(password: str) -> str:
    """A new fingerprint, with its parameters and salt in the text. Raises ``journal_unavailable``."""
    _require_scrypt()
    salt = os.urandom(_SALT_BYTES)
    hashed = _hash(password, salt, _COST, _BLOCK_SIZE, _PARALLEL)
    return f"scrypt:{_COST}:{_BLOCK_SIZE}:{_PARALLEL}:{_text(salt)}:{_text(hashed)}"


def bound(of_password: str, of_stored: str) -> str:
    """The fingerprint of a password, bound to that of what is stored for it; the former may be blank, as not known."""
    return f"{of_password}{_BOUND_TO}{of_stored}"


def of_password(known: str | None) -> str:
    """The fingerprint of the password in a bound one; blank where there is none."""
    return (known or "").rpartition(_BOUND_TO)[0]


def matches(stored: str, known: str | None) -> bool:
    """Whether ``known`` is a fingerprint of this text, or bound to one; False for what is no fingerprint of ours.

    The text is what is stored, which is the password itself unless the layout says otherwise. Raises
    ``journal_unavailable``.
    """
    _require_scrypt()
    try:
        method, cost, block_size, parallel, salt, expected = (known or "").rpartition(_BOUND_TO)[2].split(":")
        found = _hash(stored, base64.b64decode(salt), int(cost), int(block_size), int(parallel))
        return method == "scrypt" and hmac.compare_digest(found, base64.b64decode(expected))
    except (ValueError, TypeError, OverflowError):
        # Not ours, or parameters that scrypt refuses: it has its own exception for each way to be wrong.
        return False


def _require_scrypt() -> None:
    """A Python or an OpenSSL may come without it, as in FIPS mode; that must not pass for another password."""
    try:
        hashlib.scrypt(b"", salt=b"", n=2, r=1, p=1)
    except (AttributeError, ValueError):
        raise MailSettingsError(
            "journal_unavailable",
            "This Python has no scrypt (FIPS mode has none), so the journal cannot tell passwords apart.",
            "Run where scrypt is allowed, or pass journal=none.",
        ) from None


def _hash(password: str, salt: bytes, cost: int, block_size: int, parallel: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    # OpenSSL's default limit is just below what these parameters need.
    return hashlib.scrypt(secret, salt=salt, n=cost, r=block_size, p=parallel, maxmem=2**26, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
