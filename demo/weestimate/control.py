# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start, stop and look at an approval server, as a service manager would.

Whether it runs is told by the lock on its pid file, which the kernel lets go of when the process ends, however it
ends. So a stale pid file is never mistaken for a running server, and no foreign process is ever signalled.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from weestimate import lock
from weestimate.errors import WeEstimateError
from weestimate.instance import Instance

_PAUSE = 0.02  # seconds between two looks
_LOG_LINES = 5  # of the log, when a start fails
_children: list[subprocess.Popen[bytes]] = []  # started from this process, until they are known to have ended


def running_pid(instance: Instance) -> int | None:
    """The process id of the running approval server, or None."""
    if not lock.is_held(instance.pid_file):
        return None
    content = instance.pid_file.read_text(encoding="ascii").strip()
    return int(content) if content else None


def call(instance: Instance, method: str, path: str, content: Any = None, timeout: float = 30) -> dict[str, Any]:
    """Speak to the HTTP control and return its answer, whatever the status.

    :raises WeEstimateError: nobody answers there, or not in JSON.
    """
    connection = http.client.HTTPConnection(instance.control_host, instance.control_port, timeout=timeout)
    try:
        connection.request(method, path, None if content is None else json.dumps(content))
        return json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise WeEstimateError(f"The approval server of {instance.name} does not answer: {error}") from error
    finally:
        connection.close()


def status(instance: Instance, timeout: float = 5) -> dict[str, Any]:
    """What the running approval server says about itself, within *timeout* seconds.

    :raises WeEstimateError: it does not run, or another process answers on its port.
    """
    pid = running_pid(instance)
    if pid is None:
        raise WeEstimateError(f"The approval server of {instance.name} does not run.")
    health = call(instance, "GET", "/health", timeout=timeout)
    if health.get("pid") != pid:
        raise WeEstimateError(f"Another process answers on port {instance.control_port}.")
    return health


def start(instance: Instance, timeout: float = 15) -> dict[str, Any]:
    """Start the approval server unless it runs, and return its status once it is healthy.

    :arg timeout: seconds it may take.
    :raises WeEstimateError: it ended or did not become healthy in time; the text holds the end of its log.
    """
    if running_pid(instance) is not None:
        return status(instance)
    deadline = time.monotonic() + timeout
    process = _spawn(instance)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise WeEstimateError(f"The approval server of {instance.name} did not start. {_end_of_log(instance)}")
        try:
            return status(instance, timeout=1)
        except WeEstimateError:
            time.sleep(_PAUSE)
    process.kill()
    process.wait()
    raise WeEstimateError(f"The approval server of {instance.name} was not healthy after {timeout:g} s.")


def stop(instance: Instance, timeout: float = 10) -> bool:
    """End the approval server, by force after *timeout* seconds; return whether it ran."""
    _reap()
    pid = running_pid(instance)
    if pid is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if running_pid(instance) != pid:
                _reap()
                return True
            time.sleep(_PAUSE)
    raise WeEstimateError(f"The approval server of {instance.name} (process {pid}) does not end.")


def restart(instance: Instance, timeout: float = 15) -> dict[str, Any]:
    """Recycle: stop, then start, so that the settings are read anew."""
    stop(instance)
    return start(instance, timeout)


def _spawn(instance: Instance) -> subprocess.Popen[bytes]:
    """Begin a process of its own session, so that it outlives the caller and its terminal."""
    package_home = Path(__file__).resolve().parent.parent
    with instance.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "weestimate", "serve", str(instance.directory)],
            cwd=package_home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children.append(process)
    return process


def _reap() -> None:
    """Leave no zombie of a server that this process started."""
    _children[:] = [child for child in _children if child.poll() is None]


def _end_of_log(instance: Instance) -> str:
    lines = instance.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
    return " / ".join(lines[-_LOG_LINES:])
