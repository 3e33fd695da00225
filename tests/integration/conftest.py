# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the integration tests share: the collection as it is installed, and a run of Ansible.

The embedded WeEstimate and the mail server (``demo/``) are importable as ``weestimate`` and ``mailserver``, the modules
in ``support/`` by their own names (``pythonpath`` in pyproject.toml).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from harness import Ansible, build_and_install


@pytest.fixture(scope="session")
def collections_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path that holds nothing but this collection, installed from a built artifact."""
    return build_and_install(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def stock() -> Path:
    """A collections path with those of others (tests/requirements/bench.txt): `make pytest` installs and names it."""
    if "WEESTIMATE_TEST_STOCK" not in os.environ:
        pytest.skip("WEESTIMATE_TEST_STOCK does not name the collections of others; make pytest does")
    return Path(os.environ["WEESTIMATE_TEST_STOCK"])


@pytest.fixture
def ansible(tmp_path: Path, collections_path: Path) -> Ansible:
    """Ansible with the installed collection; its files lie in ``tmp_path``."""
    return Ansible(tmp_path, collections_path)
