# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception of the demo: it did not go as promised, and why."""

from __future__ import annotations


class DemoError(Exception):
    """Something is missing or went otherwise than promised; the text is for a person and holds no secret."""
