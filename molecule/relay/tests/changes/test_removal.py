# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An upstream is removed while mail waits for it, which has noted that way: it goes by the routes again."""

from __future__ import annotations

import yaml
from hosts import CUSTOMER, OTHER_USER, QUOTES, SCENARIO, compose

DECLARED = yaml.safe_load((SCENARIO / "inventory/group_vars/weestimate_relay/relay.yml").read_text(encoding="utf-8"))
REMAINING = {
    "weestimate_relay_upstreams": {
        name: each for name, each in DECLARED["weestimate_relay_upstreams"].items() if name != "quotes"
    },
    "weestimate_relay_routes": [each for each in DECLARED["weestimate_relay_routes"] if each["upstream"] != "quotes"],
}
DOOR = 5871


def test_what_waits_for_an_upstream_that_is_removed_takes_another_way(play, relays, upstream):
    message = compose(OTHER_USER, CUSTOMER)
    with upstream.closed(DOOR):
        relays["bookworm"].submit(message)
        relays["bookworm"].deferred(message)
        done = play("converge.yml", "--limit=bookworm", **REMAINING)
        assert done.status == 0, done.shown
        mail = upstream.arrived(message)
    # It had been rewritten for the one that is gone.
    assert (mail.message["From"], mail.message["Reply-To"], mail.login) == (QUOTES, OTHER_USER, None)
    done = play("converge.yml", "--limit=bookworm")
    assert done.status == 0, done.shown
