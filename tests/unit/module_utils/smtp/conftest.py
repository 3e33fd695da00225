# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the conversation share: servers that follow a script, and certificates for them.

The modules in ``support/`` are importable by their own names.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

from authority import Authority  # found through the line above

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.route import Trust


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whoever trusts it accepts the certificates that it makes."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server_tls(authority: Authority) -> ssl.SSLContext:
    """A server's side of TLS without fault."""
    return authority.server("127.0.0.1", "localhost", "::1")


@pytest.fixture
def trust(authority: Authority) -> Trust:
    """Trust in the authority of the tests, and in no other."""
    return Trust(ca_file=str(authority.ca_file))
