# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the front desk knows by itself; the rest of it is tested with the actions."""

from __future__ import annotations

import os
import socket

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import author


def test_the_author_is_who_runs_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "deploy")
    assert author() == f"deploy@{socket.gethostname()}"


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_004_711)
    assert author() == f"4000004711@{socket.gethostname()}"
