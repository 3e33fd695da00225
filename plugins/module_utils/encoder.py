# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a password is written in the database where that is not the password itself: by programs of the user's.

A secret goes through pipes only, never into arguments, the environment or a file.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .errors import MailSettingsError
from .smtp.scrub import Scrubber

PLAIN, COMMAND, OPAQUE = "plain", "command", "opaque"
ENCODINGS = (PLAIN, COMMAND, OPAQUE)

#: Seconds after which a program counts as stuck.
TIMEOUT = 30

_LONGEST_QUOTE = 200


@dataclass(frozen=True)
class Encoding:
    """``encode`` and ``decode`` are programs with their arguments, run without a shell.

    ``command`` writes a password the same way each time, ``opaque`` in another way each time, because it adds a salt.
    """

    kind: str = PLAIN
    encode: tuple[str, ...] = ()
    decode: tuple[str, ...] = ()

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any] | None) -> Encoding:
        """The user's ``layout.password``."""
        given = given or {}
        return cls(given.get("encoding") or PLAIN, tuple(given.get("encode") or ()), tuple(given.get("decode") or ()))

    def as_arguments(self) -> dict[str, Any]:
        """The encoding as a user states it."""
        programs = {"encode": list(self.encode), "decode": list(self.decode)}
        return {"encoding": self.kind, **{name: program for name, program in programs.items() if program}}

    @property
    def is_plain(self) -> bool:
        """Whether a password is stored as it is."""
        return self.kind == PLAIN

    @property
    def is_opaque(self) -> bool:
        """Whether what is stored cannot be compared with a password."""
        return self.kind == OPAQUE

    def to_store(self, password: str) -> str:
        """What is stored for a password; a blank one is a blank cell. Raises ``encoder_failed``."""
        return password if self.is_plain or not password else _run(self.encode, "encode", password)

    def from_store(self, stored: str) -> str:
        """The password behind what is stored. Raises ``password_unreadable`` and ``encoder_failed``."""
        if self.is_plain or not stored:
            return stored
        if not self.decode:
            raise MailSettingsError(
                "password_unreadable",
                "The stored password is encoded, and nothing is stated to read it with.",
                "State layout.password.decode, or pass the password as settings.smtp_password.",
            )
        return _run(self.decode, "decode", stored)


def _run(program: Sequence[str], part: str, secret: str) -> str:
    """What a program makes of a secret: standard input to standard output, less one line break at the end."""
    stated_as = f"layout.password.{part}"
    try:
        # The user's own program, without a shell. A module's run_command is not there on the controller, where this
        # runs by default.
        process = subprocess.Popen(  # noqa: S603 # pylint: disable=ansible-bad-function
            list(program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _failure(stated_as, f"cannot be started ({type(error).__name__})") from None
    with process:
        try:
            output, said = process.communicate(secret.encode("utf-8", "surrogatepass"), TIMEOUT)
        except subprocess.TimeoutExpired:
            _end(process)
            raise _failure(stated_as, f"has not ended after {TIMEOUT} seconds") from None
    if process.returncode:
        # What decodes may complain about the password, which is not known here and could not be looked for.
        quoted = _quoted(said, secret) if part == "encode" else ""
        raise _failure(stated_as, f"ended with status {process.returncode}{quoted}")
    return _text(output, stated_as)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program with all that it has started, which would keep its pipes open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _text(output: bytes, stated_as: str) -> str:
    try:
        text = output.decode("utf-8")
    except UnicodeDecodeError:
        raise _failure(stated_as, "printed something that is not UTF-8") from None
    for line_break in ("\r\n", "\n"):
        if text.endswith(line_break):
            text = text[: -len(line_break)]
            break
    if not text:
        raise _failure(stated_as, "printed nothing")
    return text


def _quoted(said: bytes, secret: str) -> str:
    """What a program complained of, on one line; not where any of it tells the secret."""
    text = " ".join(said.decode("utf-8", "replace").split())
    if not text or secret in text or Scrubber([secret]).clean(text) != text:
        return ""
    return f": {text[:_LONGEST_QUOTE].rstrip('.')}"


def _failure(stated_as: str, what: str) -> MailSettingsError:
    return MailSettingsError(
        "encoder_failed",
        f"The program in {stated_as} {what}. Nothing was changed.",
        "Run it by hand where the database is accessed from: it reads standard input and prints the other form.",
    )
