"""The SMTP server: a machine without I/O (RFC 5321 and the extensions that `capabilities` lists)."""
