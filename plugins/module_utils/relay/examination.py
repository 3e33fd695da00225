# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be found out about a relay on the relay itself: of Postfix, its doors, its queue, and each upstream."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from . import doors, queue, upstream
from .asking import ask


def examine(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, by the arguments of ``relay_doctor``. What they mean is judged on the controller.

    :raises MailSettingsError: ``relay_unwell``, where Postfix does not tell of its queue or its configuration.
    """
    planned = arguments["upstreams"]
    examined = partial(upstream.examine, timeout=arguments["timeout"])
    # Each is asked at the same time: one that does not answer holds no other up.
    with ThreadPoolExecutor(max_workers=max(1, len(planned))) as pool:
        upstreams = list(pool.map(examined, planned))
    return {
        "runs": ask(["postfix", "status"]).status == 0,
        # A configuration on trial has mail wait that is refused for good (the role weestimate_relay).
        "on_trial": ask(["postconf", "-hx", "soft_bounce"]).output.strip() == "yes",
        **doors.examine(arguments["certificate"], arguments["login_socket"]),
        "queue": queue.summary(queue.listing()),
        "upstreams": upstreams,
    }
