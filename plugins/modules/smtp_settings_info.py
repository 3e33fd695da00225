#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_settings_info
short_description: Tell the SMTP settings of a WeEstimate instance
version_added: 0.1.0
description:
  - Reads the SMTP program options of one WeEstimate instance, who changed them last by the journal, and whether they
    were edited by hand since.
  - With O(discover=true) it also looks at the database without trusting the layout, and suggests one.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
  - weestimate.mail.instance
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
  discover:
    description:
      - Also return the tables, the columns of the table that looks most like C(programOption), the rows of its SMTP
        group with secrets masked, and a layout to copy into O(layout).
      - Then a layout that does not match is a finding and not a failure.
    type: bool
    default: false
seealso:
  - module: weestimate.mail.smtp_settings
"""

EXAMPLES = r"""
- name: Read the settings of an instance
  weestimate.mail.smtp_settings_info:
    store:
      driver: mssql
      host: sql01.example.com
      database: WeEstimate
      user: weestimate_read
      password: "{{ vault_database_password }}"
  register: current

- name: Find out how this installation spells its options
  weestimate.mail.smtp_settings_info:
    store: "{{ weestimate_store }}"
    discover: true
  register: found

- name: Show the layout to state
  ansible.builtin.debug:
    msg: "{{ found.discovery.suggested_layout_yaml }}"
"""

RETURN = r"""
settings:
  description: The settings by canonical name; the password is V((set\)) or V((blank\)).
  returned: when the layout matches
  type: dict
  sample:
    smtp_mail_enabled: true
    smtp_address: smtp.office365.com
    smtp_port: 587
    smtp_password: (set)
missing_options:
  description: The options that have no row in the table, as older versions of WeEstimate may lack some.
  returned: when the layout matches
  type: list
  elements: str
  sample: [include_mpoc_recipient]
layout:
  description: The layout in force, defaults included.
  returned: when the layout matches
  type: dict
  sample:
    table: {schema: dbo, name: programOption}
    columns: {group: optionGroup, key: optionName, value: optionValue}
    group: SMTP
    keys:
      smtp_mail_enabled: SMTP Mail Enabled
      smtp_address: SMTP Address
      smtp_port: SMTP Port
      use_ssl: Use SSL
      smtp_user: SMTP User
      smtp_password: SMTP Password
      enable_smtp_send_as: Enable SMTP Send As
      smtp_connect_as: SMTP Connect As
      send_smtp_to_self: Send SMTP to Self
      use_smtp_email: Use SMTP Email
      include_mpoc_recipient: Include MPOC as a Recipient When Sending a QP
    booleans: {'true': 'TRUE', 'false': 'FALSE'}
last_change:
  description: The newest entry of the journal; null when there is none.
  returned: when the layout matches
  type: dict
  sample:
    id: 7
    changed_at: '2026-11-20T08:15:00+00:00'
    changed_by: deploy@controller
    run: https://git.example.com/ops/mail/-/jobs/4711
    profile: office365
    kind: change
    state: open
    changed_options: [smtp_password]
edited_since:
  description: The options that no longer are as the last recorded change left them; edited by hand, then.
  returned: when the layout matches
  type: list
  elements: str
  sample: [smtp_port]
password_changed_at:
  description: When the password was last changed by what the journal records; null if it does not know.
  returned: when the layout matches
  type: str
  sample: '2026-11-20T08:15:00+00:00'
window:
  description: The document window on the instance, as in RV(weestimate.mail.smtp_window#module:window); null if none.
  returned: when the layout matches
  type: dict
  sample:
    id: 5f0c6f1e2d4b4a7c9e8f7a6b5c4d3e2f
    holder: alice@deploy.example.com
    run: https://ci.example.com/jobs/4711
    reason: Quotes of the October campaign
    document_profile: documents
    opened_at: '2026-11-22T08:15:00+00:00'
    until: '2026-11-22T09:15:00+00:00'
    phase: open
    expired: false
mismatch:
  description: Why the layout does not match, with the C(error_code) that a failure would have.
  returned: with O(discover=true), when the layout does not match
  type: dict
  sample:
    error_code: column_missing
    msg: >-
      WeEstimate on sql01.example.com has no such column. State layout.table and layout.columns as they are;
      smtp_settings_info with discover=true shows them.
    remedy: >-
      State layout.table and layout.columns as they are; smtp_settings_info with discover=true shows them.
discovery:
  description: What the database looks like.
  returned: with O(discover=true)
  type: dict
  contains:
    tables:
      description: All tables of the database.
      type: list
      elements: str
      sample: [dbo.programOption, dbo.weestimateMailJournal]
    table:
      description: The one that looks most like the table of the options.
      type: str
      sample: programOption
    columns:
      description: Its columns.
      type: list
      elements: str
      sample: [optionGroup, optionName, optionValue]
    rows:
      description:
        - The rows of the SMTP group.
        - Only known options show their values; anything that may be a secret is masked.
      type: list
      elements: dict
      sample:
        - {key: SMTP Address, value: smtp.office365.com}
        - {key: SMTP Password, value: (set)}
    suggested_layout:
      description: The layout that these findings suggest; null when nothing was recognised. Check it before use.
      type: dict
      sample:
        table: {schema: dbo, name: programOption}
        columns: {group: optionGroup, key: optionName, value: optionValue}
        group: SMTP
        keys:
          smtp_mail_enabled: SMTP Mail Enabled
          smtp_address: SMTP Address
          smtp_port: SMTP Port
          use_ssl: Use SSL
          smtp_user: SMTP User
          smtp_password: SMTP Password
          enable_smtp_send_as: Enable SMTP Send As
          smtp_connect_as: SMTP Connect As
          send_smtp_to_self: Send SMTP to Self
          use_smtp_email: Use SMTP Email
          include_mpoc_recipient: Include MPOC as a Recipient When Sending a QP
        booleans: {'true': 'TRUE', 'false': 'FALSE'}
    suggested_layout_yaml:
      description: The same as YAML, to be copied into a playbook or group_vars.
      type: str
      sample: |
        table:
          schema: dbo
          name: programOption
        columns:
          group: optionGroup
          key: optionName
          value: optionValue
        group: SMTP
        keys:
          smtp_mail_enabled: SMTP Mail Enabled
          smtp_address: SMTP Address
          smtp_port: SMTP Port
          use_ssl: Use SSL
          smtp_user: SMTP User
          smtp_password: SMTP Password
          enable_smtp_send_as: Enable SMTP Send As
          smtp_connect_as: SMTP Connect As
          send_smtp_to_self: Send SMTP to Self
          use_smtp_email: Use SMTP Email
          include_mpoc_recipient: Include MPOC as a Recipient When Sending a QP
        booleans:
          'true': 'TRUE'
          'false': 'FALSE'
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_SETTINGS_INFO
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError


def main() -> None:
    """Read on the target."""
    module = AnsibleModule(argument_spec=SMTP_SETTINGS_INFO, supports_check_mode=True)
    try:
        module.exit_json(**commands.smtp_settings_info(module.params))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
