# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of ``module_utils`` share: an instance's database as a real file, and a look at what was asked of it.

The modules in ``support/`` are importable by their own names.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

from programoption import Database  # found through the line above

from ansible_collections.weestimate.mail.plugins.module_utils import fingerprint


@pytest.fixture(autouse=True)
def _cheap_fingerprints(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fingerprint costs 50 ms on purpose, which only its own tests need to feel."""
    if request.path.stem != "test_fingerprint":
        monkeypatch.setattr(fingerprint, "_COST", 2)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A working instance: all options have a row, and a password is stored."""
    return Database.create(tmp_path / "instance.db")
