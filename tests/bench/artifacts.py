# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a made-up fleet with something of everything, in all its formats, from a ``drift.json``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import made_reports
import report
from measure import run
from playbook import BenchError

PLAYBOOK = "weestimate.mail.report"

_FILES = ("drift.html", "drift.json", "drift.md", "drift.xml")

#: Seconds for 10,000 instances; fewer have to be done in that time too.
_LIMIT = 10


def measure(folder: Path, instances: int) -> report.Finding:
    """Write the report on so many instances with the playbook, the start of Ansible included.

    :raises BenchError: it failed, or left a file out.
    """
    source, dest, log = folder / "source.json", folder / "report", folder / "report.log"
    source.write_text(json.dumps(made_reports.report(instances)), encoding="utf-8")
    given = {
        "weestimate_smtp_report_source": str(source),
        "weestimate_smtp_report_dir": str(dest),
        "weestimate_smtp_report_formats": ["html", "json", "junit", "markdown"],
    }
    try:
        cost = run(["ansible-playbook", "--inventory", "localhost,", "--extra-vars", json.dumps(given), PLAYBOOK], log)
    except subprocess.CalledProcessError as error:
        raise BenchError(f"{PLAYBOOK} failed:\n{log.read_text(encoding='utf-8')}") from error
    sizes = {file.name: file.stat().st_size for file in dest.iterdir()}
    if sorted(sizes) != list(_FILES):
        raise BenchError(f"{PLAYBOOK} has written {', '.join(sorted(sizes))}.")
    lines = [
        f"wall {cost.wall:.1f} s, CPU {cost.cpu:.1f} s, {cost.memory:.0f} MiB",
        ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in sorted(sizes.items())),
    ]
    target = report.Target(f"report, {instances:,} instances: seconds", cost.wall, _LIMIT)
    return report.Finding(f"The report on {instances:,} instances, all formats. A single run", lines, [target])
