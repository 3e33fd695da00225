# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that check and start a configuration: without a shell, with an end, and with what they said."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

#: Seconds between two attempts of a program that has to succeed in the end.
_PAUSE = 0.5

_LONGEST_OUTPUT = 1 << 20


@dataclass(frozen=True)
class Outcome:
    """How a program ended: ``ending`` is a clause for people, empty where it succeeded."""

    command: tuple[str, ...]
    ending: str
    output: str = ""
    missing: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it did what it was to do."""
        return not self.ending


def run(command: Sequence[str], timeout: float) -> Outcome:
    """Run a program to its end; it is killed, with all that it started, after ``timeout`` seconds.

    Its output goes into memory and not through a pipe: a daemon that it leaves behind may hold that open for ever.
    """
    command = tuple(command)
    with os.fdopen(os.memfd_create("output"), "rb+") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 # the user's own program, without a shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            return Outcome(command, f"cannot be started ({why})", missing=isinstance(error, FileNotFoundError))
        ending = _ending(process, timeout)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _LONGEST_OUTPUT))
        return Outcome(command, ending, output.read().decode("utf-8", "replace"))


def run_until(command: Sequence[str], deadline: float) -> Outcome:
    """Run a program until it succeeds, or until ``deadline`` by `time.monotonic`; once at least."""
    while True:
        outcome = run(command, max(1.0, deadline - time.monotonic()))
        if outcome.succeeded or outcome.missing or time.monotonic() + _PAUSE >= deadline:
            return outcome
        time.sleep(_PAUSE)


def _ending(process: subprocess.Popen[bytes], timeout: float) -> str:
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"has not ended after {timeout:.0f} seconds"
    if status < 0:
        return f"was ended by signal {-status}"
    return f"ended with status {status}" if status else ""
