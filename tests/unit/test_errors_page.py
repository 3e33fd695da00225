# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of errors and the codes themselves say the same."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.weestimate.mail.plugins.module_utils.errors import CODES

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_lists_every_code_in_its_order_with_its_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert [code for code, _meaning in rows] == list(CODES)
    assert [code for code, meaning in rows if not meaning.startswith(CODES[code])] == []
