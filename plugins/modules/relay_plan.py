#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of plugins/action/relay_plan.py, which does all of the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_plan
short_description: Judge what is declared of a relay, and plan it
version_added: 0.4.0
description:
  - Takes the variables of the role C(weestimate_relay), without their prefix, and says what Postfix and emailproxy are
    to be told. It runs on the controller and changes nothing.
  - What cannot work, or would not be safe, is refused. All violations are told at once, each with the variable, the
    rule and the remedy.
  - The rules for single values and for an upstream are in C(schemas/relay.schema.json), which an editor can use too.
  - No password and no client secret is in the result, nor in a message. Whoever writes the configuration takes them
    from the variables, by the upstream's name.
  - An argument that is null or empty is as if it was not written.
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
  hostname:
    description: The full name of the relay, with which it greets clients and upstreams.
    type: str
    required: true
  clients:
    description:
      - The networks and addresses that may connect. A network that is a large part of the internet is
        refused.
    type: list
    elements: str
    required: true
  login:
    description: With it, clients have to log in too, on port 587 after STARTTLS. It needs O(tls).
    type: dict
    suboptions:
      user:
        description: SMTP User of the instances.
        type: str
        required: true
      password:
        description: SMTP Password of the instances.
        type: str
        required: true
  tls:
    description: What the relay shows to its clients. The files are on the relay.
    type: dict
    suboptions:
      certificate:
        description: The certificate and its chain, in PEM.
        type: path
        required: true
      key:
        description: Its private key, in PEM, without a passphrase.
        type: path
        required: true
  upstreams:
    description:
      - The mail servers that the relay hands mail to, by names of your own. It is required without O(sink).
      - C(host) and C(port) are required. MX records are not asked for.
      - C(tls) has a C(mode), V(starttls) by default, V(implicit) or V(none), and a C(ca_file) on the relay, for
        authorities that are not public. The certificate is always verified.
      - C(auth) has a C(kind), V(none) by default. For V(password) it has C(user) and C(password). For
        V(oauth_client_credentials) it has C(tenant) or C(token_url); C(client_id); C(client_secret), or C(certificate)
        and C(key) on the relay; and, if you like, a C(scope), and the day C(expires) on which the client secret ends.
      - C(identity) says who logs in by OAuth. V(mailbox), the default, is C(mailbox) for all mail; V(sender) is the
        mailbox that the mail is from, and needs O(sender_policy).
      - C(mailbox) is the login for V(mailbox), and for mail without a sender.
      - C(rewrite_from) makes C(mailbox) the From, and the original the Reply-To.
      - C(limits) has C(connections), 3 by default, and C(messages_per_minute), without a default.
    type: dict
  routes:
    description:
      - Which mail takes which upstream. It is required without O(sink).
      - Recipient routes come first, then sender routes, then the default, because that is how Postfix asks. Mail that
        no route is for is refused.
    type: list
    elements: dict
    suboptions:
      recipient_domains:
        description: Mail to these domains; subdomains are named by themselves.
        type: list
        elements: str
      senders:
        description: Mail from these envelope senders, or from C(@) and a domain.
        type: list
        elements: str
      default:
        description: All other mail.
        type: bool
      upstream:
        description: The name of the upstream.
        type: str
        required: true
  sender_policy:
    description: Whose mail the relay takes.
    type: dict
    suboptions:
      domains:
        description: The domains that may stand in the envelope sender and in From.
        type: list
        elements: str
        required: true
  sink:
    description:
      - Takes all mail, so that nothing leaves. It is either O(sink.maildir), or O(sink.host) and O(sink.port).
      - O(upstreams) and O(routes) are judged, and then left out of the plan.
    type: dict
    suboptions:
      maildir:
        description: A Maildir on the relay.
        type: path
      host:
        description: A server that keeps mail, such as Mailpit. A known mail provider is refused.
        type: str
      port:
        description: Its port.
        type: int
  test:
    description: The mails that prove the relay after a change, one for each route.
    type: list
    elements: dict
    suboptions:
      from:
        description: The acting user, envelope sender and From of the mail.
        type: str
        required: true
      to:
        description: The recipient.
        type: str
        required: true
      confirm:
        description: Where the mail has to arrive, as O(weestimate.mail.smtp_test#module:confirm).
        type: dict
requirements:
  - jsonschema >= 4.18 on the controller
seealso:
  - module: weestimate.mail.smtp_test
"""

EXAMPLES = r"""
- name: Plan a relay that signs in to Exchange Online as the sender of each mail
  weestimate.mail.relay_plan:
    hostname: relay.contoso.com
    clients: [192.0.2.0/24]
    upstreams:
      exchange:
        host: smtp.office365.com
        port: 587
        auth:
          kind: oauth_client_credentials
          tenant: contoso.onmicrosoft.com
          client_id: 11111111-2222-3333-4444-555555555555
          client_secret: "{{ vault_relay_client_secret }}"
          expires: "2027-11-30"
        identity: sender
        mailbox: notifications@contoso.com
      outside:
        host: smtp.contoso.net
        port: 25
    routes:
      - recipient_domains: [contoso.com]
        upstream: exchange
      - default: true
        upstream: outside
    sender_policy:
      domains: [contoso.com]
    test:
      - from: dana@contoso.com
        to: pat@contoso.com
      - from: dana@contoso.com
        to: deployment-check@example.com
  register: planned

- name: Plan a relay from which nothing leaves
  weestimate.mail.relay_plan:
    hostname: relay.dev.contoso.com
    clients: [198.51.100.0/24]
    sink:
      host: mailpit.dev.contoso.com
      port: 1025
"""

RETURN = r"""
plan:
  description: What the programs of the relay are to be told. No secret is in it.
  returned: success
  type: dict
  contains:
    hostname:
      description: The relay's name.
      type: str
      sample: relay.contoso.com
    clients:
      description: The networks as Postfix writes them, IPv6 addresses in brackets.
      type: list
      elements: str
      sample: [192.0.2.0/24, "[2001:db8::]/64"]
    login:
      description: Whether clients have to log in.
      type: bool
      sample: true
    tls:
      description: C(certificate) and C(key), or null.
      type: dict
      sample: {certificate: /etc/ssl/relay.pem, key: /etc/ssl/relay.key}
    upstreams:
      description: The upstreams in the order in which they are declared; none with a sink.
      type: list
      elements: dict
      contains:
        name:
          description: The name.
          type: str
          sample: exchange
        transport:
          description: The name of the transport in master.cf.
          type: str
          sample: relay-exchange
        nexthop:
          description: Where Postfix sends to; with OAuth that is the proxy.
          type: str
          sample: "[127.0.0.1]:10964"
        security:
          description: C(smtp_tls_security_level), V(secure) or V(none).
          type: str
          sample: none
        wrapper:
          description: C(smtp_tls_wrappermode).
          type: bool
          sample: false
        ca_file:
          description: C(smtp_tls_CAfile), or null.
          type: str
          sample: /etc/ssl/own-ca.pem
        auth:
          description: V(none), V(password) or V(oauth).
          type: str
          sample: oauth
        identity:
          description: V(mailbox) or V(sender).
          type: str
          sample: sender
        mailbox:
          description: The login for mail without a sender, and the From of a rewriting upstream; or null.
          type: str
          sample: notifications@contoso.com
        user:
          description: Who logs in, save where that is the sender; or null.
          type: str
          sample: notifications@contoso.com
        processes:
          description: The most connections at a time.
          type: int
          sample: 3
        rate_delay:
          description: C(transport_destination_rate_delay) in seconds, 0 without a limit.
          type: int
          sample: 2
        rewrite_from:
          description: Whether From becomes the mailbox.
          type: bool
          sample: false
        sasl_key:
          description: The key of the login in C(smtp_sasl_password_maps), or null without a login.
          type: str
          sample: "[127.0.0.1]:10964"
        sender_pattern:
          description:
            - A POSIX regular expression for the senders that log in as themselves, whose first group is the address;
              null with identity V(mailbox). It holds no slash.
          type: str
          sample: ^([A-Za-z0-9._+-]+@(contoso\.com))$
        proxy:
          description:
            - How emailproxy is set up, or null. It listens on C(port) of 127.0.0.1, and speaks to C(host) at
              C(server_port), with STARTTLS where C(starttls) is true, else with implicit TLS.
            - C(credential) is V(secret) or V(certificate). C(accounts) are the sections for accounts, with C(catch_all)
              whether they stand for others. C(expires) is the day on which the client secret ends, or null.
          type: dict
          sample:
            port: 10964
            host: smtp.office365.com
            server_port: 587
            starttls: true
            ca_file: null
            token_url: https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token
            client_id: 11111111-2222-3333-4444-555555555555
            scope: https://outlook.office365.com/.default
            credential: secret
            certificate: null
            key: null
            expires: "2027-11-30"
            accounts: ["@"]
            catch_all: true
    recipient_routes:
      description: The keys of C(transport_maps), each with C(transport) and C(nexthop).
      type: list
      elements: dict
      sample:
        - {pattern: contoso.com, transport: relay-exchange, nexthop: "[127.0.0.1]:10964"}
    sender_routes:
      description: The keys of C(sender_dependent_default_transport_maps), each with C(transport) and C(nexthop).
      type: list
      elements: dict
      sample:
        - {pattern: "@contoso.co.uk", transport: relay-exchange, nexthop: "[127.0.0.1]:10964"}
    default:
      description:
        - C(transport) and C(nexthop) of all other mail. Without a default route the transport is C(error), and the
          nexthop is its reply. With a sink the transport is C(relay-sink); its nexthop is null for a Maildir.
      type: dict
      sample: {transport: relay-outside, nexthop: "[smtp.contoso.net]:25"}
    sender_domains:
      description: The domains that may send; empty where anybody may.
      type: list
      elements: str
      sample: [contoso.com]
    from_pattern:
      description:
        - A POSIX regular expression for a whole From header that is allowed, or null where anybody may send. It holds
          no slash. Any other line that matches C(^From[[:space:]]*:) is to be refused.
      type: str
      sample: ^From[[:space:]]*:[[:space:]]*([A-Za-z0-9._+-]+@(contoso\.com))$
    sink:
      description: C(maildir), C(host) and C(port), of which those that are not given are null; or null.
      type: dict
      sample: {maildir: null, host: mailpit.dev.contoso.com, port: 1025}
    tests:
      description:
        - The tests in the order in which they are declared, each with the C(upstream) that it will take, V(sink) with a
          sink. C(confirm) says whether a confirmation is declared, which itself may hold secrets.
      type: list
      elements: dict
      sample:
        - {from: dana@contoso.com, to: pat@contoso.com, upstream: exchange, confirm: false}
    rewrites:
      description: Whether any upstream rewrites From.
      type: bool
      sample: false
advice:
  description: What is allowed but unwise, each with its reason and what to do.
  returned: success
  type: list
  elements: dict
  sample:
    - advice: route_untested
      path: routes.1
      rule: Each route has a test
      reason: No test takes this route, so a fault on it is met by mail that matters.
      remedy: Add a test to weestimate_relay_test that takes it.
error_code:
  description: V(schema_invalid); further keys of the result are the C(remedy) and the C(violations).
  returned: failure
  type: str
  sample: schema_invalid
"""
