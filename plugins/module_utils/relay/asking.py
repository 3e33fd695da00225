# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking a program of the relay's host, and saying so where it gives no answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from ..errors import MailSettingsError

#: Seconds after which a program counts as stuck.
_PATIENCE = 60

_LONGEST_QUOTE = 200


def output_of(command: Sequence[str]) -> str:
    """What a program prints.

    :raises MailSettingsError: ``relay_unwell``, if it cannot be started, fails, or does not end.
    """
    try:
        done = subprocess.run(  # noqa: S603 # programs of the collection's choice, without a shell
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except OSError as error:
        raise no_answer(command[0], f"cannot be started ({error.strerror})") from None
    except subprocess.TimeoutExpired:
        raise no_answer(command[0], f"has not ended after {_PATIENCE} seconds") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:_LONGEST_QUOTE].rstrip(".")
        raise no_answer(command[0], f"ended with status {done.returncode}: {said}")
    return done.stdout.decode("utf-8", "replace")


def no_answer(program: str, ending: str) -> MailSettingsError:
    """The error of a program that does not tell what it was asked; ``ending`` is a clause about it."""
    return MailSettingsError(
        "relay_unwell",
        f"{program} on this host {ending}, so nothing is known of its mail.",
        "Check that this host is the relay, that Postfix runs on it, and that the task runs as root (become).",
    )
