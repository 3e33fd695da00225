# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contents of files on their way to the module on the relay: on one line, without anything that escaping changes.

Ansible blanks a secret in what it logs only where it finds it as it was given, not an escaped form of it. And it blanks
each occurrence of it in a result, which nobody could read where a content is a common word.
"""

from __future__ import annotations

import base64


def seal(content: str) -> str:
    """A content as the action hands it over."""
    return base64.b64encode(content.encode("utf-8", "surrogateescape")).decode()


def unseal(sealed: str) -> bytes:
    """The content again, as it is written."""
    return base64.b64decode(sealed)
