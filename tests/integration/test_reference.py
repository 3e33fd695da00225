# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference says what the sources say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness import CHECKOUT


def test_the_reference_is_what_the_sources_say(tmp_path: Path, collections_path: Path) -> None:
    written = CHECKOUT / "docs" / "reference"
    fresh = tmp_path / "reference"
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path)}
    subprocess.run([sys.executable, CHECKOUT / "tests" / "reference", fresh], check=True, env=environment)

    stale = [page.name for page in fresh.iterdir() if not _same(page, written / page.name)]
    surplus = {page.name for page in written.iterdir()} - {page.name for page in fresh.iterdir()}

    assert (stale, surplus) == ([], set()), "make reference writes them anew"


def _same(page: Path, other: Path) -> bool:
    return other.exists() and page.read_text(encoding="utf-8") == other.read_text(encoding="utf-8")
