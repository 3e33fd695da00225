# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules have in common towards Ansible."""

from __future__ import annotations


class ModuleDocFragment:
    """Used as ``weestimate.mail.attributes``."""

    DOCUMENTATION = r"""
attributes:
  action:
    description: Indicates that this has a corresponding action plugin, so that it works without touching the target.
    support: full
  check_mode:
    description: Can run in C(check_mode) and return a prediction of the change without making it.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), with secrets masked.
  idempotent:
    description: Changes nothing, and reports no change, when run again with the same arguments.
  platform:
    description: The platforms that the inventory host may run.
    platforms: all
    support: full
"""
