# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings of one run on their way from the examined instances and relays to the report: one small file for each.

Each is examined by a process of its own, and what Ansible keeps of a host costs memory and time for each
further host that asks for it. A folder is what they have in common.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible import constants

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.files import PRIVATE, write_whole


def keep(folder: str, finding: Mapping[str, Any]) -> Path:
    """Write a finding in the place of any former one on the same; its file. Raises ``report_unusable``."""
    # One host may be both.
    file = _file(folder, finding["instance"] if "instance" in finding else f"relay {finding['relay']}")
    write_whole(file, [json.dumps(finding)], PRIVATE)
    return file


def known(folder: str | None, instance: str) -> dict[str, Any] | None:
    """The finding on an instance that is kept already, if there is one."""
    file = _file(folder, instance) if folder else None
    return _read(file) if file and file.exists() else None


def take(folder: str) -> Iterator[dict[str, Any]]:
    """All findings, each removed as it is taken, so that another examination in the same run begins with none."""
    for file in sorted(_place(folder).glob("*.json")):
        yield _read(file)
        file.unlink()


def _file(folder: str, subject: str) -> Path:
    # A name of the inventory may hold what no file's may, and be longer.
    return _place(folder) / f"{hashlib.sha256(subject.encode('utf-8', 'surrogatepass')).hexdigest()}.json"


def _place(folder: str) -> Path:
    """A relative folder lies among this run's own temporary files, which Ansible removes when it ends."""
    return Path(constants.DEFAULT_LOCAL_TMP) / Path(folder).expanduser()


def _read(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MailSettingsError(
            "report_unusable",
            f"The finding {file} cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}.",
            "Run the examination again.",
        ) from None
