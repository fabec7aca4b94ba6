"""The MTA: a durable spool, routing by MX records, the relay client, retries and failure reports."""
