# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The doors of a relay: a real file, and a real socket that greets as Dovecot 2.3 and 2.4 do, or does not."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.relay import doors

GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t4711\nCUID\t1\nDONE\n"


@pytest.fixture
def address() -> Iterator[Path]:
    """A place for a socket: its path may have some hundred characters only."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "auth"


@pytest.mark.parametrize(("said", "judged"), [(GREETING, True), (b"", False), (b"220 relay ESMTP\r\n", False)])
def test_who_judges_logins_is_known_by_its_greeting(address: Path, said: bytes, judged: bool) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
        server.listen()

        def greet() -> None:
            connection, _address = server.accept()
            with connection:
                connection.sendall(said)

        greeter = threading.Thread(target=greet)
        greeter.start()
        found = doors.examine(None, str(address))
        greeter.join()
    assert found == {"certificate": None, "logins": judged}


def test_nobody_judges_logins(address: Path) -> None:
    assert doors.examine(None, str(address)) == {"certificate": None, "logins": False}


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = doors.examine(str(tmp_path / "relay.crt"), None)
    assert found["logins"] is None
    assert found["certificate"]["problem"] == f"{tmp_path}/relay.crt cannot be read (No such file or directory)"
