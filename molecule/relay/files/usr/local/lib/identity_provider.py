# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An identity provider as Entra ID is one for programs: it gives them access tokens, and tells the mail server of them.

identity_provider.py POLICY RECORD

Two servers in one process. What both do is decided by the file POLICY (see Policy), which is read for each request:
whoever writes another one has changed the world, without a restart.

- For everybody, HTTPS: POST /TENANT/oauth2/v2.0/token, the client credentials grant (RFC 6749, section 4.4), proven
  by a client secret, or by an assertion that a certificate's key has signed (RFC 7523). Answers and error codes are
  those of Entra ID (learn.microsoft.com/entra/identity-platform/reference-error-codes).
- For the mail server, on the loopback: POST /introspect (RFC 7662).

Each token is noted in the file RECORD, one JSON object a line: time, client, proof ("secret" or "certificate"), token.
The file is the owner's alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE = "https://outlook.office365.com/.default"
_ROLE = "SMTP.SendAsApp"
_TOKEN_OCTETS = 1100  # Entra's tokens have some 1,500 characters: more than a line of SMTP usually may have


class GrantError(Exception):
    """A request for a token that is not granted: the ``error`` of RFC 6749, and the words of Entra."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error

    @property
    def status(self) -> HTTPStatus:
        """What Entra answers with."""
        return HTTPStatus.UNAUTHORIZED if self.error == "invalid_client" else HTTPStatus.BAD_REQUEST


@dataclass(frozen=True)
class Policy:
    """What the identity provider goes by, as it stands in its file.

    :ivar token_url: where programs ask for tokens; it is the audience of their assertions too.
    :ivar address: IP address and port of that.
    :ivar introspection: IP address and port for the mail server.
    :ivar identity: file with certificate and key of the server.
    :ivar client_id: the one application that there is.
    :ivar client_secrets: each of which proves it.
    :ivar certificates: files, each with a certificate whose key proves it.
    :ivar enabled: whether the application may have tokens; if not, those that it has do not count any more either.
    :ivar lifetime: seconds after which a token ends.
    :ivar announced_lifetime: what the program is told of that, in seconds.
    """

    token_url: str
    address: tuple[str, int]
    introspection: tuple[str, int]
    identity: str
    client_id: str
    client_secrets: tuple[str, ...]
    certificates: tuple[str, ...]
    enabled: bool
    lifetime: int
    announced_lifetime: int

    @classmethod
    def read(cls, file: Path) -> Policy:
        """The policy that is in force now."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))


def grant(policy: Policy, form: Mapping[str, str]) -> str:
    """How the application has proven to be itself: "secret" or "certificate".

    :raises GrantError: it has not, or may not have a token.
    """
    if form.get("grant_type") != "client_credentials":
        raise GrantError("unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
    if form.get("client_id") != policy.client_id:
        raise GrantError("unauthorized_client", "AADSTS700016: Application was not found in the directory.")
    if not policy.enabled:
        raise GrantError("unauthorized_client", "AADSTS7000112: Application is disabled.")
    if form.get("scope") != _SCOPE:
        raise GrantError("invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
    if "client_secret" in form:
        _check_secret(policy, form["client_secret"])
        return "secret"
    _check_assertion(policy, form)
    return "certificate"


def _check_secret(policy: Policy, given: str) -> None:
    if not any(secrets.compare_digest(given.encode(), known.encode()) for known in policy.client_secrets):
        raise GrantError("invalid_client", "AADSTS7000215: Invalid client secret provided.")


def _check_assertion(policy: Policy, form: Mapping[str, str]) -> None:
    """Judge a signed assertion (learn.microsoft.com/entra/identity-platform/certificate-credentials)."""
    if form.get("client_assertion_type") != _ASSERTION:
        raise GrantError("invalid_client", "AADSTS7000218: 'client_assertion' or 'client_secret' is missing.")
    try:
        signed, signature = form["client_assertion"].rsplit(".", 1)
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        certificate = _certificate(policy, header)
        certificate.public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), SHA256())
    except (LookupError, ValueError, InvalidSignature) as error:
        raise GrantError("invalid_client", "AADSTS700027: The certificate used to sign is not registered.") from error
    if not (claims["iss"] == claims["sub"] == policy.client_id and claims["aud"] == policy.token_url):
        raise GrantError("invalid_client", "AADSTS700021: The assertion's issuer or audience is another.")
    if not claims["nbf"] - 300 <= time.time() < claims["exp"]:
        raise GrantError("invalid_client", "AADSTS700024: Client assertion is not within its valid time range.")


def _certificate(policy: Policy, header: Mapping[str, str]) -> x509.Certificate:
    """The registered certificate that the *header* of an assertion names by its fingerprint.

    :raises LookupError: there is none, or the assertion is not signed as it should be.
    """
    if header["alg"] != "RS256":
        raise LookupError(header["alg"])
    known = (x509.load_pem_x509_certificate(Path(file).read_bytes()) for file in policy.certificates)
    by_fingerprint = {certificate.fingerprint(SHA256()): certificate for certificate in known}
    return by_fingerprint[_decoded(header["x5t#S256"])]


def _decoded(text: str) -> bytes:
    """The octets of Base64url with or without padding.

    :raises ValueError: it is not that.
    """
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error as error:
        raise ValueError(text) from error


class Tokens:
    """The tokens that were given, by their digests, and the record of them."""

    def __init__(self, record: Path) -> None:
        record.touch(mode=0o600)
        self._record = record
        self._lock = threading.Lock()
        self._expiries: dict[bytes, float] = {}

    def new(self, client: str, proof: str, lifetime: int) -> str:
        """A token for *client* that ends in *lifetime* seconds."""
        token = secrets.token_urlsafe(_TOKEN_OCTETS)
        now = time.time()
        note = json.dumps({"time": now, "client": client, "proof": proof, "token": token})
        with self._lock, self._record.open("a", encoding="utf-8") as record:
            self._expiries[self._digest(token)] = now + lifetime
            record.write(f"{note}\n")
        return token

    def active(self, token: str) -> bool:
        """Whether it was given here, and has not ended."""
        return time.time() < self._expiries.get(self._digest(token), 0)

    @staticmethod
    def _digest(token: str) -> bytes:
        return hashlib.sha256(token.encode()).digest()


Answer = tuple[HTTPStatus, Mapping[str, Any]]


class Provider:
    """Answers requests by the policy and the tokens."""

    def __init__(self, policy: Path, record: Path) -> None:
        self._policy = policy
        self._tokens = Tokens(record)

    @property
    def policy(self) -> Policy:
        """What is in force now."""
        return Policy.read(self._policy)

    def token(self, form: Mapping[str, str]) -> Answer:
        """Give an application a token, or say why not."""
        policy = self.policy
        try:
            proof = grant(policy, form)
        except GrantError as error:
            return error.status, {"error": error.error, "error_description": str(error)}
        token = self._tokens.new(policy.client_id, proof, policy.lifetime)
        return HTTPStatus.OK, {
            "token_type": "Bearer",
            "expires_in": policy.announced_lifetime,
            "access_token": token,
        }

    def introspection(self, form: Mapping[str, str]) -> Answer:
        """Tell the mail server of a token; its role is that of an application, for whichever mailbox it logs in."""
        if self.policy.enabled and self._tokens.active(form.get("token", "")):
            return HTTPStatus.OK, {"active": True, "client_id": self.policy.client_id, "role": _ROLE}
        return HTTPStatus.OK, {"active": False}


def handler(path: str, answer: Callable[[Mapping[str, str]], Answer]) -> type[BaseHTTPRequestHandler]:
    """What serves POST requests with a form to *path*."""

    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        timeout = 10

        def do_POST(self) -> None:
            """Answer with JSON."""
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
            status, said = answer({name: values[0] for name, values in form.items()})
            if self.path != path:
                status, said = HTTPStatus.NOT_FOUND, {"error": "not_found"}
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def main(policy: Path, record: Path) -> None:
    """Serve until the process is ended."""
    provider = Provider(policy, record)
    given = provider.policy
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(given.identity)
    path = "/" + given.token_url.split("/", 3)[3]
    public = ThreadingHTTPServer(tuple(given.address), handler(path, provider.token))
    # The handshake is left to the thread of the connection, or one slow client would hold up all.
    public.socket = tls.wrap_socket(public.socket, server_side=True, do_handshake_on_connect=False)
    private = ThreadingHTTPServer(tuple(given.introspection), handler("/introspect", provider.introspection))
    threading.Thread(target=private.serve_forever, daemon=True).start()
    public.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
