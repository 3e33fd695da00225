# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of reading a mailbox, each of which may fail in a way that is worth telling."""

from __future__ import annotations

import ast
import http.client
import imaplib
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ..errors import MailSettingsError
from .breakdown import Breakdown
from .channel import Deadline
from .connecting import connect, resolve
from .encryption import EncryptedChannel, context
from .route import Trust
from .scrub import Scrubber
from .wire import readable

_Result = TypeVar("_Result")

#: What the standard library's clients raise of their own, and what they trip over when an answer makes no sense.
_NO_SENSE = (
    imaplib.IMAP4.error,
    http.client.HTTPException,
    AttributeError,
    LookupError,
    RecursionError,  # JSON that is nested without end
    TypeError,
    ValueError,
)

#: Bytes as Python writes them in a program.
_WRITTEN_BYTES = re.compile(r"""b(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""")

#: Characters of a server's words that are shown.
_SHOWN = 300


class Step(NamedTuple):
    """A step's name: what the server does when it fails, as the end of a sentence, and what to do about it."""

    fault: str
    remedy: str


class Steps:
    """Runs the steps of one visit to a mailbox.

    ``place`` is the server, as the subject of a sentence. ``scrubber`` masks the secrets in whatever it says.
    """

    def __init__(self, place: str, scrubber: Scrubber) -> None:
        self.place = place
        self.scrubber = scrubber
        self.broken = False

    def run(self, step: Step, work: Callable[..., _Result], *arguments: Any) -> _Result:
        """What *work* returns.

        :raises MailSettingsError: ``mailbox_unavailable``, for whatever the network or the server did to it.
        """
        try:
            return work(*arguments)
        except Breakdown as breakdown:
            told = breakdown.text
        except _NO_SENSE as error:
            told = _words(error)
        self.broken = True
        told = " ".join(self.scrubber.clean(told).split())[:_SHOWN].rstrip(". ")
        # Not inside the handlers: the exceptions may hold a secret in the server's words, and would be chained to it.
        raise MailSettingsError("mailbox_unavailable", f"{self.place} {step.fault}: {told}.", step.remedy)


def reach(host: str, port: int, deadline: Deadline) -> Any:
    """A channel to a server, by any of its addresses.

    :raises Breakdown: none of them answers.
    """
    return connect(resolve(host, port, deadline), deadline)[0]


def encrypt(channel: Any, host: str, trust: Trust, deadline: Deadline) -> EncryptedChannel:
    """TLS on a channel to *host*.

    :raises Breakdown: there is no TLS on it, or none to be trusted.
    """
    encrypted = EncryptedChannel(channel, context(trust), host)
    encrypted.handshake(deadline)
    return encrypted


def _words(error: Exception) -> str:
    """What an exception says.

    imaplib's hold the server's words as bytes, or as Python writes bytes, in which a secret would not be recognised.
    Nor would it be in those of `http.client`, which takes every byte for a character.
    """
    if isinstance(error, UnicodeError):
        return "it said what is no text"
    if isinstance(error, http.client.HTTPException):
        return f"it broke the rules of HTTP ({type(error).__name__})"
    words = error.args[0] if error.args else type(error).__name__
    if isinstance(words, bytes):
        return readable(words)
    return _WRITTEN_BYTES.sub(lambda written: readable(ast.literal_eval(written[0])), str(words))
