#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_test
short_description: Prove that mail of a WeEstimate instance leaves and arrives
version_added: 0.2.0
description:
  - Speaks to the mail server with the settings that the instance holds, as WeEstimate would, sends a test mail, and on
    demand waits for it in a mailbox.
  - A failure names the stage, the cause, who can mend it and how, and fails the task, so that a pipeline stops.
  - The stages are C(settings), C(dns), C(connect), C(banner), C(ehlo), C(tls), C(auth), C(mail_from), C(rcpt_to),
    C(data), C(accepted) and C(delivered). A refused recipient is a failure, even if others are accepted.
  - A password is not sent over a connection without encryption, except to a relay that O(allow_plaintext_password_to)
    names. It is never shown.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
  - weestimate.mail.instance.examined
  - weestimate.mail.conversation
attributes:
  check_mode:
    support: full
    details: The conversation ends with the envelope; nothing is sent, recorded or deleted.
  diff_mode:
    support: N/A
    details: It never changes a setting.
  idempotent:
    support: N/A
    details: Each run sends a mail of its own.
options:
  settings:
    description:
      - A candidate, by canonical names. With O(store), it is laid over what the instance holds; without, it has to be
        complete.
      - As with M(weestimate.mail.smtp_settings), the stored password is not sent to another server or user.
    type: dict
    suboptions:
      smtp_mail_enabled:
        description: SMTP Mail Enabled.
        type: bool
      smtp_address:
        description: SMTP Address.
        type: str
      smtp_port:
        description: SMTP Port.
        type: int
      use_ssl:
        description: Use SSL.
        type: bool
      smtp_user:
        description: SMTP User.
        type: str
      smtp_password:
        description: SMTP Password.
        type: str
      enable_smtp_send_as:
        description: Enable SMTP Send As.
        type: bool
      smtp_connect_as:
        description: SMTP Connect As.
        type: str
      send_smtp_to_self:
        description: Send SMTP to Self.
        type: bool
      use_smtp_email:
        description: Use SMTP Email.
        type: bool
      include_mpoc_recipient:
        description: Include MPOC as a Recipient When Sending a QP. A test mail has no main point of contact.
        type: bool
  kind:
    description:
      - V(approval) is a mail of the system to O(to).
      - V(customer_document) is a document to O(to), and to the acting user where Send SMTP to Self is on.
      - V(self_document) is a document to the acting user alone.
    type: str
    default: approval
    choices: [approval, customer_document, self_document]
  to:
    description: The recipients.
    type: list
    elements: str
    default: []
  acting_user:
    description:
      - The mail address of the user of WeEstimate on whose behalf the mail is sent. With Send As it becomes the
        Reply-To, without it the From and the envelope sender.
    type: str
  stop_after:
    description:
      - How far to speak. V(connect) ends before TLS or a login, V(tls) with the encrypted session, V(auth) with the
        login, V(envelope) with the last recipient, V(message) with the server's acceptance of the mail, V(delivery)
        with its arrival.
      - The default is V(delivery) where O(confirm) is given, else V(message).
    type: str
    choices: [connect, tls, auth, envelope, message, delivery]
  allowed_recipient_domains:
    description: Domains that a test mail may go to. Anything else is refused before the conversation begins.
    type: list
    elements: str
  confirm:
    description: The mailbox in which the mail has to arrive.
    type: dict
    suboptions:
      imap:
        description: A mailbox that is read by IMAP over TLS. Nothing in it is marked as read.
        type: dict
        suboptions:
          host:
            description: The IMAP server.
            type: str
            required: true
          port:
            description: Its port for implicit TLS.
            type: int
            default: 993
          user:
            description: The login.
            type: str
            required: true
          password:
            description: The password.
            type: str
          oauth_token:
            description: An access token, for XOAUTH2, instead of the password.
            type: str
          folders:
            description: The folders to look into. The default is C(INBOX) and the folder that is marked as junk.
            type: list
            elements: str
          tls:
            description: How the server's TLS is judged.
            type: dict
            suboptions:
              verify:
                description: Whether the certificate has to be trusted and to carry the name of the host.
                type: bool
                default: true
              ca_file:
                description: A file with the certificates of the authorities to trust, in PEM, instead of the system's.
                type: path
              minimum_version:
                description: The oldest version of TLS to accept.
                type: str
                default: TLSv1.2
                choices: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
      mailpit:
        description: A Mailpit server that catches the mail of a test environment.
        type: dict
        suboptions:
          url:
            description: Its address, such as C(https://mailpit.example.com).
            type: str
            required: true
          user:
            description: The login, where it asks for one.
            type: str
          password:
            description: The password.
            type: str
          ca_file:
            description: A file with the certificates of the authorities to trust, in PEM, instead of the system's.
            type: path
      timeout:
        description: Seconds until the mail has to be there.
        type: int
        default: 120
      interval:
        description: Seconds between two looks.
        type: int
        default: 3
      delete:
        description: Delete that one mail after it was found.
        type: bool
        default: false
      fail_on_junk:
        description: Whether an arrival in the junk folder is a failure. Otherwise it is a warning.
        type: bool
        default: false
      watch:
        description:
          - Send nothing, and wait for a mail that WeEstimate itself sends, for example by its button Test.
          - Then O(store) is not needed, but O(confirm.subject), O(confirm.sender) or both, to say which mail is meant.
        type: bool
        default: false
      subject:
        description: The subject to wait for, with O(confirm.watch). C(*) stands for any text.
        type: str
      sender:
        description: The sender to wait for, with O(confirm.watch). C(*) stands for any text.
        type: str
  record:
    description:
      - Whether to note on the instance how the test went, for M(weestimate.mail.smtp_drift) and the fleet's
        reports. It takes the place of the former note on the same O(kind).
      - The notes lie in a table beside the journal, which is named after it. Without a journal nothing is noted.
      - Only what the instance holds is worth a note. With O(settings) nothing is noted, nor with O(confirm.watch).
      - If it cannot be noted, that is a warning.
    type: bool
    default: false
    version_added: 0.3.0
  changed_by:
    description: Who tests, for O(record). The default is C(user@host) of the controller.
    type: str
    version_added: 0.3.0
  run:
    description: Which run tests, for O(record), for example the address of a pipeline's job.
    type: str
    version_added: 0.3.0
seealso:
  - module: weestimate.mail.smtp_settings
  - plugin: weestimate.mail.smtp_diagnosis
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Prove that approval mail leaves and arrives
  weestimate.mail.smtp_test:
    store: "{{ weestimate_store }}"
    to: [deployment-check@example.com]
    acting_user: alice@example.com
    confirm:
      imap:
        host: outlook.office365.com
        user: deployment-check@example.com
        oauth_token: "{{ vault_imap_token }}"
      delete: true

- name: Test a document for a customer, but never send it to one
  weestimate.mail.smtp_test:
    store: "{{ weestimate_store }}"
    kind: customer_document
    to: [deployment-check@example.com]
    acting_user: alice@example.com
    allowed_recipient_domains: [example.com]

- name: Try a new password before it is written anywhere
  weestimate.mail.smtp_test:
    store: "{{ weestimate_store }}"
    settings:
      smtp_password: "{{ vault_new_mailbox_password }}"
    stop_after: auth

- name: Wait for the mail of somebody who clicks Test in WeEstimate
  weestimate.mail.smtp_test:
    confirm:
      watch: true
      sender: notifications@example.com
      timeout: 600
      imap:
        host: imap.example.com
        user: deployment-check@example.com
        password: "{{ vault_imap_password }}"
"""

RETURN = r"""
ok:
  description: Whether everything that was asked for succeeded.
  returned: when a conversation was held
  type: bool
  sample: true
kind:
  description: The kind of mail.
  returned: when a conversation was held
  type: str
  sample: approval
stages:
  description: What was done, in its order, with the time it took and the server's answer.
  returned: when a conversation was held
  type: list
  elements: dict
  sample:
    - name: auth
      status: failed
      elapsed_ms: 812.4
      reply_code: 535
      enhanced_code: 5.7.3
      detail: 5.7.3 Authentication unsuccessful
failed_stage:
  description: The stage that failed, or null.
  returned: when a conversation was held
  type: str
  sample: auth
diagnosis:
  description: What is wrong, who can mend it and how; null if nothing is.
  returned: when a conversation was held
  type: dict
  sample:
    cause: auth_bad_credentials
    owner: WeEstimate administrator
    summary: The mail server does not accept SMTP User with SMTP Password.
    remedy:
      - "Verify the format of SMTP User: usually the full mail address."
      - Confirm SMTP Password by signing in with it elsewhere; set it again after each change.
      - Use an app password in SMTP Password if MFA is enabled for the account.
      - "Verify the mailbox permissions: a licensed mailbox of its own, enabled, with SMTP access."
    permanent: true
    evidence: 535 5.7.3 Authentication unsuccessful
    confidence: high
tls:
  description: The encryption and the server's certificate; null without TLS.
  returned: when a conversation was held
  type: dict
  sample:
    protocol: TLSv1.3
    cipher: TLS_AES_256_GCM_SHA384
    subject: CN=mail.example.com
    issuer: CN=Example CA
    expires_at: '2027-01-24T00:00:00+00:00'
    expires_in_days: 61
delivery:
  description:
    - Where the mail arrived, whether among junk, after how many seconds, and what the receiving server thought of its
      origin.
  returned: when a conversation was held; null unless a delivery was confirmed
  type: dict
  sample:
    folder: INBOX
    junk: false
    seconds: 4.2
    authentication_results:
      spf: pass
      dkim: pass
      dmarc: pass
token:
  description:
    - What is in the subject and in the header C(X-WeEstimate-Mail-Test) of the mail; null where there was none to send.
  returned: when a conversation was held
  type: str
  sample: 5f3a9c0d7be14f62a9c0d7be
ran_on:
  description: Where the conversation was held from.
  returned: when a conversation was held
  type: str
  sample: controller
attempts:
  description: How often it was tried.
  returned: when a conversation was held
  type: int
  sample: 1
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: test_failed
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: "Verify the format of SMTP User: usually the full mail address."
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_TEST
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import seal


def main() -> None:
    """Make the trial on the target; the action plugin of the same name judges it."""
    module = AnsibleModule(argument_spec=SMTP_TEST, supports_check_mode=True)
    try:
        module.exit_json(trial=seal(commands.smtp_test(module.params, check_mode=module.check_mode)))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
