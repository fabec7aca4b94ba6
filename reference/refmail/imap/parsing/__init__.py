"""Recursive descent over the octets of a command: one function per ABNF rule of RFC 3501 section 9.

Each function takes a `Cursor` and moves it over what it has read. On any input
whatever it raises nothing but `ParseError`, or `LiteralWanted` where the octets
end at the announcement of a literal that has not been read yet.
"""
