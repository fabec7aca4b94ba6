"""refmail: a mail server that follows its RFCs, and breaks them on demand."""
