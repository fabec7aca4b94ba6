"""The MTA: a durable spool, routing by MX records, the relay client, retries and failure reports."""

from __future__ import annotations

from refmail.queue.client import RelayClient, Timeouts
from refmail.queue.queue import Queue
from refmail.queue.router import Router
from refmail.queue.schedule import Schedule
from refmail.queue.spool import Spool

__all__ = ["Queue", "RelayClient", "Router", "Schedule", "Spool", "Timeouts"]
