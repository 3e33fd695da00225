# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS over a channel, with the client's own hands on the bytes.

The session runs on memory buffers instead of a wrapped socket: so every wait obeys the one deadline, and what a server
sends instead of TLS can be seen, which is how a wrong mode is told from a broken server.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .breakdown import Breakdown, ConnectionLost, closed
from .certificate import facts
from .channel import Channel, Deadline
from .route import Trust
from .wire import readable

#: ``Trust.minimum_version`` in Python's words.
VERSIONS = {
    "TLSv1": "TLSv1",
    "TLSv1.1": "TLSv1_1",
    "TLSv1.2": "TLSv1_2",
    "TLSv1.3": "TLSv1_3",
}

# How a server's side of TLS begins on the wire: with an alert, or a record of the handshake (RFC 8446, 5.1).
_RECORDS = (0x15, 0x16)

# OpenSSL's results of verifying a certificate (x509_vfy.h); all others mean that it is not trusted.
_CERTIFICATE_CAUSES = {
    9: "certificate_expired",  # not yet valid
    10: "certificate_expired",
    62: "certificate_hostname_mismatch",
    64: "certificate_hostname_mismatch",  # an IP address
    66: "tls_version_or_cipher",  # the server's key is too small
    67: "tls_version_or_cipher",  # the authority's key is too small
    68: "tls_version_or_cipher",  # the authority's signature is too weak
}

# OpenSSL's reasons that mean: no version, cipher or key that both sides accept.
_NOTHING_IN_COMMON = {
    "BAD_ECPOINT",
    "CA_KEY_TOO_SMALL",
    "CA_MD_TOO_WEAK",
    "DH_KEY_TOO_SMALL",
    "EE_KEY_TOO_SMALL",
    "NO_CIPHERS_AVAILABLE",
    "NO_PROTOCOLS_AVAILABLE",
    "NO_SHARED_CIPHER",
    "NO_SUITABLE_GROUPS",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNKNOWN_PROTOCOL",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
    "UNSUPPORTED_PROTOCOL",
    "VERSION_TOO_LOW",
    "WRONG_CIPHER_RETURNED",
    "WRONG_SIGNATURE_TYPE",
    "WRONG_SSL_VERSION",
}

_Result = TypeVar("_Result")


def context(trust: Trust) -> ssl.SSLContext:
    """What *trust* means to OpenSSL.

    It is not `ssl.create_default_context`, whose strictness about the form of certificates differs between the versions
    of Python: the same server would pass on one controller and fail on the next.

    :raises Breakdown: a part of *trust* cannot be used.
    """
    if trust.minimum_version not in VERSIONS:
        raise Breakdown(f"There is no version of TLS called {trust.minimum_version!r}.")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old versions are used where somebody asks for them
        made.minimum_version = ssl.TLSVersion[VERSIONS[trust.minimum_version]]
    if trust.minimum_version in ("TLSv1", "TLSv1.1"):
        made.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 allows their signatures on no higher level
    if not trust.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif trust.ca_file:
        _load(made, trust.ca_file)
    else:
        made.load_default_certs()
    return made


def _load(made: ssl.SSLContext, ca_file: str) -> None:
    try:
        made.load_verify_locations(ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Breakdown(f"The file of trusted certificates {ca_file} cannot be used: {error}") from None


class NotEncrypted(ConnectionLost):
    """The server speaks, but not TLS."""


class EncryptedChannel:
    """TLS on top of a channel, which it takes over. ``server_name`` is what the certificate must be valid for."""

    encrypted = True

    def __init__(self, below: Channel, made: ssl.SSLContext, server_name: str) -> None:
        self._below = below
        self._recognised = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._session = made.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name.rstrip("."))
        except ValueError as error:  # also UnicodeError: a name that no certificate can hold
            raise Breakdown(f"No certificate can be valid for {server_name}: {error}") from None

    @property
    def own_address(self) -> tuple[int, str]:
        """Address family and IP address of this end."""
        return self._below.own_address

    def handshake(self, deadline: Deadline) -> None:
        """Establish the session.

        :raises NotEncrypted: the server answers with something else than TLS.
        :raises ConnectionLost: the server has gone, the deadline has passed, or the two sides do not agree.
        """
        self._run(self._session.do_handshake, deadline)

    def describe(self) -> dict[str, Any]:
        """Protocol, cipher, and the facts of the server's certificate."""
        cipher = self._session.cipher()
        return {
            "protocol": self._session.version(),
            "cipher": cipher[0] if cipher else None,
            **facts(self._session.getpeercert(binary_form=True)),
        }

    def send(self, data: bytes, deadline: Deadline) -> None:
        """As `Channel.send`."""
        self._run(lambda: self._session.write(data), deadline)

    def receive(self, deadline: Deadline) -> bytes:
        """As `Channel.receive`; at most one record of TLS, which is 16 KiB."""
        data = self._run(lambda: self._session.read(16 * 1024), deadline)
        if not data:
            raise closed()
        return data

    def close(self) -> None:
        """Say goodbye without waiting for an answer, and let go of the socket."""
        with suppress(ssl.SSLError):
            self._session.unwrap()
        with suppress(Breakdown):
            self._flush(Deadline(0.1))
        self._below.close()

    def _run(self, operation: Callable[[], _Result], deadline: Deadline) -> _Result:
        """Do *operation*, fetching and sending bytes until OpenSSL is done with it."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:  # noqa: PERF203 - it is how OpenSSL asks for bytes
                self._flush(deadline)
                self._fetch(deadline)
            except ssl.SSLZeroReturnError:
                raise closed() from None
            except ssl.SSLError as error:
                with suppress(Breakdown):
                    self._flush(deadline.capped(0.1))  # the alert, so that the server's log tells why
                raise _judged(error) from None
            else:
                self._flush(deadline)
                return result

    def _fetch(self, deadline: Deadline) -> None:
        data = self._below.receive(deadline)
        if not self._recognised and data[0] not in _RECORDS:
            raise NotEncrypted(f'The server does not speak TLS here; it said "{readable(data).strip()}".')
        self._recognised = True
        self._incoming.write(data)

    def _flush(self, deadline: Deadline) -> None:
        data = self._outgoing.read()
        if data:
            self._below.send(data, deadline)


def _judged(error: ssl.SSLError) -> ConnectionLost:
    """What an exception of OpenSSL's says."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectionLost(str(error), _CERTIFICATE_CAUSES.get(error.verify_code, "certificate_untrusted"))
    reason = error.reason or ""
    if reason in _NOTHING_IN_COMMON:
        return ConnectionLost(str(error), "tls_version_or_cipher")
    # An alert is the server's complaint, and what it means is for the diagnosis; the rest is what OpenSSL cannot read.
    return ConnectionLost(str(error), None if "ALERT" in reason else "protocol_error")
