# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ``smtp_settings`` and its like in processes of their own, to which faults happen for real.

As a program: ``victims.py COLLECTIONS``, with a list of orders as JSON on standard input and the outcomes on standard
output. Each order is carried out in a child of this process, all of them at the same time where they are to meet.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

_FORK = get_context("fork")
_PATIENCE = 30


@dataclass(frozen=True)
class Order:
    """One run, and what is to happen to it."""

    arguments: Mapping[str, Any]
    #: What is run, by its name in the module ``commands``.
    command: str = "smtp_settings"
    #: Kill -9 before the statement of that number, counted from one as SQLite begins them.
    kill_before: int | None = None
    #: No file may grow beyond this many bytes, as on a full disk.
    file_limit: int | None = None
    #: How many runs have to reach the point between planning and applying before any goes on.
    meet: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit status as `subprocess` gives it, its result or failure, its number of statements."""

    status: int
    answer: dict[str, Any] = field(default_factory=dict)
    statements: int = 0

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL


class Core(NamedTuple):
    """The modules of the collection that a run needs."""

    commands: Any
    converge: Any
    errors: Any


def run(collections: Path, orders: Iterable[Order]) -> list[Outcome]:
    """Carry out the orders with the collection installed under ``collections``."""
    done = subprocess.run(
        [sys.executable, __file__, collections],
        input=json.dumps([asdict(order) for order in orders]),
        stdout=subprocess.PIPE,
        text=True,
        timeout=2 * _PATIENCE,
        check=True,
    )
    return [Outcome(**outcome) for outcome in json.loads(done.stdout)]


def arguments(path: Path, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Complete arguments of a run on a SQLite file."""
    return {
        "store": {"driver": "sqlite", "path": str(path), "command_timeout": 10},
        "settings": settings,
        "state": "present",
        "update_password": "always",
        "create_missing": False,
        **more,
    }


def _carry_out(core: Core, order: Order, barrier: Any, report: Callable[[Any], None]) -> None:
    commands, converge = core.commands, core.converge
    statements = count(1)
    begun = 0

    def at_a_statement(_statement: str) -> None:
        nonlocal begun
        begun = next(statements)
        if begun == order.kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def open_store(store: Mapping[str, Any], opened: Callable[..., Any] = commands.open_store) -> Any:
        store = opened(store)
        if order.kill_before:
            # So small a cache writes changed pages into the file before the commit: a crash has something to undo.
            store.connection.execute("PRAGMA cache_size = 1")
        store.connection.set_trace_callback(at_a_statement)
        return store

    def apply(*given: Any, applied: Callable[..., Any] = converge.Instance.apply, **more: Any) -> Any:
        if order.meet:
            barrier.wait(_PATIENCE)
        return applied(*given, **more)

    commands.open_store, converge.Instance.apply = open_store, apply
    if order.file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.file_limit, order.file_limit))
    try:
        answer = getattr(commands, order.command)(order.arguments, check_mode=False, approve=lambda _plan: {})
    except core.errors.MailSettingsError as error:
        answer = error.result()
    report({"answer": answer, "statements": begun})


def _core(collections: str) -> Core:
    # Whatever else is installed under that name, this is the collection to be tested.
    package = ModuleType("ansible_collections")
    package.__path__ = [f"{collections}/ansible_collections"]
    sys.modules[package.__name__] = package
    place = f"{package.__name__}.weestimate.mail.plugins.module_utils"
    return Core(*(import_module(f"{place}.{name}") for name in Core._fields))


def _main() -> None:
    core = _core(sys.argv[1])
    orders = [Order(**order) for order in json.load(sys.stdin)]
    meeting = max((order.meet for order in orders), default=0)
    barrier = _FORK.Barrier(meeting) if meeting else None
    started = []
    for order in orders:
        receiver, sender = _FORK.Pipe(duplex=False)
        child = _FORK.Process(target=partial(_carry_out, core, order, barrier, sender.send))
        child.start()
        sender.close()
        started.append((child, receiver))
        if not meeting:
            child.join(_PATIENCE)
    json.dump([_outcome(child, receiver) for child, receiver in started], sys.stdout)


def _outcome(child: Any, receiver: Any) -> dict[str, Any]:
    try:
        told = receiver.recv()
    except EOFError:
        told = {}
    child.join(_PATIENCE)
    return {"status": child.exitcode, **told}


if __name__ == "__main__":
    _main()
