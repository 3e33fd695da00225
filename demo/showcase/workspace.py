# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder .demo of the checkout: everything the demo makes, and nothing else, lies there."""

from __future__ import annotations

import json
import random
import shutil
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from weestimate import lock

from showcase.errors import DemoError

DEMO = Path(__file__).resolve().parent.parent
CHECKOUT = DEMO.parent
HOME = CHECKOUT / ".demo"

CERTIFICATES = HOME / "certificates"
COLLECTIONS = HOME / "collections"
INSTANCES = HOME / "instances"
LIFELINE = HOME / "lifeline"
LOGS = HOME / "logs"
MAILS = HOME / "mails"
REPORT = HOME / "drift"
MADE_INVENTORY = HOME / "inventory" / "made.yml"

# Below the range from which systems take ports for outgoing connections, so that none of those gets hold of the port
# of an approval server while it is being recycled.
_PORTS = range(20000, 30000)


def renew() -> None:
    """Begin with an empty folder, which git ignores by itself.

    :raises DemoError: another run in this checkout is using it.
    """
    if lock.is_held(LIFELINE):
        raise DemoError("The demo already runs in this checkout.")
    shutil.rmtree(HOME, ignore_errors=True)  # there may be none yet
    for directory in (COLLECTIONS, INSTANCES, LOGS, MADE_INVENTORY.parent):
        directory.mkdir(parents=True)
    (HOME / ".gitignore").write_text("*\n", encoding="ascii")


def shown(path: Path) -> str:
    """*path* as somebody in the checkout would write it."""
    return str(path.relative_to(CHECKOUT))


def free_ports(number: int) -> list[int]:
    """So many different TCP ports of the loopback that nobody uses."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == number:
            break
        if _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def write_inventory(variables: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what is known only now: *variables* for all, and those of each host. (JSON is YAML.)"""
    content = {"all": {"vars": variables, "hosts": hosts}}
    text = json.dumps(content, indent=2)
    MADE_INVENTORY.write_text(f"---\n# Made by demo/run; beside demo/inventory.\n{text}\n", encoding="utf-8")


def instance_directory(name: str) -> Path:
    """Where the instance *name* lies."""
    return INSTANCES / name


def log_tail(log: Path, number: int = 15) -> Iterable[str]:
    """The last lines of a log."""
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-number:]
