# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial, command by command, beside a demo that stays; ``make demo`` itself is run by CI."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import CHECKOUT, PROGRAMS
from pages import Page

pytestmark = pytest.mark.slow

TUTORIAL = Page(CHECKOUT / "docs" / "tutorial.md")

#: What is typed outside of the folder demo, and where that is tried.
BEFORE = [
    "git clone https://github.com/weestimate/weestimate.mail.git",
    "cd weestimate.mail",
    "make demo",
    ".venv/bin/python demo/run --stay",
    "cd demo",
    'PATH="$PWD/../.venv/bin:$PATH"',
]

#: The exit status of each command after that, by what the text promises.
DRIFTED, FAILED = 2, 2
STATUSES = [DRIFTED, 0, 0, 0, FAILED, 0, 0, 0, 0]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the checkout as it is, in a place with a short name: sockets lie in it."""
    shutil.copytree(CHECKOUT, tmp_path / "c", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return tmp_path / "c"


@pytest.fixture
def staying(clone: Path) -> Iterator[str]:
    """What the demo has printed by the time that it stays."""
    demo = subprocess.Popen(
        [sys.executable, "demo/run", "--stay"], cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        printed = []
        for line in demo.stdout:
            printed.append(line)
            if "stays up" in line:
                break
        assert demo.poll() is None, "".join(printed)
        yield "".join(printed)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=60)


def test_the_tutorial_does_what_it_says(clone: Path, staying: str) -> None:
    assert ".demo/drift/drift.html" in staying
    commands = TUTORIAL.commands
    assert commands[: len(BEFORE)] == BEFORE
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

    ended = []
    for command in commands[len(BEFORE) :]:
        done = subprocess.run(
            ["bash", "-c", command], cwd=clone / "demo", env=environment, capture_output=True, text=True, check=False
        )
        ended.append((command, done.returncode, done.stdout[-3000:]))

    assert [status for _command, status, _output in ended] == STATUSES, ended
    assert "prod-denver" in (clone / ".demo/drift/drift.html").read_text(encoding="utf-8")
