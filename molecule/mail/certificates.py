# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the certificates of the mail server: one as it should be, and some that a client has to refuse.

certificates.py DIRECTORY HOST

Writes ca.pem, the authority to trust, and for each certificate a file with it and its private key. Clients know the
mail server by HOST, an IP address or a name. The authority's own key is written nowhere.
"""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)
_ELSEWHERE = "192.0.2.25"  # for documentation (RFC 5737): no container has it
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    def pem(self) -> bytes:
        """Key and certificate, in the order that Postfix asks for (smtpd_tls_chain_files)."""
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private + self.certificate.public_bytes(serialization.Encoding.PEM)


def issue(common_name: str, issuer: Identity | None = None, host: str | None = None, days_left: int = 7) -> Identity:
    """A new identity, signed by *issuer* or by itself: that of the server *host* (IP address or name), or an authority.

    It is valid for thirty days up to the one that is *days_left* from now, which may be in the past.
    """
    # RSA, because a client that only knows old versions of TLS might not know elliptic curves either.
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    signer = issuer.key if issuer else key
    end = datetime.now(timezone.utc) + days_left * _DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 30 * _DAY)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(_usage("digital_signature" if host else "key_cert_sign"), critical=True)
    )
    if host:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(host)]), critical=False)
    return Identity(builder.sign(signer, hashes.SHA256()), key)


def _name(host: str) -> x509.GeneralName:
    """What a client that knows the server by *host* looks for."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage == allowed for usage in _USAGES})


def main(directory: Path, host: str) -> None:
    """Write the files."""
    authority = issue("Authority of this run")
    servers = {
        "server": issue("mail server", authority, host),
        "self_signed": issue("mail server", None, host),
        "expired": issue("mail server", authority, host, days_left=-1),
        "other_name": issue("mail server", authority, _ELSEWHERE),
    }
    directory.mkdir()
    (directory / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    for name, server in servers.items():
        file = directory / f"{name}.pem"
        file.touch(mode=0o600)
        file.write_bytes(server.pem())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
