# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short words for a conversation with a scripted server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.dialogue import (
    Login,
    Report,
    Route,
    Trust,
    converse,
)
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.message import Outgoing

NOBODY = Login("", "")
ANN = Login("ann@example.com", "correct horse battery")
MAIL = Outgoing("ann@example.com", ("bob@example.org",), b"Subject: Test\r\n\r\nHello\r\n", "0815")

#: Seconds that a conversation may take beyond its deadline: threads that wake up late, on a busy machine.
_GRACE = 0.6


def talk(
    server: Any,
    mode: str = "plain",
    *,
    trust: Trust = Trust(verify=False),  # noqa: B008 - it cannot be changed
    login: Login = NOBODY,
    mail: Outgoing | None = MAIL,
    stop_after: str = "message",
    timeout: float = 5,
) -> Report:
    """Converse with *server*, and hold the conversation to its deadline."""
    with held_to(timeout + _GRACE):
        return converse(Route(server.host, server.port, mode), trust, login, mail, stop_after, timeout)


@contextmanager
def held_to(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer."""
    started = time.monotonic()
    yield
    taken = time.monotonic() - started
    assert taken < seconds, f"took {taken:.2f} s instead of less than {seconds:.2f} s"


def status(report: Report) -> dict[str, str]:
    """What became of each stage."""
    return {stage.name: stage.status for stage in report.stages}


def stage(report: Report, name: str) -> Any:
    """One stage by its name."""
    return next(stage for stage in report.stages if stage.name == name)
