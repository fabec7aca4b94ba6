"""Exim receives, submits and relays; Dovecot has the mailboxes and the passwords."""

from __future__ import annotations

from collections.abc import Sequence

from mailspec.lab.servers import dovecot
from mailspec.lab.servers.driver import CERTIFICATE, DOMAIN, HOSTNAME, KEY, LOOPBACK, Reach, Site
from mailspec.lab.servers.orders import ConfigFile

__all__ = ["EximDovecot"]

#: The key as Exim may read it; it gives up root before it opens the file.
_EXIM_KEY = "/etc/exim4/server.key"

#: `self = send` and no `ignore_target_hosts`: MX hosts of the lab are loopback addresses. Times are compressed.
#: Port 25 offers no AUTH and relays for nobody; port 587 wants TLS, then AUTH.
_CONF = f"""\
primary_hostname = {HOSTNAME}
qualify_domain = {DOMAIN}
domainlist local_domains = {DOMAIN} : {HOSTNAME} : localhost
local_interfaces = <; {LOOPBACK}
daemon_smtp_ports = 25 : 587
disable_ipv6 = true
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {CERTIFICATE}
tls_privatekey = {_EXIM_KEY}
auth_advertise_hosts = ${{if eq{{$received_port}}{{587}}{{${{if def:tls_in_cipher{{*}}}}}}}}
keep_environment =
accept_8bitmime = true
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_vrfy = accept
queue_run_max = 5

begin acl
acl_mail:
  deny condition = ${{if eq{{$received_port}}{{587}}}}
       !authenticated = *
       message = 530 5.7.0 Authentication required
  accept
acl_rcpt:
  accept authenticated = *
  require domains = +local_domains
          message = relay not permitted
  require verify = recipient
  accept

begin routers
elsewhere:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  self = send
  no_more
roles:
  driver = redirect
  data = ${{if inlisti{{$local_part}}{{postmaster:abuse:mailer-daemon}}{{alice}}fail}}
users:
  driver = accept
  check_local_user
  transport = maildir

begin transports
remote_smtp:
  driver = smtp
  connect_timeout = 2s
  hosts_try_fastopen =
  hosts_try_prdr =
maildir:
  driver = appendfile
  directory = $home/Maildir
  maildir_format
  delivery_date_add
  envelope_to_add
  return_path_add

begin retry
* * F,1h,2s

begin authenticators
plain:
  driver = dovecot
  public_name = PLAIN
  server_socket = /run/dovecot/auth-exim
  server_set_id = $auth1
login:
  driver = dovecot
  public_name = LOGIN
  server_socket = /run/dovecot/auth-exim
  server_set_id = $auth1
"""


class EximDovecot:
    """The driver."""

    name = "exim+dovecot"
    packages: Sequence[str] = ("exim4-daemon-heavy", "exim4-config", *dovecot.PACKAGES)
    preseed: Sequence[str] = ()
    setup: Sequence[str] = ()
    start: Sequence[str] = (
        *dovecot.START,
        f"install -o root -g Debian-exim -m 640 {KEY} {_EXIM_KEY}",
        "install -d -o Debian-exim -g Debian-exim -m 750 /run/exim4",
        "exim4 -bd -q2s",
    )
    services: Sequence[Reach] = (
        Reach("smtp", 25),
        Reach("submission", 587, "starttls"),
        Reach("imap", 143),
        Reach("pop3", 110),
    )
    address = LOOPBACK
    ports: Sequence[int] = (25, 587, *dovecot.PORTS)
    namespace_prefix = ""

    def files(self, site: Site) -> Sequence[ConfigFile]:
        socket = ("/run/dovecot/auth-exim", "Debian-exim", "Debian-exim")
        return (
            ConfigFile(path="/etc/exim4/exim4.conf", text=_CONF, mode=0o640, owner="root:Debian-exim"),
            *dovecot.dovecot_files(site, address=self.address, auth=socket),
        )
