# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail server as a child process, for as long as a block runs.

It hangs on a pipe from this process. So it also ends when this process is killed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_READY = 20  # seconds the listeners may take
_END = 5  # seconds the process may take to end before it is killed
_PAUSE = 0.02  # seconds between two looks


@contextmanager
def running(configuration: Mapping[str, Any], directory: Path) -> Iterator[dict[str, int]]:
    """Run a mail server and yield the ports of its listeners by name; it has ended when the block is left.

    :arg configuration: what server.Configuration.parse() takes. It goes through a pipe, never into a file.
    :arg directory: for the log, mail-server.log, and the ready file.
    :raises RuntimeError: the server did not become ready; the text holds the end of its log.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ready_file, log_file = directory / "mail-server.ready", directory / "mail-server.log"
    ready_file.unlink(missing_ok=True)
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mailserver", "serve", "-", "--ready-file", str(ready_file)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the caller alone, who ends this process when all is settled
        )
    try:
        process.stdin.write(json.dumps(configuration, default=str).encode() + b"\n")
        process.stdin.flush()
        yield _wait(process, ready_file, log_file)
    finally:
        process.stdin.close()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        ready_file.unlink(missing_ok=True)


def _wait(process: subprocess.Popen[bytes], ready_file: Path, log_file: Path) -> dict[str, int]:
    """Return the ports once the server is ready."""
    deadline = time.monotonic() + _READY
    while time.monotonic() < deadline and process.poll() is None:
        if ready_file.exists():
            return json.loads(ready_file.read_text(encoding="utf-8"))["ports"]
        time.sleep(_PAUSE)
    raise RuntimeError(f"The mail server did not become ready. {log_file.read_text(encoding='utf-8')[-500:]}")
