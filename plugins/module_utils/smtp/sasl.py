# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in (RFC 4954): four mechanisms as data, and the one exchange that they share."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass

from .breakdown import Breakdown, malformed
from .route import Login
from .scrub import Scrubber
from .wire import Reply, Wire, readable

#: "334 …": the server asks; its text is base64 (RFC 4954, 4).
_ASKS = 334
#: "504 …": the mechanism is not known after all (RFC 4954, 4).
UNKNOWN_MECHANISM = 504

# Octets of a command line with its end (RFC 5321, 4.5.3.1.4). Beyond it the first answer is sent on a line of its own.
_LONGEST_COMMAND = 512

#: Makes the answer to a challenge.
Answer = Callable[[Login, bytes], bytes]


@dataclass(frozen=True)
class Mechanism:
    """A SASL mechanism.

    ``speaks_first`` says whether its first answer needs no challenge, so that it may ride on the command itself.
    ``excuses`` says that a challenge after the first answer explains a failure (XOAUTH2) and is worth telling.
    """

    name: str
    answers: tuple[Answer, ...]
    speaks_first: bool = False
    excuses: bool = False


def _plain(login: Login, _challenge: bytes) -> bytes:
    """RFC 4616; the authorization identity stays blank."""
    return b"\0" + login.user.encode() + b"\0" + login.password.encode()


def _user(login: Login, _challenge: bytes) -> bytes:
    """draft-murchison-sasl-login; the wording of the prompts varies, so only their order counts."""
    return login.user.encode()


def _password(login: Login, _challenge: bytes) -> bytes:
    return login.password.encode()


def _digest(login: Login, challenge: bytes) -> bytes:
    """RFC 2195."""
    try:
        keyed = hmac.new(login.password.encode(), challenge, "md5")
    except ValueError:
        raise Breakdown("CRAM-MD5 cannot be used: this machine's policy forbids MD5.") from None
    return f"{login.user} {keyed.hexdigest()}".encode()


def _bearer(login: Login, _challenge: bytes) -> bytes:
    """https://developers.google.com/workspace/gmail/imap/xoauth2-protocol, which Microsoft follows."""
    return f"user={login.user}\1auth=Bearer {login.oauth_token}\1\1".encode()


def _nothing(_login: Login, _challenge: bytes) -> bytes:
    """The answer to XOAUTH2's account of an error, after which the server refuses in the usual way."""
    return b""


XOAUTH2 = "XOAUTH2"
#: By name, in the order of preference.
MECHANISMS = {
    mechanism.name: mechanism
    for mechanism in (
        Mechanism(XOAUTH2, (_bearer, _nothing), speaks_first=True, excuses=True),
        Mechanism("PLAIN", (_plain,), speaks_first=True),
        Mechanism("LOGIN", (_user, _password)),
        Mechanism("CRAM-MD5", (_digest,)),
    )
}


def fault(login: Login) -> str:
    """What makes *login* unusable, in a sentence; an empty text when nothing does."""
    wanted = login.mechanism.upper()
    if wanted != "AUTO" and wanted not in MECHANISMS:
        return f"There is no way to log in called {login.mechanism!r}; known are {', '.join(MECHANISMS)} and auto."
    if wanted == XOAUTH2 and not login.oauth_token:
        return "XOAUTH2 needs an OAuth token."
    try:
        f"{login.user}{login.password}{login.oauth_token}".encode()
    except UnicodeEncodeError:
        return "SMTP User or SMTP Password holds half of a character (a lone surrogate), which nothing can send."
    return ""


def suitable(login: Login, offered: Collection[str]) -> list[Mechanism]:
    """The mechanisms to try: those that *login* allows, and the server offers (names in upper case).

    With an OAuth token nothing else is tried, for the password is then not what is to be proven.
    """
    if login.mechanism.upper() != "AUTO":
        wanted = [login.mechanism.upper()]
    elif login.oauth_token:
        wanted = [XOAUTH2]
    else:
        wanted = [name for name in MECHANISMS if name != XOAUTH2]
    return [MECHANISMS[name] for name in wanted if name in offered]


@dataclass(frozen=True)
class Outcome:
    """The server's last word on a login, what it explained on the way, and whether it let itself be told everything."""

    reply: Reply
    excuse: str = ""
    complete: bool = True


def authenticate(wire: Wire, mechanism: Mechanism, login: Login, scrubber: Scrubber) -> Outcome:
    """Log in; *scrubber* learns of every line that tells a secret.

    :raises ConnectionLost: as `Wire.ask_bytes`, or the server asks for more than the mechanism has to say.
    """
    answers = list(mechanism.answers)
    command = f"AUTH {mechanism.name}"
    if mechanism.speaks_first:
        response = _response(answers[0], login, b"", scrubber)
        whole = f"{command} {response or '='}"
        if len(whole) + 2 <= _LONGEST_COMMAND:
            command = whole
            del answers[0]
    reply, excuse = wire.ask(command), ""
    while reply.code == _ASKS:
        if not answers:
            raise malformed(f"it asks for more than {mechanism.name} has to say")
        challenge = _decoded(reply.text)
        if mechanism.excuses and answers[0] is mechanism.answers[-1]:
            excuse = readable(challenge)
        reply = wire.ask(_response(answers.pop(0), login, challenge, scrubber))
    return Outcome(reply, excuse, complete=all(answer is _nothing for answer in answers))


def _response(answer: Answer, login: Login, challenge: bytes, scrubber: Scrubber) -> str:
    octets = answer(login, challenge)
    encoded = base64.b64encode(octets).decode()
    if answer is not _user:  # the user's name is no secret
        scrubber.add_sent(encoded)
        if answer is _digest:  # it can be used to try passwords out
            scrubber.add_sent(octets.decode().rpartition(" ")[2])
    return encoded


def _decoded(text: str) -> bytes:
    """A challenge. Few mechanisms need it, and prompts that are not base64 have been seen: those count as empty."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
