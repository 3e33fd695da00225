# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are there as a whole or not at all, whoever looks and whatever is killed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError

#: Of a file that only its owner may read, and of one that anybody may whom the umask lets.
PRIVATE, PUBLIC = 0o600, 0o666


def write_whole(path: Path, text: Iterable[str], mode: int) -> None:
    """Write the pieces of a text and put the file in its place, folders included. Raises ``report_unusable``."""
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # The folder of what only the owner may read is nobody else's either.
        path.parent.mkdir(mode=0o700 if mode == PRIVATE else 0o777, parents=True, exist_ok=True)
        try:
            handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.writelines(text)
            passing.replace(path)
        finally:
            with suppress(OSError):
                passing.unlink()
    except OSError as error:
        raise MailSettingsError(
            "report_unusable",
            f"{path} cannot be written: {error.strerror or type(error).__name__}.",
            "Make room, or name a folder that may be written to.",
        ) from None
