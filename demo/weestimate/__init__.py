# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An embedded WeEstimate: the program options of an instance, and its approval server.

It stands in for the real product in the demo and in the tests, with the standard library alone, on Python 3.9 or
newer. It behaves as the vendor documents it: the settings live in the table programOption, the approval server reads
them once, when it starts, and two kinds of mail leave it. Where the vendor says nothing (column names, the words for
booleans) it follows the documented default layout of the collection.
"""

from __future__ import annotations
