# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients say of names, networks and TLS.

Clients are the libraries of Python, .NET, Java, Go, Node.js and PHP, MailKit, curl, OpenSSL, GnuTLS and Schannel;
numbers are those of errno on Linux and macOS, of Windows Sockets, and of SSPI.
"""

from __future__ import annotations

from .rule import ENCRYPTING, NO_CODE, REACHING, SENDING, Rule

_CLEAR = ("plain", "starttls")
#: Ports on which a conversation begins in clear text (RFC 5321, RFC 6409), and encrypted (RFC 8314).
_CLEAR_PORTS = (25, 587, 2525)
_TLS_PORTS = (465,)

_TIMEOUT = r"""
    tim(?:ed?|ing)[ -]?out
    etimedout
    esockettimedout
    (?:wsaetimedout|winerror 10060|10060)\b
    did not properly respond
    (?:execution|connection) expired
    deadline (?:has )?(?:exceeded|elapsed|expired)
    no (?:response|answer|greeting|banner) (?:was )?(?:received )?(?:from .{0,60}? )?(?:(?:with)?in|after) \d+
    (?:server|host) (?:did|does|is) not respond\w*
    greeting never received
    """
_BROKEN = r"""
    connection (?:was |has been |is |were )?(?:\w+ ){0,2}?(?:reset|closed|lost|aborted|dropped|broken|terminated)
    (?:econnreset|econnaborted|epipe|econnclosed)\b
    (?:wsaeconnreset|10053|10054)\b
    (?:errno|error) (?:32|54|104)\b
    reset by peer
    forcibly closed
    broken pipe
    (?:lost|dropped|closed|terminated) (?:the )?connection
    {stream} (?:was |has been |is )?(?:\w+ )?(?:closed|hang up|hung up|ended|disconnected)
    net_io_connectionclosed
    unable to (?:read|write) data (?:from|to) the transport
    (?:unexpected(?:ly)?|premature(?:ly)?) (?:\w+ ){0,2}?(?:eof|end of file|closed?|disconnect\w*|end)
    \[?eof\]?(?: occurred| error|$)
    eoferror
    {remote} (?:has |had |unexpectedly )*(?:closed|disconnected|hung up|dropped|went away)
    disconnected (?:unexpectedly|by|without|before|during)
    smtpserverdisconnected
    please run connect\(\) first
    empty (?:reply|response)
    """

TLS_MODE = (
    # A server that waits for TLS sends no greeting, and one that waits for EHLO does not answer a TLS greeting.
    Rule("tls_wrong_mode", _TIMEOUT + _BROKEN, ("banner", "ehlo"), modes=_CLEAR, ports=_TLS_PORTS),
    Rule("tls_wrong_mode", _TIMEOUT + _BROKEN, ("banner", "tls"), modes=("implicit",), ports=_CLEAR_PORTS),
    Rule(
        "tls_wrong_mode",
        r"""
        wrong[ _]version[ _]number
        record layer failure
        unknown[ _]protocol
        plain ?text connection
        first record does not look like a tls
        packet length (?:too long|was)
        http[ _]request
        unrecognized ssl message
        not an ssl/tls record
        bad[ _]record[ _]type
        corrupted frame
        unexpected packet format
        unexpected tls packet
        (?:an )?(?:unexpected|invalid|illegal|bad) (?:message|packet|record|data) .. (?:tls|ssl|handshake)
        (?:invalid|unsupported|bad) (?:ssl|tls) (?:record|message|packet)
        sec_e_invalid_token
        0x80090308
        token supplied to the function is invalid
        reserved for (?:plain-?text|ssl|tls|implicit) connections
        (?:speaks?|expect\w*|wants?) (?:implicit )?(?:tls|ssl) (?:from|at) the (?:start|first)
        (?:already|connection is) (?:in|using|under) (?:tls|ssl)
        (?:tls|ssl|starttls) .. already (?:active|started|in (?:use|progress)|running|negotiated|encrypted)
        already (?:running )?(?:in |under )?(?:tls|ssl)\b
        """,
    ),
)

CERTIFICATE = (
    Rule(
        "certificate_expired",
        r"""
        cert\w* (?:has |is |have |chain )*(?:\w+ )?expired
        cert_has_expired
        certificate ?expired
        (?:cert\w*|chain) .. not yet (?:valid|activated)
        cert_not_yet_valid
        cert\w* (?:is )?not valid (?:yet|before|after|until)
        not ?time ?valid
        (?:outside|not within) (?:of )?(?:its|the) validity
        validity (?:period|date|check|interval)
        (?:expired|outdated) (?:\w+ )?cert\w*
        (?:invalid|incorrect) .. (?:notafter|notbefore|expir\w+ date)
        not(?:after|before)\b
        cert_e_expired|sec_e_cert_expired|0x80090328|0x800b0101
        verify (?:error|return code)\W{1,3}(?:num=)?(?:9|10)\b
        """,
    ),
    Rule(
        "certificate_hostname_mismatch",
        r"""
        host ?name mismatch
        ip address mismatch
        name ?mismatch
        remotecertificatenamemismatch
        (?:cert\w*|peer) .. (?:not valid|invalid|issued) for (?!the (?:purpose|usage))
        (?:cert\w*|host ?name|common ?name|cn|subject|altnames?|san)\b.{0,80}?(?:does not|did not|not|do not) match\w*
        (?:does|did|do) not match .. (?:cert\w*|host|server|target|common|subject)
        alt(?:ernative)?[ _]?name[s_]? ?invalid
        no (?:subject )?alternative (?:certificate subject )?(?:dns )?names?
        certificate is (?:only )?(?:valid )?for
        no names? match\w*
        legacy common name
        not contain any (?:ip|dns) sans?
        no certificate can be valid for
        unrecognized[ _]name
        (?:target )?principal name is incorrect
        sec_e_wrong_principal|cert_e_cn_no_match|0x80090322|0x800b010f
        (?:wrong|different|unexpected|incorrect) (?:host|common|server|certificate) ?name
        (?:issued|belongs) (?:to|for) (?:another|a different)
        verify (?:error|return code)\W{1,3}(?:num=)?(?:62|64)\b
        """,
        ENCRYPTING,
    ),
    # Exchange Online says this of the recipient's server (DANE, RFC 7672).
    Rule("certificate_hostname_mismatch", r"certificate-host-mismatch"),
    Rule(
        "certificate_untrusted",
        r"""
        self[- _]?signed
        issuer certificate
        (?:local )?issuer .. (?:unknown|not (?:found|trusted))
        (?:untrusted|unknown|unrecogni[sz]ed|unverified) (?:\w+ )?(?:issuer|root|certificate|ca|authority)\b
        signed by (?:an )?(?:unknown|untrusted)
        unknown_ca
        cert\w*[ _](?:could )?(?:not )?(?:be )?verif\w+(?:[ _](?:failed|failure|error))?
        verif\w+ .. cert\w*
        verify (?:the )?(?:first|leaf|peer|remote|server|chain)
        verify (?:error|return code)\W{1,3}(?:num=)?(?:[2-9]|1[1-9]|2\d)\b
        cert\w* .. (?:not|un)(?: be)? ?trusted
        (?:not|un)(?: be)? ?trusted .. cert\w*
        remotecertificate(?:chainerrors|notavailable)
        remote certificate (?:is|was) (?:invalid|rejected)
        cert\w* (?:is|was) (?:invalid|revoked|rejected|not accepted)
        (?:invalid|bad|revoked) (?:remote |server |peer |ssl |tls )?cert\w*
        (?:valid )?certification path
        pkix
        (?:partial|untrusted) ?(?:chain|root)
        cert_trust_\w+|crypt_e_\w+
        chain (?:verification|was issued|of trust|building|is incomplete|incomplete)
        (?:incomplete|broken) .. chain
        (?:revocation|crl) .. (?:check|unable|failed|offline|status|unknown)
        root (?:certificate|ca) .. (?:not|missing)
        depth_zero_self|self_signed_cert_in_chain|unable_to_(?:get|verify)
        trust (?:relationship|anchor)
        cert_e_untrustedroot|sec_e_untrusted_root|0x80090325|0x800b0109|0x800b010a
        (?:bad|unsupported)[ _]certificate
        tlsa-invalid|dane validation
        """,
    ),
)

VERSION = Rule(
    "tls_version_or_cipher",
    r"""
        {version} .. (?:{retired}|not (?:allowed|enabled|available)|disabled|required|minimum)
        {version} .. or (?:later|higher|newer|above)
        (?:upgrade|update|minimum|requires?|use|need|at least)\w* .. (?:ssl|tls)[ v]{0,2}1\.[23]
        (?:deprecated|old|older|legacy|outdated) (?:version of |versions of )?(?:tls|ssl)
        """,
)
_HANDSHAKE = Rule(
    "tls_version_or_cipher",
    r"""
        (?:unsupported|no|wrong|bad|old|deprecated|insecure|invalid)[ _](?:\w+[ _])?(?:ssl|tls|protocol|cipher)\w*
        (?:dh|ee|ca|rsa|ec)[ _](?:key|md|pub key)[ _]too[ _](?:small|weak)
        (?:key|signature|digest|md) too (?:small|weak|short)
        handshake[ _](?:failure|error)
        handshake .. (?:alert|fail\w*|reset|abort\w*|eof|closed|error)
        (?:terminated|aborted|closed|reset|rejected|refused) .. handshake
        (?:alert|ssl|tls)\w* .. protocol[ _]?version
        inappropriate[ _]fallback
        insufficient[ _]security
        legacy[ _]sigalg|unsafe legacy renegotiation
        (?:ssl|tls|protocol|client)\b.{0,40}?version .. (?:not|too|low|old|unsupported|minimum)
        common (?:algorithm|cipher|encryption|protocol)
        (?:no|not) .. (?:matching|shared|common|mutual) (?:\w+ )?(?:cipher|protocol|algorithm)\w*
        algorithm[ _]mismatch|0x80090331
        cipher ?(?:suite)?s? .. (?:not|mismatch|fail\w*|weak|reject\w*|unsupported)
        (?:weak|unsupported|rejected|outdated) (?:cipher|encryption|protocol|tls)
        alert (?:number )?(?:40|47|70|71|80|86)\b
        sspi failed
        could not create ssl/tls secure channel
        (?:ssl|tls) (?:negotiation|setup|connect(?:ion)?) (?:error|failed|failure|was not successful)
        (?:no|not any|without) .. (?:ssl|tls) .. in common
        fatal (?:tls|ssl)? ?alert
        received (?:a )?(?:tls|ssl|fatal) alert
        remote party (?:has )?sent a tls alert
        (?:gnutls|ssl|tls)[ _]\w*(?:connect|handshake|accept)\b
        unexpected or badly formatted
        """,
    ENCRYPTING,
)
# Windows' numbers and OpenSSL's alerts that say no more than that the two sides did not agree.
_DISAGREEMENT = Rule(
    "tls_version_or_cipher",
    r"""
        sec_e_\w+|0x800903\w\w|initializesecuritycontext
        (?:tls|ssl)v?\d*[ _]alert[ _](?:internal|decode|decrypt|illegal|access|export|user)
        """,
    ENCRYPTING,
    confidence="medium",
)

NETWORK = (
    Rule("dns_failure", _TIMEOUT, ("dns",), permanent=False),
    Rule(
        "dns_failure",
        r"""
        temporary failure in name resolution
        name resolution .. (?:temporar|time|again)\w*
        eai_again
        errno -3\b
        11002\b
        wsatry_again
        servfail
        server misbehaving
        (?:dns|lookup|resol\w+) .. tim(?:ed?|ing)[ -]?out
        temporary (?:dns|resolver|name server) (?:failure|error|problem)
        (?:dns|lookup) .. (?:temporar\w+|try again)
        """,
        REACHING,
        permanent=False,
    ),
    Rule(
        "dns_failure",
        r"""
        name or service not known
        node ?name nor serv ?name
        (?:php_network_)?getaddr(?:info|\w*)\b
        gai_?error
        (?:enotfound|eai_noname|eai_nodata|eai_fail)\b
        no such host
        (?:host|domain|server)(?: ?name)?(?: \S+)? (?:can|could|was|is)? ?not (?:be )?(?:found|resolved?|known)
        host not found
        (?:not|unable to|failed to|cannot|failure to|error) (?:be )?(?:resolv\w+|look ?up)
        unable to resolve
        unknown ?host
        name (?:resolution|lookup) (?:error|fail\w*)
        name does not resolve
        name could not be resolved
        (?:11001|11003|11004)\b
        wsahost_not_found
        nxdomain
        no address associated
        no (?:a|aaaa|dns|mx|address) records?
        non-existent domain
        (?:dns|name) (?:error|failure|query failed|lookup fail\w*|server failure)
        no data(?: record)? of requested type|requested name is valid
        errno -[2458]\b
        """,
        REACHING,
    ),
    Rule(
        "network_unreachable",
        r"""
        no route to (?:the )?(?:host|network)
        (?:network|host|net|destination|protocol)(?: is| was)? (?:unreachable|not reachable|down)
        (?:unreachable|unreached) (?:network|host)
        (?:ehostunreach|enetunreach|enetdown|ehostdown)\b
        errno (?:47|49|51|65|97|99|100|101|112|113)\b
        address family .. not supported|can not assign requested address
        (?:wsaenetunreach|wsaehostunreach|wsaenetdown|10050|10051|10065)\b
        """,
    ),
    Rule(
        "connection_refused",
        r"""
        connection (?:was |is )?(?:actively )?(?:refused|rejected)
        connectionrefused
        econnrefused
        actively refused
        (?:10061|wsaeconnrefused)\b
        errno (?:61|111)\b
        (?:connection|connect|socket)\b.{0,40}?(?:eacces|10013|forbidden by its access permissions|permission denied)
        """,
        (*REACHING, "tls"),
        code=NO_CODE,
    ),
    # A reset is nothing but a reset, unless it is the TLS library that tells of it.
    Rule(
        "tls_version_or_cipher",
        r"""(?:ssl|tls|crypto)\S* .. (?:reset by peer|connection reset|eof)
    (?:unexpected )?eof (?:occurred|error) .. protocol""",
        ("tls",),
    ),
    Rule("dns_failure", r"dnssec-invalid|dns (?:query|lookup) failed"),
    # What a server says of its own next hop.
    Rule("connection_refused", r"connection refused|socket error code 10061", SENDING),
    Rule("connection_timeout", _TIMEOUT),
    Rule("server_disconnected", _BROKEN),
    Rule(
        # Which of the two it was is not said; where nothing listens, this is the more frequent answer.
        "connection_refused",
        r"""
        (?:unable|failed|failure|not able) (?:to )?(?:establish .. )?connect\w*
        (?:can|could|can ?not|did) ?(?:not)? (?:be )?(?:establish\w* .. )?connect\w*(?: to| with|\b)
        (?:no|error) connect(?:ion|ing) (?:could|to|with)
        connect(?:ion)?(?:\(\))?(?: \S+){0,4}? (?:failed|failure|error|not established|unsuccessful)
        """,
        REACHING,
    ),
)

ENCRYPTION = (*TLS_MODE, *CERTIFICATE)
HANDSHAKE = (_HANDSHAKE, _DISAGREEMENT)
