# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running the programs that check and start a configuration: without a shell, and each with an end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

#: Seconds between two attempts of a program that has to succeed in the end.
_PAUSE = 0.5

#: Postfix keeps its programs where the search path of a module need not lead.
_SYSTEM_PATHS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")

#: Bytes of an output that are looked at, from its end.
_LONGEST_OUTPUT = 1 << 16


@dataclass(frozen=True)
class Outcome:
    """How a program ended: ``ending`` is a clause for people, empty where it succeeded."""

    command: tuple[str, ...]
    ending: str
    output: bytes = field(default=b"", repr=False)
    #: There is no program of that name.
    missing: bool = False


class ProgramError(Exception):
    """A program did not do what it was to do."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.ending)
        self.outcome = outcome


def run(command: Sequence[str], timeout: float) -> Outcome:
    """Run a program to its end; it is killed, with what it started, after ``timeout`` seconds.

    Its output goes into memory and not through a pipe: a daemon that it leaves behind may hold that open for ever.
    """
    words = tuple(command)
    with os.fdopen(os.memfd_create("output"), "wb") as output:
        try:
            # Ansible's run_command knows no time limit and waits for daemons; and here is no Ansible.
            process = subprocess.Popen(  # noqa: S603 # pylint: disable=ansible-bad-function
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment(),
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            return Outcome(words, f"cannot be started ({why})", missing=isinstance(error, FileNotFoundError))
        return Outcome(words, _ending(process, timeout), _end_of(output.fileno()))


def run_until(command: Sequence[str], deadline: float) -> Outcome:
    """Run a program until it succeeds, or until ``deadline`` by `time.monotonic`; once at least."""
    while True:
        outcome = run(command, max(1.0, deadline - time.monotonic()))
        if not outcome.ending or outcome.missing or time.monotonic() + _PAUSE >= deadline:
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


def _end_of(output: int) -> bytes:
    """The last lines that were written, whole ones: of a secret that was cut in two, nobody could tell the rest."""
    start = max(0, os.fstat(output).st_size - _LONGEST_OUTPUT)
    # A daemon that was left behind writes where the shared position is, so that is left alone.
    end = os.pread(output, _LONGEST_OUTPUT, start)
    return end.partition(b"\n")[2] if start else end


def environment() -> dict[str, str]:
    """The environment of this process, with all places of programs, and in plain English."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_PATHS))
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}
