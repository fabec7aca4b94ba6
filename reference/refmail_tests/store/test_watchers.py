"""Watchers: what forgetting a callback promises."""

from __future__ import annotations

import threading

from refmail.store.watchers import Watchers


def test_forgetting_waits_for_the_callback_that_runs() -> None:
    watchers = Watchers()
    running, go_on = threading.Event(), threading.Event()
    calls: list[str] = []

    def callback() -> None:
        running.set()
        go_on.wait(10)
        calls.append("called")

    stop = watchers.add("ada", callback)
    notifier = threading.Thread(target=watchers.notify, args=("ada",))
    notifier.start()
    running.wait(10)
    forgetter = threading.Thread(target=stop)
    forgetter.start()
    forgetter.join(0.05)
    assert forgetter.is_alive()

    go_on.set()
    forgetter.join(10)
    assert calls == ["called"]
    notifier.join(10)
    watchers.notify("ada")
    assert calls == ["called"]


def test_a_callback_may_forget_itself() -> None:
    watchers = Watchers()
    calls: list[str] = []

    def callback() -> None:
        calls.append("called")
        stop()

    stop = watchers.add("ada", callback)
    watchers.notify("ada")
    watchers.notify("ada")

    assert calls == ["called"]
    assert watchers.users() == []
