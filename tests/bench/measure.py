# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command costs: time on the clock, processor time, and the memory of its processes."""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

_PROC = Path("/proc")
_SAMPLING_PAUSE = 0.5  # seconds; one sample of a run with five forks takes about 10 ms


@dataclass(frozen=True)
class Cost:
    """What one run took.

    :ivar wall: seconds on the clock.
    :ivar cpu: seconds of processor time, user and system, of the command and all its descendants.
    :ivar memory: peak of the proportional set size (PSS) of the whole process tree, in MiB, as sampled. Workers share
        most of their pages with their parent; PSS counts a shared page once, where a sum of RSS counts it for each.
        0 where the system does not tell it (it is Linux that does).
    """

    wall: float
    cpu: float
    memory: float

    @classmethod
    def median(cls, costs: Iterable[Cost]) -> Cost:
        """The median of each figure."""
        return cls(*map(statistics.median, zip(*map(astuple, costs), strict=True)))


def run(command: Sequence[str], log: Path) -> Cost:
    """Run *command* with its output in the file *log*.

    :raises subprocess.CalledProcessError: it did not end with 0.
    """
    cpu_before = _cpu_of_descendants()
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        with _MemorySampler(process.pid) as sampler:
            status = process.wait()
            wall = time.monotonic() - started
    if status:
        raise subprocess.CalledProcessError(status, command)
    return Cost(wall, _cpu_of_descendants() - cpu_before, sampler.peak / 1024)


def _cpu_of_descendants() -> float:
    """Seconds of processor time of all descendants that have ended and been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class _MemorySampler:
    """Watches the process tree below one process while its block runs; ``peak`` is in KiB."""

    def __init__(self, root: int) -> None:
        self.peak = 0
        self._root = root
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _MemorySampler:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLING_PAUSE):
            self.peak = max(self.peak, sum(map(_pss, _tree(self._root))))


def _tree(root: int) -> Iterator[int]:
    """The process *root* and its descendants that are alive."""
    yield root
    with suppress(FileNotFoundError):  # ended meanwhile, or no Linux
        for thread in (_PROC / str(root) / "task").iterdir():
            for child in _read(thread / "children").split():
                yield from _tree(int(child))


def _pss(process: int) -> int:
    """The proportional set size of a process in KiB; 0 when it has ended."""
    found = re.search(r"^Pss:\s+(\d+) kB", _read(_PROC / str(process) / "smaps_rollup"), re.MULTILINE)
    return int(found.group(1)) if found else 0


def _read(file: Path) -> str:
    """The text of a file of a process; empty when the process has ended meanwhile."""
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""
