"""Dovecot's share of a target: IMAP, POP3, LMTP, and passwords for the SMTP server beside it."""

from __future__ import annotations

from mailspec.lab.servers.driver import CERTIFICATE, DOMAIN, HOSTNAME, KEY, Site
from mailspec.lab.servers.orders import ConfigFile

__all__ = ["LMTP_PACKAGE", "LMTP_PORT", "PACKAGES", "PORTS", "START", "dovecot_files"]

PACKAGES = ("dovecot-imapd", "dovecot-pop3d")
LMTP_PACKAGE = "dovecot-lmtpd"
#: IMAP and POP3, each also with TLS first.
PORTS = (143, 110, 993, 995)
LMTP_PORT = 24
START = ("dovecot",)

USERS = "/etc/dovecot/users"

#: Penalties and limits on failed logins are off: they would make a run slow, and say nothing about a protocol.
_CONF = """\
protocols = imap pop3 {lmtp_protocol}
listen = {address}
hostname = {hostname}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_username_format = %Ln
auth_failure_delay = 0 secs
mail_max_userip_connections = 200
mail_location = maildir:~/Maildir
first_valid_uid = 1000
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {users}
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {users}
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  client_limit = 500
}}
service pop3-login {{
  client_limit = 500
}}
{lmtp}{auth}"""

_LMTP = """\
service lmtp {{
  inet_listener lmtp {{
    address = {address}
    port = {port}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@{domain}
}}
"""

#: Where another server asks for passwords by SASL.
_AUTH = """\
service auth {{
  unix_listener {path} {{
    mode = 0660
    user = {user}
    group = {group}
  }}
}}
"""


def dovecot_files(
    site: Site, *, address: str, auth: tuple[str, str, str] | None = None, lmtp: bool = False
) -> tuple[ConfigFile, ...]:
    """Return Dovecot's files.

    Args:
        site: the accounts.
        address: where it listens.
        auth: path, user and group of a socket at which an SMTP server may verify passwords.
        lmtp: whether it takes mail by LMTP, too.
    """
    socket = _AUTH.format(path=auth[0], user=auth[1], group=auth[2]) if auth else ""
    conf = _CONF.format(
        hostname=HOSTNAME,
        address=address,
        certificate=CERTIFICATE,
        key=KEY,
        users=USERS,
        auth=socket,
        lmtp_protocol="lmtp" if lmtp else "",
        lmtp=_LMTP.format(address=address, port=LMTP_PORT, domain=DOMAIN) if lmtp else "",
    )
    rows = (
        f"{account.name}:{{PLAIN}}{account.secret}:{account.number}:{account.number}::{account.home}::\n"
        for account in site.accounts
    )
    return (
        ConfigFile(path="/etc/dovecot/dovecot.conf", text=conf),
        ConfigFile(path=USERS, text="".join(rows), mode=0o640, owner="root:dovecot"),
    )
