# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules see beside the settings as given: folded host names, and facts that JSON Schema cannot derive."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any


def folded(settings: Any) -> Any:
    """Host names compare without case and without the root's dot, so rules see them in one form."""
    if not isinstance(settings, Mapping) or not isinstance(settings.get("smtp_address"), str):
        return settings
    return {**settings, "smtp_address": settings["smtp_address"].lower().removesuffix(".")}


def _address_is_public_ip(settings: Mapping[str, Any]) -> bool | None:
    try:
        address = ipaddress.ip_address(str(settings.get("smtp_address", "")))
    except ValueError:
        return None
    return (getattr(address, "ipv4_mapped", None) or address).is_global


def _connect_as_is_user(settings: Mapping[str, Any]) -> bool | None:
    connect_as, user = settings.get("smtp_connect_as"), settings.get("smtp_user")
    return str(connect_as).casefold() == str(user).casefold() if connect_as and user else None


#: The derived facts that facts.schema.json documents; None where the settings do not tell.
FACTS = {"address_is_public_ip": _address_is_public_ip, "connect_as_is_user": _connect_as_is_user}


def with_facts(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings as the rules of a result see them."""
    seen = folded(settings)
    facts = {name: fact(seen) for name, fact in FACTS.items()}
    return {**seen, "facts": {name: value for name, value in facts.items() if value is not None}}


def with_folded_settings(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    """A profile as its rules see it; it has no derived facts, since its settings name options only."""
    return {**profile, "settings": folded(profile["settings"])} if "settings" in profile else profile
