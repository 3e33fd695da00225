# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task result as a line of JSON, so that tests read data and not the screen."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: record
type: notification
short_description: Record task results as lines of JSON
description:
  - Appends each result to the file named by the environment variable RECORD_FILE.
  - Kills Ansible once as many results are there as RECORD_KILL_AFTER says, before it goes on to anything else.
"""


class CallbackModule(CallbackBase):
    """One line for each host and task: host, task, action, status, result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result):
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._record("unreachable", result)

    @staticmethod
    def _record(status, result):
        # ansible-core before 2.19 knows only the names with an underscore.
        host, task, data = (getattr(result, name, None) or getattr(result, f"_{name}") for name in _PARTS)
        line = {
            "host": host.get_name(),
            "task": task.get_name().rpartition(" : ")[2],
            "action": task.action,
            "status": status,
            "result": dict(data),
        }
        record = Path(os.environ["RECORD_FILE"])
        with record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
        if len(record.read_bytes().splitlines()) == int(os.environ.get("RECORD_KILL_AFTER", "-1")):
            os.kill(os.getpid(), signal.SIGKILL)


_PARTS = ("host", "task", "result")
