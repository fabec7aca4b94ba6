"""Takes secrets out of log records where they are made, before any handler of pytest's writes them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

__all__ = ["masked_logs"]


@contextmanager
def masked_logs(mask: Callable[[str], str]) -> Generator[None]:
    """Mask the message of every log record that is made meanwhile, in whatever thread."""
    before = logging.getLogRecordFactory()

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = before(*args, **kwargs)
        record.msg, record.args = mask(record.getMessage()), None
        return record

    logging.setLogRecordFactory(make)
    try:
        yield
    finally:
        logging.setLogRecordFactory(before)
