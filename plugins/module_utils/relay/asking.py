# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking a program of the relay's host, and saying so where it gives no answer."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import MailSettingsError
from .execution import environment

#: Seconds after which a program counts as stuck.
_PATIENCE = 60

_LONGEST_QUOTE = 200


class Answer(NamedTuple):
    """How a program ended: its status, what it printed, and what it complained of, on one line."""

    status: int
    output: str
    complaint: str


def ask(command: Sequence[str]) -> Answer:
    """Run a program to its end.

    :raises MailSettingsError: ``relay_unwell``, if it cannot be started, or does not end.
    """
    try:
        # A program of the collection's choice, without a shell; there is no AnsibleModule here.
        done = subprocess.run(  # noqa: S603 # pylint: disable=ansible-bad-function
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env=environment(),
        )
    except OSError as error:
        raise no_answer(command[0], f"cannot be started ({error.strerror})") from None
    except subprocess.TimeoutExpired:
        raise no_answer(command[0], f"has not ended after {_PATIENCE} seconds") from None
    complaint = " ".join(done.stderr.decode("utf-8", "replace").split())
    return Answer(done.returncode, done.stdout.decode("utf-8", "replace"), complaint)


def output_of(command: Sequence[str]) -> str:
    """What a program prints.

    :raises MailSettingsError: ``relay_unwell``, if it cannot be started, fails, or does not end.
    """
    answer = ask(command)
    if answer.status:
        said = answer.complaint[:_LONGEST_QUOTE].rstrip(".")
        raise no_answer(command[0], f"ended with status {answer.status}: {said}")
    return answer.output


def no_answer(program: str, ending: str) -> MailSettingsError:
    """The error of a program that does not tell what it was asked; ``ending`` is a clause about it."""
    return MailSettingsError(
        "relay_unwell",
        f"{program} on this host {ending}, so nothing is known of its mail.",
        "Check that this host is the relay, that Postfix runs on it, and that the task runs as root (become).",
    )
