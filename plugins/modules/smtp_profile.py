# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of plugins/action/smtp_profile.py, which does all of the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_profile
short_description: Resolve a mail profile to settings
version_added: 0.1.0
description:
  - Finds a profile on the controller, renders it with the host's variables, lays further settings over it, and checks
    the outcome. The settings that it returns are for M(weestimate.mail.smtp_settings).
  - A profile is a file C(<name>.yml.j2), C(.yaml.j2), C(.yml) or C(.yaml). It is a template in any case, and renders to
    a mapping with C(settings) and, if you like, a C(description).
  - Each value that comes from a variable should go through C(to_json), so that no character of it can break the YAML.
  - A profile holds no password. Give it to M(weestimate.mail.smtp_settings), or to the role as
    C(weestimate_smtp_password).
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  check_mode:
    support: full
    details: It never changes anything.
  diff_mode:
    support: N/A
    details: It never changes anything.
  idempotent:
    support: full
options:
  name:
    description:
      - The name of the profile, without a path or an extension.
      - Without a name, O(settings) are checked and returned alone.
    type: str
  dirs:
    description:
      - The directories to search; the first one that has the profile wins. A relative path starts at the directory of
        the playbook.
    type: list
    elements: path
    default: []
  settings:
    description:
      - Options by canonical name, as in O(weestimate.mail.smtp_settings#module:settings), which win over those of the
        profile. A null is as if it was not written.
    type: dict
requirements:
  - jsonschema >= 4.18 on the controller
seealso:
  - module: weestimate.mail.smtp_settings
"""

EXAMPLES = r"""
- name: Resolve a profile of the site, on another port
  weestimate.mail.smtp_profile:
    name: branch_relay
    dirs:
      - "{{ playbook_dir }}/profiles"
    settings:
      smtp_port: 2525
  register: resolved

- name: Apply it with the password from the vault
  weestimate.mail.smtp_settings:
    settings: "{{ resolved.settings | combine({'smtp_password': vault_smtp_password}) }}"
    store:
      driver: sqlite
      path: /srv/weestimate/instance.db
"""

RETURN = r"""
settings:
  description:
    - The settings by canonical name, with the types that the options have.
    - Beside a blank C(smtp_user) there is a blank C(smtp_password), so that none of an earlier server stays behind.
  returned: success
  type: dict
  sample:
    smtp_mail_enabled: true
    smtp_address: smtp.office365.com
    smtp_port: 587
    use_ssl: true
    smtp_user: notifications@example.com
file:
  description: The file of the profile; null without a name.
  returned: success
  type: str
  sample: /srv/playbooks/profiles/branch_relay.yml.j2
advice:
  description: What is allowed but unwise in these settings, each with its reason and what to do.
  returned: success
  type: list
  elements: dict
  sample:
    - advice: port_465
      path: smtp_port
      rule: Port 465 is for older servers
      reason: >-
        The vendor calls it legacy SSL: it needs implicit TLS on both sides, and a server that expects STARTTLS answers
        with a TLS error.
      remedy: Use smtp_port 587 with use_ssl where the server offers it.
error_code:
  description:
    - V(profile_missing), V(profile_invalid) or V(schema_invalid); further keys of the result are the C(remedy) and,
      where they apply, the C(violations), the directories C(searched) and the profiles C(available) there.
  returned: failure
  type: str
  sample: profile_missing
"""
