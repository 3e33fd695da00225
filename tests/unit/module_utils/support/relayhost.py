# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay in a folder: its files, and a program that "runs" what the files say when it is started.

The program is real, and takes its orders from the files: a line ``refused`` makes the check fail, ``unstartable`` the
start, ``restless`` keeps it from settling, ``hang`` from ever ending, and ``deadly`` kills who has started it.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.relay.configuration import relay_config
from ansible_collections.weestimate.mail.plugins.module_utils.relay.sealing import seal

_CHECK = "cd {stage}$0 && ! grep -rh refused . && ! { grep -rq slow . && sleep 30; }"
_START = """
echo started >>$1/starts
cat $0/* >$1/running
if grep -q deadly $1/running; then kill -9 $PPID; fi
if grep -q hang $1/running; then sleep 30; fi
! grep unstartable $1/running
"""
_SETTLED = "! grep restless $0/running"


class RelayHost:
    """The files lie in ``etc``, what the module remembers in ``state``, and what runs in ``run``."""

    def __init__(self, root: Path) -> None:
        self.etc, self.state, self.run = (root / name for name in ("etc", "state", "run"))
        self.etc.mkdir()
        self.run.mkdir()

    def path(self, name: str) -> str:
        """The full path of a file."""
        return str(self.etc / name)

    def arguments(self, contents: Mapping[str, str | Mapping[str, Any]], **more: Any) -> dict[str, Any]:
        """Complete arguments for files by their names; one that is more than its content is a mapping."""
        return {
            "state": "present",
            "files": [self._file(name, content) for name, content in contents.items()],
            "checks": [["sh", "-c", _CHECK, str(self.etc)]],
            "activate": [{"command": ["sh", "-c", _START, str(self.etc), str(self.run)], "paths": [str(self.etc)]}],
            "settled": [["sh", "-c", _SETTLED, str(self.run)]],
            "on_trial": {},
            "generation": None,
            "timeout": 20,
            "directory": str(self.state),
            **more,
        }

    def bring(
        self, contents: Mapping[str, str | Mapping[str, Any]] | None = None, *, check_mode: bool = False, **more: Any
    ) -> dict[str, Any]:
        """One call of the module."""
        return relay_config(self.arguments(contents or {}, **more), check_mode=check_mode)

    def _file(self, name: str, content: str | Mapping[str, Any]) -> dict[str, Any]:
        more = {"content": content} if isinstance(content, str) else content
        owner, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        given = {"path": self.path(name), "secret": False, "mode": None, "owner": owner, "group": group, **more}
        return {**given, "content": seal(given["content"])}

    @property
    def held(self) -> dict[str, str]:
        """What lies in the folder, by name, whatever a run has left there included."""
        return {
            str(path.relative_to(self.etc)): path.read_text("utf-8") for path in self.etc.rglob("*") if path.is_file()
        }

    @property
    def running(self) -> str:
        """What runs: the contents of all files when it was last started."""
        return (self.run / "running").read_text("utf-8")

    @property
    def starts(self) -> int:
        """How often it was started."""
        log = self.run / "starts"
        return len(log.read_text("utf-8").splitlines()) if log.exists() else 0

    @property
    def noted(self) -> dict[str, Any]:
        """What the module remembers of a switch."""
        return json.loads((self.state / "switch.json").read_text("utf-8"))
