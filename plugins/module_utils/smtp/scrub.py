# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeping credentials out of what is told about a conversation, even if the server repeats them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable

from .wire import readable

MASK = "********"

# What may be a piece of base64 (RFC 4648, both alphabets). Shorter pieces give nothing away, and hit words.
_SHORTEST_RUN = 8
_RUN = re.compile(rf"[A-Za-z0-9+/=_-]{{{_SHORTEST_RUN},}}")


class Scrubber:
    """Masks secrets in texts: as they are, as base64, and as any part of a line in which they were sent."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._sent: list[str] = []
        forms = {form for secret in secrets if secret.strip() for form in _forms(secret)}
        # The longest first, for one secret may hold another.
        self._pattern = "|".join(_pattern(form) for form in sorted(forms, key=len, reverse=True))

    def add_sent(self, encoded: str) -> None:
        """Know a line of base64 that went over the wire and from which a secret can be told."""
        line = encoded.rstrip("=").lower()  # case is not trusted: servers fold it
        if len(line) >= _SHORTEST_RUN:
            self._sent.append(line)

    def clean(self, text: str) -> str:
        """*text* without secrets."""
        text = _RUN.sub(self._masked, text)
        return re.sub(self._pattern, MASK, text, flags=re.IGNORECASE) if self._pattern else text

    def _masked(self, run: re.Match[str]) -> str:
        """A piece of what was sent is masked, and so is a longer one that holds it."""
        piece = run.group().rstrip("=").lower()
        return MASK if any(piece in line or line in piece for line in self._sent) else run.group()


def _forms(secret: str) -> tuple[str, ...]:
    """How a server may repeat a secret: as it is, as base64, and as JSON has it, in which XOAUTH2 explains failures."""
    octets = secret.encode("utf-8", "surrogatepass")  # a half character cannot be sent, and is told of elsewhere
    encoded = (encode(octets).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode))
    return (secret, json.dumps(secret)[1:-1], *encoded)


def _pattern(form: str) -> str:
    """Blanks may have been joined, and what cannot be seen has been removed, in the texts that are searched.

    A short secret counts only where it stands alone: masking each "a" would hide the text and tell the secret.
    """
    pattern = r"\s*".join(re.escape(part) for part in readable(form.encode("utf-8", "surrogatepass")).split())
    return pattern if len(form) > 3 else rf"(?<!\w){pattern}(?!\w)"
