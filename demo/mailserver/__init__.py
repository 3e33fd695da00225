# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail server for the demo and the tests: an internal relay beside an authenticated one that judges the From header.

The authenticated listeners answer as Exchange Online does where its behaviour matters to WeEstimate. Received mails
are kept as files. Needs aiosmtpd, and cryptography for the demo's certificates.
"""

from __future__ import annotations
