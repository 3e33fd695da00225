# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the mailbox share: servers of mail for reading, and arguments to reach them.

The servers are stand-ins because the unit tests have to run where no mail server is installed, and because no real one
misbehaves on demand; against a real Dovecot the same code runs in Molecule's scenario ``mail``. The modules in
``support/``, and those of the tests of the conversation, are importable by their own names.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE / "support"))
sys.path.insert(0, str(_HERE.parent / "smtp" / "support"))

from authority import Authority  # noqa: E402 - these are found through the lines above
from scripted_imap import ImapServer  # noqa: E402 # as above
from small_mailpit import SmallMailpit  # noqa: E402 # as above


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whoever trusts it accepts the certificates that it makes."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server_tls(authority: Authority) -> ssl.SSLContext:
    """A server's side of TLS without fault."""
    return authority.server("127.0.0.1")


@pytest.fixture
def server(server_tls: ssl.SSLContext) -> Iterator[ImapServer]:
    """An IMAP server without fault, with the folders INBOX and Junk."""
    with ImapServer(server_tls) as running:
        yield running


@pytest.fixture
def imap(server: ImapServer, authority: Authority) -> dict[str, Any]:
    """The argument ``confirm.imap`` for that server."""
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "oauth_token": None,
        "folders": None,
        "tls": {"verify": True, "ca_file": str(authority.ca_file), "minimum_version": "TLSv1.2"},
    }


@pytest.fixture
def mailpit() -> Iterator[SmallMailpit]:
    """A server with Mailpit's API."""
    with SmallMailpit() as running:
        yield running
