# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules in the order in which they are tried; the first that fits decides.

The order is that of certainty: a sentence about encryption or about the sender's rights is taken before a general one
about recipients, limits or a bad moment, which servers like to append to any answer, and any words before a bare code.
"""

from __future__ import annotations

from . import client, codes, login, sending

RULES = (
    client.VERSION,
    *client.ENCRYPTION,
    *login.ENCRYPTION,
    *client.HANDSHAKE,
    *codes.PROVIDERS,
    *login.RULES,
    *sending.WORDS,
    *client.NETWORK,
    *login.GENERAL,
    *sending.GENERAL,
    *codes.REGISTRY,
    *codes.REPLY_CODES,
)
