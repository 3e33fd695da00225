# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make OAuth access tokens as an identity provider would, and the key by which Dovecot knows them.

access_tokens.py DIRECTORY USER

Writes into DIRECTORY the tokens "valid" and "expired" for USER (JSON Web Tokens, RFC 7519), and below "keys" the key
that signed them, on the path of Dovecot's choice ("Local validation" in its manual on OAuth2): client, algorithm, and
number of the key.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import sys
import time
from pathlib import Path

_HOUR = 3600


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(user: str, key: bytes, expires: int) -> str:
    """A token for *user* until *expires*, in seconds since the epoch, issued an hour before that."""
    header = {"typ": "JWT", "alg": "HS256"}
    claims = {"sub": user, "iat": expires - _HOUR, "exp": expires}
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_encoded(hmac.digest(key, signed.encode(), 'sha256'))}"


def main(directory: Path, user: str) -> None:
    """Write the files; those with a secret are the owner's alone."""
    key = secrets.token_bytes(32)
    now = int(time.time())
    files = {
        "valid": token(user, key, now + _HOUR),
        "expired": token(user, key, now - 60),
        "keys/default/HS256/default": base64.b64encode(key).decode(),
    }
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(content, encoding="ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
