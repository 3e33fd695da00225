# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where progress is shown: one line that is written anew on a terminal, or lines of a log that are not too many."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from ansible.utils.display import Display

_DISPLAY = Display()

#: To the beginning of the line, and delete it (ECMA-48: CR, EL).
_ANEW = "\r\x1b[K"


class Log:
    """For whatever keeps each line. Progress is told at most once in ``interval`` seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._told_at = time.monotonic()

    def say(self, text: str, color: str | None = None) -> None:
        """A line that stays, or several."""
        _DISPLAY.display(text, color=color)

    def began(self, status: Callable[[], str]) -> None:
        """Something has begun; its end is worth a line, or what comes next."""

    def ended(self, status: Callable[[], str]) -> None:
        """Something has ended."""
        if time.monotonic() - self._told_at >= self._interval:
            self.say(status())
            self._told_at = time.monotonic()

    def clear(self) -> None:
        """Make room for what others write."""


class Terminal:
    """For people: the status is always the last line, and what is said goes above it."""

    def __init__(self) -> None:
        self._status = ""

    def say(self, text: str, color: str | None = None) -> None:
        """A line that stays, or several."""
        shown = self._status
        self.clear()
        _DISPLAY.display(text, color=color)
        self._show(shown)

    def began(self, status: Callable[[], str]) -> None:
        """Something has begun."""
        self._show(status())

    def ended(self, status: Callable[[], str]) -> None:
        """Something has ended."""
        self._show(status())

    def clear(self) -> None:
        """Make room for what others write."""
        if self._status:
            self._write(_ANEW)
        self._status = ""

    def _show(self, status: str) -> None:
        # What reaches the last column would begin a new line, and the former one would stay.
        status = status[: shutil.get_terminal_size().columns - 1]
        if status != self._status:
            # Others who write without asking begin at the left, too.
            self._write(f"{_ANEW}{status}\r")
        self._status = status

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def screen(kind: str, interval: float) -> Log | Terminal:
    """The screen of a kind: ``terminal``, ``log``, or ``auto`` for what the output really is."""
    if kind == "terminal" or (kind == "auto" and sys.stdout.isatty()):
        return Terminal()
    return Log(interval)
