# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``weestimate.mail.smtp_password_age``: for how many days a password has been in force."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.weestimate.mail.plugins.plugin_utils.age import password_age


def smtp_password_age(changed_at: str | None) -> int | None:
    """The age of a password as `smtp_password_age.yml` documents it."""
    try:
        return password_age(changed_at, datetime.now(timezone.utc))
    except (AttributeError, TypeError, ValueError):
        raise AnsibleFilterError(f"smtp_password_age: {changed_at!r} is not a time in ISO 8601.") from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Any]:
        return {"smtp_password_age": smtp_password_age}
