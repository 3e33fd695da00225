# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mail servers say of a message on its way: of its sender, recipient, size and content, and of how many there are.

The lists stand in the order in which they are tried; the reason for an order is given where it is not plain.
"""

from __future__ import annotations

from .rule import CONTENT, ENCRYPTING, GREETING, LOGIN, MAIL_FROM, RECIPIENTS, SENDING, Rule

#: Words that mean one thing only.
_PLAIN = (
    Rule(
        "greylisted",
        r"""
        gr[ae]y[- ]?list\w*|gr[ae]ylst
        postgrey|milter-greylist|sqlgrey
        first {meeting} .. (?:sender|try|retry|again|later|delay|from)
        (?:try|come|retry|resend|send|back) .. (?:in|after|at) (?:about |at least )?\d+ ?(?:s|sec\w*|m|min\w*)\b
        (?:not yet|never) .. (?:seen|known|authori[sz]ed) .. (?:before|triplet|deliver)
        triplet
        """,
        SENDING,
        code="(?!5).*",
    ),
    Rule(
        "encoding_unsupported",
        r"""
        smtp ?utf-?8|utf-?8|eai\b
        internationali[sz]ed
        non-? ?ascii|unicode
        (?:8|eight)-?bit\w*|binarymime
        (?:character|char|encod\w+|codec)s? .. (?:not|invalid|illegal|unsupported)
        (?:invalid|illegal|unsupported|bad) .. (?:characters?|encoding|charset)
        body type .. not supported|unknown encoding
        """,
        SENDING,
    ),
    Rule(
        "message_too_large",
        r"""
        (?:{message}|size|it)(?: \S+){0,3}? {be}(?:too (?:large|big|long)|oversi[sz]ed?|larger than)
        {message} (?:file )?(?:size|length) .. (?:exceed\w*|limit\w*|over|too|larger|maximum|bigger|beyond|not)
        (?:exceed\w*|over|larger than) .. (?:size|length|(?:mega|kilo)?bytes|[mk]i?b)\b
        (?:bigger than|beyond|above|greater than) .. (?:size|length|(?:mega|kilo)?bytes|[mk]i?b)\b
        (?:recip|sender|message|max|org)\w*size\w*
        size (?:limit|restriction|constraint|exceed\w*|too|of (?:this|the|your) (?:message|mail|e-?mail))
        too (?:large|big) (?:a )?(?:message|mail|attachment|for)
        max\w* (?:message |mail |attachment )?size
        too much (?:mail )?data|too many bytes
        (?:line|header)s? .. (?:too large|size limit)
        """,
        SENDING,
        code="(?!4[25]1).*",
        enhanced=r"(?!5\.2\.2).*",
    ),
    Rule(
        "server_busy_or_unavailable",
        r"""
        (?:scan\w*|filter) .. (?:{failed}|unavailable|timeout)
        error in processing
        """,
        SENDING,
        code="4..",
    ),
    # Postfix says "Client host rejected" before whatever keeps it from serving.
    Rule("server_busy_or_unavailable", r"(?:ports?|servers?|services?) (?:is|are) (?:too |all )?busy", code="4.."),
    Rule("auth_required", r"(?:turn on|enable) smtp auth\w*"),
    Rule("rate_limited", r"(?:recipient|message|rate|sending) limit {be}(?:exceeded|reached)", SENDING, code="4.."),
    Rule("quota_exceeded", r"mail ?box (?:size|storage|space) .. (?:exceed\w*|limit|full)", SENDING),
    # What is named of the content is the reason, whatever list or rule it was found by.
    Rule(
        "content_rejected_spam",
        r"""
        (?:attachment|attached file|file type|file extension)s? .. {denied}
        {denied} .. (?:attachment|attached file|file type|file extension)s?\b
        {message} {be}{denied} .. (?:url|link|intent|content|wording)s?\b
        """,
        SENDING,
        code="(?!4).*",
    ),
    Rule("sender_rejected", r"unresolvable .. (?:from|domain)", SENDING),
    Rule("quota_exceeded", r"(?:daily|monthly|24[- ]hour) .. (?:quota|limit|allowance)\b", SENDING),
    Rule(
        "protocol_error",
        r"""
        pipelin\w*|improper use of|(?:duplicate|illegal) header
        (?:routing|mail) loop|loop\w* (?:detected|back)|hop ?count|too many hops
        """,
    ),
    # "Relaying denied, authentication required": what is denied is the relaying. Zoho's "Relaying disallowed as" an
    # address is about the sender.
    Rule(
        "relay_denied",
        r"""
        relay\w*(?: \S+){0,4}? {be}{denied}(?! as\b)
        relay access|relay attempt|relay restriction
        unable to relay|(?:can|do|does|will) not (?:\w+ )?relay
        (?:not {allowed} to|not an?|no|not) (?:open |public |mail |third[- ]party )?relay
        {denied} to relay|{denies} (?:\w+ ){0,2}?relay\w*
        (?:can|will|do) not deliver mail (?:for|to)\b
        rcpt ?hosts
        (?:invalid|bad|no) credentials for relay
        smtp relay service|as a relay\b
        direct send .. {denied}
        delivery is not allowed
        """,
        (*GREETING, *SENDING),
        code="(?!530).*",
        permanent=True,
    ),
)

#: SPF, DKIM, DMARC and PTR are named for one reason, whatever else the sentence says of senders and authentication.
_AUTHENTICITY = (
    Rule(
        "sender_reputation_blocked",
        r"""
        spf\b|sender policy framework|(?:\w+\.)?openspf\.\w+
        anti-?spoof\w*
        sender ?id\b|pra\b|purported responsible
        authentication information|fails? to pass .. (?:authentication|validation|checks?)
        (?:sender(?:'s)?|sending|dynamic|your) ips?\b .. {denied}
        (?:mail|messages?|access|connections?|forbidden) (?:from|by) (?:your|dynamic) ips?\b
        (?:sender(?:'s)?|sending) ip\b|unverif\w+ .. ips\b|mismatch\w* .. client ip
        forward dns|unresolvable .. host ?name
        dkim|dmarc|arc (?:fail|valid)
        ptr\b|reverse[- ]?(?:dns|lookup|name|mapping|ip|record|host)|rdns|fcrdns|forward[- ]confirm\w*
        not find your (?:reverse )?host ?name
        unauthenticated e-?mail .. (?:accepted|domain)
        (?:low|poor|bad|negative) reputation
        ip .. not in .. (?:white|allow)[- ]?list
        \w*outboundspam\w*
        """,
        (*GREETING, *SENDING),
    ),
)

_SENDER = (
    # Mailgun says of such a domain first that it is "not allowed to send".
    Rule("sender_rejected", r"(?:domain|identity|sender) .. (?:un|not (?:\w+ )?){approved}", SENDING, permanent=True),
    # Postfix: check_sasl_access, by which an administrator keeps a login from sending.
    Rule("auth_policy_blocked", r"sasl login name rejected", SENDING),
    Rule(
        "send_as_denied",
        r"""
        \w*sendasdenied
        (?:not|no) .. send[ -]?(?:as|on[ -]behalf)\b
        send[ -](?:as|on behalf) .. (?:{denied}|permission|right)
        not (?:be )?owned by|not belong\w* to .. {login}
        must own .. (?:{sender}|address)
        not one of your (?:\w+ )?addresses
        relaying disallowed as
        (?:must|should|has to) (?:be .. )?(?:match|equal|same|correspond|belong)\w* .. {login}
        {sender} .. (?:not|mis) ?(?:be )?(?:match|same|equal|correspond|belong|agree|identical)\w* .. {login}
        {login} .. {sender} .. (?:not|mis) ?match
        {login} .. (?:not|mis) ?(?:match|own|correspond|belong)\w* .. {sender}
        {login} .. not {allowed} .. (?:as|from|behalf|{sender}|@)
        not {allowed} to (?:send|use|submit|relay) .. (?:as|from (?!this (?:ip|host|server))|on behalf)\b
        not {allowed} to (?:send|use|submit) .. {which} .. (?:{sender}|address|domain)\b
        (?:can|may|could) not (?:send|use) .. (?:as|from|on behalf of) (?!this (?:ip|server|host|client))
        {sender} (?:address )?(?:\S+ )?{be}not {allowed} (?:for|by|to) .. {login}
        {sender} address (?:\S+ )?{be}not {allowed}\W*$
        (?:spoof\w*|impersonat\w*|forged?|forgery) .. (?:{sender}|user|account|local|identity)
        {sender} .. (?:spoof\w*|forged|impersonat\w*)
        not (?:a )?(?:valid|registered|configured) (?:alias|identity) (?:of|for)
        {from} .. {denied} (?:for|by|to) .. {login}
        only .. (?:with|by|from|through|under) .. own (?:login|account|credentials|mailbox|address(?:es)?)\b
        (?:internet|mail|login|account|your) (?:address|name) .. differ\w* .. {sender}
        not (?:a )?local sender|sender (?:is )?not local
        """,
        (*LOGIN, *SENDING),
        permanent=True,
    ),
    Rule(
        "from_header_invalid",
        r"""
        mandatory from
        {from} .. (?:{wrong}|missing|empty|blank|absent|syntax|required|multiple|duplicate|must)
        {from} .. differ\w*
        {from} .. not (?:be )?(?:valid|found|present|specified|parse\w*)
        (?:{wrong}|missing|no|multiple|empty|blank|without|duplicate|lack\w*) .. from:? ?(?:header|field|line|:)
        (?:missing|no|without|valid address in|address(?:es)? in) .. ['"]?from['"]?:? ?(?:header|field)
        (?:{wrong}|missing|no|multiple|empty) (?:\w+ )?(?:sender|originator) (?:header|field)
        """,
        SENDING,
    ),
    Rule(
        "auth_required",
        r"""
        not (?:logged|signed)[- ][io]n
        (?:smtp )?auth\w*(?: \w+){0,4}? {be}{required}(?! by)
        auth\w* .. (?:first|before|prior)
        requires? (?:\w+ ){0,3}?{entered}
        auth\w* (?:\w+ )?turned on
        {must} (?:\w+ ){0,4}?{entered}
        only {entered} (?:users?|clients?|accounts?|senders?)
        (?:not|never|un) ?{be}(?:yet )?authenticated(?! by| for)
        {failed} to authenticate
        unauthenticated (?:mail|e-?mail|user|client|sender|connection|relay|session)s?
        (?:send|use|issue|try) (?:the )?auth\w* (?:command )?(?:first|before)
        anonymous (?:mail|users?|access|connection|e-?mail|relay|client|sender)
        (?:without|no) (?:prior |smtp |valid |proper )?{entered}
        (?:pop|imap)3?[ -](?:before|prior)
        (?:check|get) .. mail (?:first|before)
        must .. (?:user ?name|credentials)
        (?:user ?name|credentials|login) .. {required}
        """,
        (*ENCRYPTING, *SENDING),
        code="(?!454).*",
        enhanced=r"(?!5\.7\.(?:9|26|1[23]\d?)$).*",
    ),
)

_RELAY = (
    Rule(
        "relay_denied",
        r"""
        (?:domain|host) {be}not in my list
        not one of our (?:customers|domains|clients)
        (?:{mailbox}|domain|host) (?:\S+ )?{be}not (?:\w+ )?(?:local|hosted|handled|served|managed)\b
        not (?:a )?local (?:domain|host|address|recipient|user)
        not a gateway|not configured to relay
        non-?(?:accepted|local) (?:domain|recipient|user)
        we do not (?:accept|handle|process) .. (?:that|this|the) domain
        (?:do|does) not (?:handle|process) mail for
        gateway .. not .. (?:accept|relay)
        client host rejected: access denied
        (?:client|host|ip) .. not {allowed} to (?:relay|use)
        """,
        (*GREETING, *SENDING),
        enhanced=r"(?!5\.1\.1$).*",
        permanent=True,
    ),
)

_STORAGE = r"""
    mail ?box size
    (?:{mailbox}|mail ?folder) {be}full\b
    over[- ]?quota|exceed\w* .. (?:storage|quota|disk)|disk ?space
    {mailbox} .. (?:exceed\w*|reached|over) .. (?:quota|space|storage|local limit)
"""

_LIMITS = (
    # A mailbox that its owner no longer reads stays full.
    Rule("quota_exceeded", r"out of storage .. inactive", SENDING, permanent=True),
    Rule("quota_exceeded", _STORAGE, SENDING),
    Rule(
        "rate_limited",
        r"""
        throttl\w*
        rate[- ]?(?:limit\w*|control\w*|exceed\w*|based|restrict\w*)
        (?:sending|send|message|submission|receiv\w+|maximum|connection|delivery|e-?mail|mail) rate\b
        (?:unusual(?:ly high)?|unexpected|excessive|high) (?:rate|volume|amount|number)
        at a rate
        {many} .. {traffic}\b
        {traffic} .. (?:limit\w*|threshold|cap)\b
        too (?:quickly|fast|frequent\w*|often)|frequency|slower
        (?:per|this|in an|every|each|within (?:an?|one)|last) (?:hour|minute|second)
        concurren\w+|simultaneous|hourly|minute\b
        limits? .. (?:exceeded|reached)|exceeded? .. limits?\b
        slow(?:ing)? down
        deferred due to (?!dns|dmarc|spf)|temporarily deferred
        {many} .. (?:rate|limit|threshold)\b
        (?:reduce|lower) .. (?:rate|volume|number|sending)
        policyd|quota .. (?:messages|emails) per
        """,
        (*GREETING, *SENDING),
    ),
)

_QUOTA = (
    Rule(
        "quota_exceeded",
        r"""
        {mailbox} .. (?:full\b|quota|out of (?:\w+ )?(?:storage|space)|no (?:more )?(?:\w+ )?space|overdrawn|no room)
        {mailbox} .. exceed\w* .. (?:storage|space|limit|disk)
        over[ -]?quota
        quota ?(?:\w+ )?(?:exceed\w*|full|reached|violation|limit|over\w*|used)
        (?:exceed\w*|over|out of|beyond|reached|above|no|insufficient|violat\w*) .. quota
        (?:daily|monthly|24[- ]hour|weekly|per[- ]day|credits?|sending|(?:free )?plan|trial) .. {limit}\b
        (?:quota|limit|allowance) .. (?:per|a|the|this|each|today) ?(?:day|month|24|week)
        (?:messages|e-?mails|mails|recipients) (?:\S+ )?(?:per|a|each) (?:day|month|24)
        insufficient (?:disk |mailbox |mail ?box )?(?:storage|space)(?! (?:on )?(?:the )?system)
        (?:not )?enough (?:\w+ )?(?:credits?|space|storage)
        (?:no|out of|insufficient|exhausted) .. credits?
        (?:full|filled) (?:mail ?box|inbox)
        exceeded .. (?:storage|space)
        (?:space|storage) .. used up|\w*disk quota|{mailbox} .. (?:pleine|voll)\b
        storage (?:allocation|allotment|limit|quota)
        """,
        SENDING,
    ),
)

_REPUTATION = (
    Rule(
        "sender_reputation_blocked",
        r"""
        (?:ip|host|client|helo|ehlo) .. not (?:resolve|match)\w* .. (?:ip|host|address|name|dns)
        {list}\b
        blocked using|blocked (?:by|at|due to|because|for) .. (?:list\w*|abuse|reputation)
        reputation
        (?<!not ){be}listed (?:in|by|on|at|as)|listing in
        (?:user |spam )?complaints?
        {peer} {be}.{0,20}(?:{denied}|suspicious|untrusted|poor|bad|unauthenticated)
        (?:blocked|banned|rejected|refus\w+|denied|den(?:y|ies)) .. (?:ip\b|network|client host|connection from|range)
        ip(?: address)? .. not {allowed}
        ip=[\d.]+ .. problem occurred
        not {allowed} to connect|not accepting connections|no access from
        your access (?:to|has|is)\b
        (?:bad|invalid|high risk) ip\b|ip profile|(?:network|host) (?:is )?not {allowed}
        ip .. {be}blocked
        (?:use|through|via) .. (?:your|the) (?:isp|(?:service |internet )?provider)\b
        (?:mta|server|host) .. not (?:been )?(?:pass|validat|verif|confirm)\w*
        (?:you|host|server) .. sending spam
        send(?:ing)? .. (?:paused|suspended)|outgoing .. {denied}
        only .. connections? from
        client host .. {denied}
        from (?:\S+ )?(?:dynamic|residential|dial-?up|generic|suspicious)
        from (?:\S+ )?(?:blocked|bad|this host|your (?:ip|host|server|network))
        dynamic(?:ally)? .. (?:ip|address|range|pool|allocated)|(?:residential|dial-?up) (?:ip|address|range|line|host)
        fail\w* (?:\w+ )?(?:sender )?authentication (?:check|polic)\w*
        (?:domain|e-?mail|message) .. not pass
        {mailbox} .. {disabled} .. (?:spam\w*|abuse|compromised|hacked|phish\w*)
        spam abuse detected|bad outbound sender|outbound spam|tenant has exceeded
        part of .. network
        permanently deferred
        banned sender|spammer|spam source|botnet|open proxy|(?:infected|zombie) (?:host|machine|pc)
        abus(?:e|ive) .. (?:from|ip|your|detected)|history of abuse
        {denied} (?:sending )?(?:ip|host|network|country)\b
        unauthori[sz]ed (?:ip|host|network|source)
        {peer} .. score
        (?:unusual|suspicious|abnormal) (?:\w+ )?activity
        """,
        (*GREETING, *SENDING),
    ),
)

_RECIPIENT_RULES = (
    # Exchange Online hides with these words that the recipient does not exist (Directory-Based Edge Blocking).
    Rule("recipient_unknown", r"recipient address(?:es)? rejected ?: access denied", enhanced=r"5\.4\.1"),
    # X.1.3 is a bad destination's syntax (RFC 3463, 3.2), and so is 501 where a recipient is given (RFC 5321, 4.2.3).
    Rule("recipient_rejected", r"{wrong} .. address|address syntax", ("rcpt_to",), code="501"),
    Rule("recipient_unknown", r"recipient .. (?:unverified|undeliverable) address|address verification", RECIPIENTS),
    Rule(
        "recipient_rejected",
        r"""
        sender (?:was )?not authenticated (?:by|for)
        not authenticated to (?:send|post)
        (?:restricted|limited) to (?:authenticated|internal|members|authori[sz]ed|certain)
        only (?:accept|receiv|tak|allow)\w* (?:messages?|mail|e-?mails?)? ?from
        recipient(?:'s)? (?:preferences?|settings|list of)|refuses? to receive|{denied} .. recipient preferences
        not (?:subscribed to (?:this|the)|allowed to post|pre-?approved)|closed (?:mailing )?(?:list|group)
        only .. (?:can|may|are allowed to) (?:post|send|mail)
        delivery not authori[sz]ed|not authori[sz]ed, message refused
        resolver\.rst\.(?!\w*size)
        null ?mx
        not (?:\w+ ){0,3}?(?:accept|receiv|tak|allow)\w* (?:any |new |incoming |inbound ){0,2}{message}
        reserved by rfc|reserved (?:top|tld|domain)
        rejected by (?:the )?(?:destination|recipient|user)
        recipient .. not a valid rfc|(?:not |in) ?valid (?:rfc\S* )?(?:recipient )?address syntax
        {wrong} (?:recipient|destination|mailbox) (?:address )?(?:syntax|format|name)
        (?:recipient|rcpt to)(?: address)? (?:syntax|format)|syntax .. (?:recipient|forward-path|rcpt)
        suspected .. recipient|recipient .. (?:unsubscribe\w*|bounce\w*)|suppress\w*
        (?:dlp|list|group|members?|moderat\w+|allowed[- ]?senders?) .. (?:not|only|restrict\w*|allow\w*|reject\w*)
        not (?:a )?(?:member|{allowed} to (?:send|post)) .. (?:list|group|recipient|mailbox|this address)
        not in .. (?:allowed|whitelist|safe)\w*
        no (?:valid )?recipients?(?: (?:was|were|are|is))?(?: defined| given| specified| accepted|\W*$)
        no valid recipients
        recipients? must be (?:specified|given|defined)
        no longer accepts? (?:mail|messages)|user rules|blocked by the recipient
        missing final|empty address|local address contains
        {owner} .. (?:refuses|not (?:wish|want)|declines|chosen|blocked you|rejects (?:mail|messages|your))
        recipient has .. block\w*
        """,
        RECIPIENTS,
    ),
)

_SENDER_RULES = (
    Rule("sender_rejected", r"sender address rejected", SENDING),
    Rule(
        "sender_rejected",
        r"""
        sandbox|test purposes|(?:free|trial|test) (?:account|plan)s? .. only
        (?:e-?mail|identit\w+|address|domain|sender|from|account) .. (?:not|un) ?(?:been |yet )*{approved}
        not (?:match )?(?:an? )?{approved} (?:sender|domain|address|identity|sending)
        verify (?:your |the )?(?:account|e-?mail|domain|sender)
        (?:activate|validate|confirm) (?:your|the) .. (?:account|sender|domain|address)
        un{approved} .. (?:sender|domain|address|identity)
        identit(?:y|ies) failed
        domain .. {be}{disabled}
        pending (?:approval|review|verification)|under review|not (?:yet )?approved
        domain(?: of)? .. not {allowed}
        not {allowed} to perform
        not {allowed} to send (?:any )?(?:mails?|e-?mails?|messages?)\b
        not subscribed to ses
        sender signature|sending domain
        """,
        SENDING,
        permanent=True,
    ),
    Rule(
        "sender_rejected",
        r"""
        (?:{wrong}|{denied}|syntax|unqualified|unknown|fake|unroutable|unresolvable)(?: \S+){0,3}? {envelope}
        {envelope} .. (?:{denied}|{wrong}|{unknown}|syntax|verif\w*|domain|reject\w*|unroutable|fail\w*|must)
        (?:sender|mail from|return[- ]path|originator) .. not (?:resolve|exist|accept|have)\w*
        sender address
        domain of .. (?:sender|@)
        call(?:out|back)|sender verif\w+
        {wrong} dns (?:mx|a)\b
        (?:no|without|missing) (?:valid )?(?:mx|a|dns) .. {sender}
        return address|bogus mail from
        (?:your|sending|sender|from) (?:e-?mail )?(?:domain|address) .. (?:reject\w*|{denied}|not|{unknown}|block\w*)
        """,
        SENDING,
    ),
)

_NOBODY = Rule(
    "recipient_unknown",
    r"""
    {mailbox} .. (?:{unknown}|incorrect|not (?:present|an? active))
    not an active address|no one at this address|bad(?:rcptto|recipientto)|not in my validrcptto
    @\W{0,3} {be}{unknown}
    (?:{unknown}|no such|bad|no) (?:\w+ ){0,2}?{mailbox}
    not (?:our|any) (?:customer|user|mailbox|account)
    (?:not|no) .. (?:account|mailbox) .. (?:here|@)
    resolver\.adr\.\w+
    (?:domain|host)(?: name)? .. (?:{unknown}|not (?:be )?resolve\w*)
    (?:{unknown}|no such|bad) (?:domain|host|destination)
    mail ?box unavailable|{mailbox} .. (?:unava\w*able|missing|moved|not local|not (?:on|in|at) (?:this|our|the))
    no (?:mx|a|dns) (?:record|host)s?
    (?:name service|dns) error
    no(?:body| one)? (?:here )?by that name|nobody by
    (?:recipient|rcpt|user) not ok|domain must exist|dead domain|domain .. not reachable
    not (?:a|an) (?:registered|known|valid|existing) (?:\w+ )?(?:user|recipient|mailbox|subscriber)
    does not exist|non-? ?exist\w*
    not (?:find|found|verify|locate|deliver to|exist|listed|recogni[sz]e)\w* .. {mailbox}
    """,
    RECIPIENTS,
    code="(?!4).*",
)

_CLOSED = Rule(
    "recipient_rejected",
    r"""
    {mailbox} .. {disabled}
    {mailbox} {be}{disabled}
    {disabled} (?:\w+ )?{mailbox}
    {be}suspended\b
    (?:not|never) .. (?:accept\w*|receiv\w*) .. for this {mailbox}
    """,
    RECIPIENTS,
    code="(?!4).*",
)

#: In answer to MAIL FROM the same words are about the sender.
_RECIPIENT = (
    _CLOSED,
    Rule("recipient_rejected", r"{mailbox} (?:\w+ )?{be}(?:disabled|inactive|suspended)", RECIPIENTS, code="4.."),
    _NOBODY,
    *(rule._replace(cause="sender_rejected", stages=MAIL_FROM) for rule in (_CLOSED, _NOBODY)),
    Rule(
        "recipient_unknown",
        r"""
        (?:{mailbox}|domain) .. {unknown}
        (?:{unknown}|no such|bad) (?:\w+ ){0,2}?(?:{mailbox}|domain|host)
        """,
        RECIPIENTS,
        code="4..",
    ),
)

#: What is wrong with the form of a message; its From header has a cause of its own.
_FORM = (
    Rule(
        "protocol_error",
        r"""
        {message} .. malformed|malformed .. {message}
        (?:invalid|bad|malformed|corrupt\w*|unparsable) (?:\w+ ){0,2}?(?:message|mime|body|content)s?\b
        headers? .. (?:{wrong}|{failed}|not accepted|format|missing|duplicate|compliant)
        (?:{wrong}|missing|duplicate|no) .. headers?
        mime\b|start boundary|disposition
        """,
        CONTENT,
        code="(?!4).*",
    ),
)

_SPAM = (
    Rule(
        "content_rejected_spam",
        r"""
        (?:anti-?)?spam\w*
        reject, id=|mass mail\w*|detected .. {message}
        virus|malware|malicious|infect\w*|trojan|worm|ransom\w*
        phish\w*|scam|fraud\w*
        unsolicited|bulk (?:mail|e-?mail|message)|junk
        {message} .. (?:filter\w*|blocked|contains?|prohibit\w*|forbidden|banned|{harmful})
        (?:{message}|{part}) .. (?:reject\w*|{denied}|restrict\w*|polic\w*|discarded|bounced|quarantin\w*)
        (?:{denied}|{harmful}) (?:\w+ )?(?:content|file|{part})
        (?:policy|local policy|administrative) (?:\w+ )?(?:reasons?|violation|reject\w*|issue|restriction)
        {whose} (?:polic(?:y|ies)|reason|issue)
        {denied} (?:due to|by|for|because of|as per|under) .. polic\w*
        polic(?:y|ies) .. (?:violat\w*|{denied}|prohibit\w*)
        (?:violat\w+|against|breach\w*) .. polic\w*
        administrative(?:ly)? prohibit\w*
        (?:reject\w*|refus\w*|denied) .. (?:message|content|body)
        (?:high|bad|exceed\w*|total|low) .. score|score .. (?:threshold|high|exceed\w*|too)
        {denied} by .. (?:rules?|filter|milter|scanner|engine)\b|milter .. {denied}
        (?:dt|mi|hl):[a-z0-9]{3}\b
        """,
        SENDING,
        code="(?!4).*",
    ),
    Rule(
        "content_rejected_spam",
        r"""
        spam\w* (?:content|message|detected|mail|score)
        (?:identified|classified|considered|flagged|detected|marked) .. (?:spam|junk|phish\w*|bulk)
        virus|malware|phish\w*
        {message} .. (?:spam|junk|unsolicited)
        suspicious due to .. content
        content (?:reject\w*|filter\w*)
        """,
        SENDING,
    ),
)

_PROTOCOL = (
    # Gmail names the command so, and comes to "try again later" over a name such as localhost, whenever one tries.
    Rule("protocol_error", r"\((?:helo|ehlo)\)", ("ehlo",), permanent=True),
    Rule(
        "protocol_error",
        r"""
        protocol (?:violation|error|synchroni[sz]ation)|synchroni[sz]ation error
        {command} .. (?:error|{wrong}|{lacking}|unexpected|out of|missing|rejected|not (?:allowed|valid|known|accepted))
        (?:{wrong}|{lacking}|unexpected|out[- ]of) .. (?:{command}|sequence|order|helo|ehlo|reply|greeting)s?\b
        syntax error|error .. syntax
        (?:need|send|issue|expect\w*|missing|without) (?:\w+ )?(?:mail|rcpt)(?: command| first|/rcpt|\W*$)
        (?:need|send|issue|expect\w*|missing|say|use|no|polite) (?:\w+ )?(?:helo|ehlo|hello)
        (?:mail|rcpt|helo|ehlo) first|no data\b
        (?:helo|ehlo)\b.{0,40}?(?:reject\w*|invalid|bad|required|must|fully|syntax)
        (?:helo|ehlo)\b.{0,40}?(?:need|refus\w*|not|first|denied|literal|raw|forged|own)
        nested mail|sender already|already (?:specified|given|started)
        (?:bare|stray|lone) (?:<?lf>?|<?cr>?|newline|line ?feed)
        line (?:is )?too long|lines? length
        refused our helo
        (?:{wrong}|unexpected|unparsable) (?:server )?(?:reply|response|line|answer|greeting|status)
        rfc ?\d{3,4}
        not (?:a )?(?:smtp|mail) server|does not speak|http/\d
        """,
        ("banner", "ehlo", "tls", *LOGIN, *SENDING),
    ),
)

#: The words of a server about itself, which are the likeliest to be an appendix.
_MOMENT = (
    Rule(
        "server_disconnected",
        r"""
        too many errors
        (?:idle|inactiv\w+) .. (?:timeout|too long|clos\w+)
        """,
        (*GREETING, *SENDING),
        code="4..",
    ),
    Rule(
        "server_busy_or_unavailable",
        r"""
        temporar\w*
        try .. (?:later|again)|try later|retry|(?:come|call) back
        """,
        permanent=False,
        confidence="medium",
    ),
    Rule(
        "server_busy_or_unavailable",
        r"""
        (?:{system}|{backend}) .. (?:unavailable|busy|{failed}|down|full|overload\w*|maintenance)
        {system} .. (?:not (?:available|accepting|ready|active|running)|offline|shut\w*|unreachable|exhaust\w*)
        {inner} (?:\w+ )?(?:{failed}|issue|difficult\w+|exception)
        (?:not |un)available
        no healthy|licen[cs]e .. expired
        (?:too|very) busy|overloaded|load (?:average|is)|high load|heavily loaded
        (?:insufficient|no|low|out of|not enough) (?:system )?(?:resources?|memory|storage|disk|space|swap|file)
        maintenance|shutting down|restart\w*|starting up|not ready
        {failed} .. process\w*|misconfigur\w*|interrupted
        (?:unable|failed|not) (?:to )?{work}
        deferr?\w*|delay\w*
        """,
        confidence="medium",
    ),
    Rule("server_busy_or_unavailable", r"requested (?:mail )?action aborted", code="4..", confidence="medium"),
    Rule("sender_rejected", r"{mailbox} {be}{denied}|fully[- ]qualified .. address", MAIL_FROM, confidence="medium"),
    Rule(
        "auth_bad_credentials",
        r"""
        (?:{wrong} (?:\w+ )?credentials|credentials .. {wrong})
        auth\w* {be}{failed}
        """,
        SENDING,
        code="(?!4).*",
        confidence="medium",
    ),
    # Postfix puts "Recipient address rejected" before any text of its administrator's.
    Rule("recipient_rejected", r"policy rejection", RECIPIENTS, permanent=True, confidence="medium"),
    Rule(
        "recipient_rejected",
        r"""
        recipient(?: address)? .. {denied}
        {mailbox} .. restricted by
        {mailbox} {be}{denied}
        @\W{0,3} ?{denied}
        envelope blocked
        """,
        RECIPIENTS,
        confidence="medium",
    ),
    Rule("sender_reputation_blocked", r"blocked(?:\W*$| - | see\b)", SENDING, confidence="medium"),
    # Before anything was said of a message, this can be about the sending machine only.
    Rule("sender_reputation_blocked", r"blocked|banned|screen(?:ed|ing)|{denied} .. polic\w*", GREETING),
)

WORDS = (
    *_PLAIN,
    *_AUTHENTICITY,
    *_SENDER,
    *_RELAY,
    *_RECIPIENT_RULES,
    *_LIMITS,
    *_QUOTA,
    *_REPUTATION,
    *_SENDER_RULES,
    *_RECIPIENT,
    *_FORM,
    *_SPAM,
    *_PROTOCOL,
)
GENERAL = _MOMENT
