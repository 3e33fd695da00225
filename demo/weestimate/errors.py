# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception of the package: something the caller asked for cannot be done, in one sentence."""

from __future__ import annotations


class WeEstimateError(Exception):
    """A refused request or a failed operation; the text is meant for a person and never holds a secret."""
