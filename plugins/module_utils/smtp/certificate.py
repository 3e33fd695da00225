# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who a certificate belongs to, who issued it, and for how long it is valid.

The standard library shows these facts only of a certificate that it has verified. Whoever looks at one that is not
trusted needs them more, so they are read from its DER encoding (RFC 5280, 4.1; X.690), which OpenSSL has parsed before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from .wire import readable

_NAMES = {
    "550403": "CN",
    "550406": "C",
    "550407": "L",
    "550408": "ST",
    "55040a": "O",
    "55040b": "OU",
    "2a864886f70d010901": "emailAddress",
    "0992268993f22c640119": "DC",
}
_VERSION, _UTC_TIME, _BMP_STRING, _UNIVERSAL_STRING = 0xA0, 0x17, 0x1E, 0x1C
_ENCODINGS = {_BMP_STRING: "utf-16-be", _UNIVERSAL_STRING: "utf-32-be"}


def facts(der: bytes | None) -> dict[str, Any]:
    """``subject`` and ``issuer`` as texts; when it expires, in two ways.

    ``expires_at`` is UTC in ISO 8601, ``expires_in_days`` a whole number, negative when expired. Each is None if there
    is no certificate, or none that can be read.
    """
    try:
        issuer, not_after, subject = _fields(der or b"")
    except (IndexError, ValueError):
        return dict.fromkeys(("subject", "issuer", "expires_at", "expires_in_days"))
    left = not_after - datetime.now(timezone.utc)
    return {"subject": subject, "issuer": issuer, "expires_at": not_after.isoformat(), "expires_in_days": left.days}


def _fields(der: bytes) -> tuple[str, datetime, str]:
    """Issuer, end of validity, and subject."""
    (_certificate, certificate), *_rest = _elements(der)
    (_tbs, tbs), *_rest = _elements(certificate)
    fields = list(_elements(tbs))
    if fields[0][0] == _VERSION:  # absent from version 1
        del fields[0]
    _serial, _algorithm, issuer, validity, subject = (content for _tag, content in fields[:5])
    _not_before, not_after = _elements(validity)
    return _name(issuer), _time(*not_after), _name(subject)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element that *data* consists of."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:  # the long form: so many octets hold the length
            octets = length & 0x7F
            length = int.from_bytes(data[position : position + octets], "big")
            position += octets
        if position + length > len(data):
            raise ValueError("an element is longer than what holds it")
        yield tag, data[position : position + length]
        position += length


def _name(data: bytes) -> str:
    """A distinguished name in the order of its encoding, as "C=…, O=…, CN=…"."""
    parts = []
    for _set, relative in _elements(data):
        for _sequence, attribute in _elements(relative):
            (_oid, oid), (tag, value) = _elements(attribute)
            parts.append(f"{_NAMES.get(oid.hex(), 'OID.' + oid.hex())}={_text(tag, value)}")
    return ", ".join(parts)


def _text(tag: int, value: bytes) -> str:
    return readable(value.decode(_ENCODINGS.get(tag, "utf-8"), "replace").encode("utf-8", "replace"))


def _time(tag: int, value: bytes) -> datetime:
    """UTCTime has years of two digits, from 1950 to 2049; GeneralizedTime has four (RFC 5280, 4.1.2.5)."""
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if text < "50" else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
