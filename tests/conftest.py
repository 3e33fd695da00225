# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ``ansible_collections.weestimate.mail`` importable from any checkout, and print what tests have measured.

Ansible's own importer maps that name onto the folders of installed collections. Tests run without it, and a
checkout seldom lies at ``…/ansible_collections/weestimate/mail``; so a tree of that shape is kept under ``.build``,
its last step a link to this checkout. It is on ``sys.path`` here, and on ``PYTHONPATH`` for the Python processes that
a test starts.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


def _import_tree() -> Path:
    """Return the folder to put on the import path; concurrent callers (pytest-xdist) agree on one tree."""
    tree = CHECKOUT / ".build" / "import"
    namespace = tree / "ansible_collections" / "weestimate"
    namespace.mkdir(parents=True, exist_ok=True)
    # A regular package: a namespace package would lose to the one that the Python package "ansible" installs.
    (namespace.parent / "__init__.py").touch()
    with suppress(FileExistsError):
        (namespace / "mail").symlink_to(os.path.relpath(CHECKOUT, namespace), target_is_directory=True)
    return tree


_TREE = str(_import_tree())
sys.path.insert(0, _TREE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_TREE, os.environ.get("PYTHONPATH"))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests have measured, also those of another process."""
    reports = [report for state in ("passed", "failed") for report in terminalreporter.stats.get(state, ())]
    for report in reports:
        for name, value in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(value)
