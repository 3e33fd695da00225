# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of plugins/action/fail_with_code.py, which does all of the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: fail_with_code
short_description: Fail with an error code of the collection
version_added: 0.1.0
description:
  - Fails the host with the keys that a failure of the collection's modules has, so that a pipeline can tell failures of
    roles and playbooks apart in the same way.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  check_mode:
    support: full
    details: It fails in check mode as well.
  diff_mode:
    support: N/A
    details: It never changes anything.
  idempotent:
    support: full
options:
  error_code:
    description: One of the collection's error codes, such as V(recycle_failed).
    type: str
    required: true
    choices:
      - schema_invalid
      - profile_missing
      - profile_invalid
      - driver_missing
      - store_unreachable
      - store_auth_failed
      - store_tls_untrusted
      - store_error
      - database_missing
      - table_missing
      - column_missing
      - option_missing
      - option_duplicate
      - option_undecodable
      - permission_denied
      - lock_timeout
      - concurrent_change
      - write_not_verified
      - journal_unavailable
      - restore_unavailable
      - redirect_without_password
      - recycle_failed
      - candidate_refused
      - mail_disabled
      - test_failed
      - mailbox_unavailable
      - delivery_missing
      - delivery_junk
      - rolled_back
      - rolled_back_not_working
      - not_rolled_back
      - examination_failed
      - window_open
      - drifted
      - not_examined
      - rotation_held
      - callback_failed
      - password_overdue
      - password_unreadable
      - encoder_failed
      - report_unusable
      - relay_config_refused
      - relay_not_started
      - relay_no_former
      - relay_unproven
      - relay_unwell
  msg:
    description: What happened, in one or two sentences.
    type: str
    required: true
  remedy:
    description: What to do about it.
    type: str
    required: true
  details:
    description:
      - Further keys of the result, for those who read it by program.
      - They do not replace C(failed), RV(msg), RV(error_code) and RV(remedy).
    type: dict
    default: {}
  warn_only:
    description: Warn of it instead of failing; the result then has the same keys, and is not failed.
    type: bool
    default: false
    version_added: 0.3.0
  unreachable:
    description:
      - Report the host as unreachable instead of failed, which gives the run the exit status 4 instead of 2. It is for
        what says nothing about an instance, so that a pipeline can tell the two apart.
    type: bool
    default: false
    version_added: 0.3.0
"""

EXAMPLES = r"""
- name: Report that the approval server did not come back
  weestimate.mail.fail_with_code:
    error_code: recycle_failed
    msg: The approval server does not answer on port 8080.
    remedy: Start it by hand, and look into its log.
  when: probe is failed

- name: Report a failure with what a pipeline wants to know
  weestimate.mail.fail_with_code:
    error_code: recycle_failed
    msg: The approval server does not answer on port 8080.
    remedy: Start it by hand, and look into its log.
    details:
      state: changed
      port: 8080
  when: probe is failed

- name: Warn of what does not stop the run
  weestimate.mail.fail_with_code:
    error_code: password_overdue
    msg: The password is 97 days old; it may be 90.
    remedy: Rotate it.
    warn_only: true
"""

RETURN = r"""
msg:
  description: What happened, and what to do.
  returned: always
  type: str
  sample: The approval server does not answer on port 8080. Start it by hand, and look into its log.
error_code:
  description: The error code.
  returned: always
  type: str
  sample: recycle_failed
remedy:
  description: What to do.
  returned: always
  type: str
  sample: Start it by hand, and look into its log.
"""
