# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the demo promises is looked at, and ends it when it is not kept."""

from __future__ import annotations

from pathlib import Path

from showcase import workspace
from showcase.errors import DemoError


def expect(kept: bool, otherwise: str, log: Path | None = None) -> None:
    """Go on if a promise was kept.

    :raises DemoError: it was not; the text is *otherwise*, and the end of *log*.
    """
    if kept:
        return
    if log is None:
        raise DemoError(otherwise)
    raise DemoError("\n".join([f"{otherwise} The end of {workspace.shown(log)}:", *workspace.log_tail(log)]))
