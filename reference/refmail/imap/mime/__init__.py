"""The structure of messages, found lazily in their raw octets and kept as offsets (RFC 5322, RFC 2045 to 2047)."""
