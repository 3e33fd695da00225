# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test mail from each of many instances, against a play that somebody would write with community.general.mail.

The play by hand sends with what its variables say; it neither reads what the instances hold nor checks the server's
certificate, because that module cannot. The collection's play does both.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import post
import report
from instances import Site
from playbook import BenchError, compare

_BASELINE = "mail"
_TITLES = {"mail": "community.general.mail, by hand", "smtp_test": "smtp_test"}
_LIMIT = 0.5


def measure(folder: Path, instances: int, forks: int, repetitions: int) -> report.Finding:
    """Send from *instances* instances so often, *forks* at a time.

    :raises BenchError: a run failed, or not every instance has sent its mail.
    """
    title = f"Test mail from many instances. Medians of {repetitions} runs"
    if not _installed("community.general"):
        return report.Finding(
            title, ["Left out: Ansible does not find the collection community.general, which `make bench` brings."]
        )
    with post.running(folder / "post") as server:
        site = Site(folder / "site", instances, server.variables())
        site.install(server.options())
        costs = compare(_TITLES, site, forks, repetitions)
        expected = repetitions * len(_TITLES) * instances
        if server.count() != expected:
            raise BenchError(f"{server.count()} mails arrived instead of {expected}.")
    ratio = costs["smtp_test"].wall / costs[_BASELINE].wall
    targets = [report.Target(f"smtp_test, {instances:,} instances: times the play by hand", ratio, _LIMIT)]
    return report.Finding(title, list(report.table({instances: costs}, _TITLES, _BASELINE)), targets)


def _installed(collection: str) -> bool:
    """Whether Ansible finds *collection*."""
    command = ["ansible-galaxy", "collection", "list", collection]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
