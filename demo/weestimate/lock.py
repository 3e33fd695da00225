# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks on files as signs of life: the kernel takes a lock away when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PATIENCE = 0.5  # seconds; is_held() takes a lock for an instant to see whether it can
_PAUSE = 0.02  # seconds between two attempts


@contextmanager
def hold(path: Path) -> Iterator[IO[str]]:
    """Lock the file *path*, made when missing, and yield it open for appending.

    :raises BlockingIOError: somebody else holds it.
    """
    deadline = time.monotonic() + _PATIENCE
    with path.open("a+", encoding="ascii") as file:
        while not _lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise BlockingIOError(f"Somebody else holds {path}.")
            time.sleep(_PAUSE)
        yield file


def is_held(path: Path) -> bool:
    """Whether somebody holds *path*; never so for a file that does not exist."""
    try:
        with path.open(encoding="ascii") as file:
            return not _lock(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _lock(file: IO[str], kind: int) -> bool:
    """Try to lock *file*; return whether it worked."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
