#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_config
short_description: Switch the configuration of a relay as one, or leave it as it was
version_added: 0.4.0
description:
  - Brings a set of files into force as one. They are checked before, and put back if the relay does not come up.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
"""

RETURN = r"""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_CONFIG
from ansible_collections.weestimate.mail.plugins.module_utils.relay.configuration import relay_config


def main() -> None:
    """Work on the relay; the action plugin of the same name has validated the arguments and sealed the contents."""
    module = AnsibleModule(argument_spec=RELAY_CONFIG, supports_check_mode=True)
    try:
        module.exit_json(**relay_config(module.params, check_mode=module.check_mode))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
