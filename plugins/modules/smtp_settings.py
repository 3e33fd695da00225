#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_settings
short_description: Apply SMTP settings to a WeEstimate instance
version_added: 0.1.0
description:
  - Makes the SMTP program options of one WeEstimate instance what is declared, and nothing else. Options that are not
    named stay as they are.
  - What would result, stored and declared settings together, is validated against the collection's JSON Schema before
    anything is written.
  - All options that differ are written in one transaction, each only if it still holds the value that was read. A
    crash leaves all old or all new values; an edit that somebody else makes meanwhile is reported, never overwritten.
  - If the address, the port, the encryption or the user changes, the stored password is not kept, because it would be
    sent to where it was not given for. Pass O(settings.smtp_password) with such a change.
  - While somebody holds a document window on the instance, see M(weestimate.mail.smtp_window), the task is refused with
    the code C(window_open). A window whose deadline is over is closed first.
  - The approval server reads the settings only when it starts, and open WeEstimate clients keep the old ones. The role
    P(weestimate.mail.weestimate_smtp#role) recycles the approval server.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
  - weestimate.mail.instance
  - weestimate.mail.conversation.probe
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  settings:
    description:
      - The declared settings.
      - With O(state=restored), only O(settings.smtp_password) is looked at.
    type: dict
    suboptions:
      smtp_mail_enabled:
        description: SMTP Mail Enabled, the master switch for all mail of WeEstimate.
        type: bool
      smtp_address:
        description: SMTP Address, the host name or IP address of the mail server, without scheme and port.
        type: str
      smtp_port:
        description: SMTP Port. 587 for submission, 25 for an internal relay, 465 for implicit TLS (legacy).
        type: int
      use_ssl:
        description: Use SSL. Means STARTTLS on ports 587 and 25, and implicit TLS on port 465.
        type: bool
      smtp_user:
        description: SMTP User, usually a full mail address. V('') for a relay that does not ask for a login.
        type: str
      smtp_password:
        description:
          - SMTP Password, an app password where the account has MFA. V('') for a relay that does not ask for a login.
          - It appears in no result, difference, warning or error.
        type: str
      enable_smtp_send_as:
        description:
          - Enable SMTP Send As. When on, mail is from O(settings.smtp_connect_as) with the acting user as Reply-To;
            when off, mail is from the acting user.
        type: bool
      smtp_connect_as:
        description: SMTP Connect As, the From address with Send As. The SMTP User needs Send As rights on it.
        type: str
      send_smtp_to_self:
        description: Send SMTP to Self. The acting user also receives the document mail.
        type: bool
      use_smtp_email:
        description: Use SMTP Email. When off, a document opens in Outlook instead of being sent.
        type: bool
      include_mpoc_recipient:
        description: Include MPOC as a Recipient When Sending a QP.
        type: bool
  state:
    description:
      - V(present) applies O(settings).
      - V(restored) goes back to the values before the last recorded change, the password included. It needs the
        journal. A second run changes nothing.
      - V(confirmed) declares the last recorded change proven; the former password is then deleted from the journal.
    type: str
    default: present
    choices: [present, restored, confirmed]
  update_password:
    description:
      - V(always) makes the stored password equal to the given one.
      - V(on_create) sets it only where the stored one is blank.
      - V(never) leaves it alone.
    type: str
    default: always
    choices: [always, on_create, never]
  create_missing:
    description: Add the row of an option that the table does not have, instead of refusing.
    type: bool
    default: false
  profile:
    description: A label for the journal, usually the profile that the settings come from.
    type: str
  changed_by:
    description: Who makes the change, for the journal. The default is C(user@host) of the controller.
    type: str
  run:
    description: Which run makes the change, for the journal, for example the address of a pipeline's job.
    type: str
  report_unconfirmed:
    description:
      - Tell in RV(unconfirmed) when the last recorded change was never declared proven by O(state=confirmed), for
        example because a run was interrupted between the change and its test.
      - It asks the journal, also when nothing changes.
    type: bool
    default: false
    version_added: 0.2.0
  journal_id:
    description:
      - The change that is to be restored or confirmed, as RV(journal_id) told it. If somebody has changed the settings
        since, the task fails instead of restoring or confirming theirs.
      - The default is the last recorded change, whatever it is.
    type: int
    version_added: 0.2.0
seealso:
  - module: weestimate.mail.smtp_settings_info
  - module: weestimate.mail.smtp_profile
  - module: weestimate.mail.smtp_window
  - module: weestimate.mail.smtp_test
"""

EXAMPLES = r"""
- name: Send approval mail through Exchange Online
  weestimate.mail.smtp_settings:
    store:
      driver: mssql
      host: sql01.example.com
      database: WeEstimate
      user: weestimate_deploy
      password: "{{ vault_database_password }}"
    settings:
      smtp_mail_enabled: true
      smtp_address: smtp.office365.com
      smtp_port: 587
      use_ssl: true
      smtp_user: notifications@example.com
      smtp_password: "{{ vault_mailbox_password }}"
      enable_smtp_send_as: true
      smtp_connect_as: notifications@example.com
    profile: office365
    run: "{{ lookup('ansible.builtin.env', 'CI_JOB_URL') }}"

- name: Rotate the password, provided that the mail server takes the new one
  weestimate.mail.smtp_settings:
    store: "{{ weestimate_store }}"
    settings:
      smtp_password: "{{ vault_mailbox_password }}"
    probe: {}

- name: See what would change, without changing it
  weestimate.mail.smtp_settings:
    store: "{{ weestimate_store }}"
    settings:
      send_smtp_to_self: true
  check_mode: true
  diff: true

- name: Use an internal relay that asks for no login
  weestimate.mail.smtp_settings:
    store: "{{ weestimate_store }}"
    settings:
      smtp_address: smtp-relay.example.com
      smtp_port: 25
      use_ssl: false
      smtp_user: ''
      smtp_password: ''
      enable_smtp_send_as: false

- name: State how this installation spells its options
  weestimate.mail.smtp_settings:
    store: "{{ weestimate_store }}"
    layout:
      columns:
        group: Category
        key: Code
        value: Setting
      booleans:
        'true': 'Y'
        'false': 'N'
    settings:
      send_smtp_to_self: false

- name: Go back to what was in force before the last change
  weestimate.mail.smtp_settings:
    store: "{{ weestimate_store }}"
    state: restored
"""

RETURN = r"""
changed_options:
  description: The options that were changed, or would be in check mode, sorted.
  returned: success
  type: list
  elements: str
  sample: [smtp_address, smtp_password]
settings:
  description:
    - The settings that the instance holds, or would hold, by canonical name.
    - The password is V((set\)) or V((blank\)).
  returned: success
  type: dict
  sample:
    smtp_mail_enabled: true
    smtp_address: smtp.office365.com
    smtp_port: 587
    use_ssl: true
    smtp_user: notifications@example.com
    smtp_password: (set)
    enable_smtp_send_as: true
    smtp_connect_as: notifications@example.com
recycle_required:
  description: Whether the approval server has to be recycled for the settings to take effect.
  returned: success
  type: bool
  sample: true
journal_id:
  description: The number of the entry in the journal; null when nothing was recorded.
  returned: success
  type: int
  sample: 7
advice:
  description: What the vendor recommends and these settings do not follow; each is a warning too.
  returned: success, with O(state=present)
  type: list
  elements: dict
  sample:
    - advice: office365_without_send_as
      path: enable_smtp_send_as
      rule: Office 365 without Send As
      reason: >-
        Without Send As each mail is from the acting user; Office 365 refuses a From that SMTP User has no rights on,
        and approval mail fails.
      remedy: >-
        Set enable_smtp_send_as to true and smtp_connect_as to the mailbox, or give SMTP User Send As rights on every
        user of WeEstimate.
unconfirmed:
  description: The entry of the journal that was never declared proven; null if there is none, or a new one was made.
  returned: with O(report_unconfirmed=true), on success with O(state=present)
  type: dict
  sample:
    id: 7
    changed_at: '2026-11-22T08:15:00+00:00'
    changed_by: alice@deploy.example.com
    run: https://ci.example.com/jobs/4711
    profile: office365
    kind: change
    state: open
    changed_options: [smtp_password]
window_closed:
  description:
    - The document window that was found past its deadline, or closing already, and whose settings this task put back
      before anything else; as in RV(weestimate.mail.smtp_window#module:window).
    - RV(recycle_required) is then true also where the settings already were as declared. The window stays C(closing)
      until M(weestimate.mail.smtp_window) with C(state=closed).
  returned: if there was one, on success and on a failure after it
  type: dict
  sample: &window
    id: 5f0c6f1e2d4b4a7c9e8f7a6b5c4d3e2f
    holder: alice@deploy.example.com
    run: https://ci.example.com/jobs/4711
    reason: Quotes of the October campaign
    document_profile: documents
    opened_at: '2026-11-22T08:15:00+00:00'
    until: '2026-11-22T09:15:00+00:00'
    phase: closing
    expired: true
window:
  description: The document window that somebody holds, as in RV(weestimate.mail.smtp_window#module:window).
  returned: failure with RV(error_code=window_open)
  type: dict
  sample: *window
stages:
  description: How far the probe got, as in RV(weestimate.mail.smtp_test#module:stages).
  returned: failure with RV(error_code=candidate_refused)
  type: list
  elements: dict
  sample:
    - name: auth
      status: failed
      elapsed_ms: 812.4
      reply_code: 535
      enhanced_code: 5.7.3
      detail: Authentication unsuccessful
failed_stage:
  description: The stage at which the probe failed.
  returned: failure with RV(error_code=candidate_refused)
  type: str
  sample: auth
diagnosis:
  description: What is wrong, who can mend it and how, as in RV(weestimate.mail.smtp_test#module:diagnosis).
  returned: failure with RV(error_code=candidate_refused)
  type: dict
  sample:
    cause: auth_bad_credentials
    owner: WeEstimate administrator
    summary: The mail server does not accept SMTP User with SMTP Password.
    remedy:
      - "Verify the format of SMTP User: usually the full mail address."
      - Confirm SMTP Password by signing in with it elsewhere; set it again after each change.
    permanent: true
    evidence: 535 5.7.3 Authentication unsuccessful
    confidence: high
state:
  description: What the instance holds now; V(unchanged), its former settings.
  returned: failure with RV(error_code=candidate_refused)
  type: str
  sample: unchanged
tls:
  description: The encryption and the certificate that the probe met, as in RV(weestimate.mail.smtp_test#module:tls).
  returned: failure with RV(error_code=candidate_refused)
  type: dict
  sample:
    protocol: TLSv1.3
    cipher: TLS_AES_256_GCM_SHA384
    subject: CN=mail.example.com
    issuer: CN=Example CA
    expires_at: '2027-01-24T00:00:00+00:00'
    expires_in_days: 61
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: redirect_without_password
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: "Pass settings.smtp_password with this change: the password for the new place, or '' for none."
violations:
  description: Every rule that is broken, with the place and the remedy.
  returned: failure with RV(error_code=schema_invalid)
  type: list
  elements: dict
  sample:
    - path: settings.smtp_port
      rule: SMTP Port is a whole number from 1 to 65535
      reason: Found 70000.
      remedy: Write the port of the mail server; 587 is usual with a login, 25 for an internal relay.
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_SETTINGS
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError


def main() -> None:
    """Work on the target; the action plugin of the same name has validated what would result."""
    module = AnsibleModule(argument_spec=SMTP_SETTINGS, supports_check_mode=True)
    try:
        module.exit_json(
            **commands.smtp_settings(module.params, check_mode=module.check_mode, approve=lambda _plan: {})
        )
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
