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

_ATTEMPTS = 20
_PAUSE = 0.02  # seconds between two attempts


@contextmanager
def hold(path: Path) -> Iterator[IO[str]]:
    """Lock the file *path*, made when missing, and yield it open for appending.

    :raises BlockingIOError: somebody else holds it.
    """
    with path.open("a+", encoding="ascii") as file:
        _take(file)
        yield file


def _take(file: IO[str]) -> None:
    """Lock *file*, with patience for is_held(), which takes the lock for an instant to see whether it can."""
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE)
        else:
            return


def is_held(path: Path) -> bool:
    """Whether somebody holds *path*; never so for a file that does not exist."""
    try:
        with path.open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False
