"""Work in a thread: its steps are seen, it can be stopped, and its error is the caller's."""

import threading

import pytest

from inpaint_jax.completion.page.jobs import Done, Step, Stop, stream
from inpaint_jax.errors import InputError


def test_steps_and_the_end():
    def work(bar):
        for chunk, loss in ((1, 3.0), (2, 2.0)):
            bar.set_postfix(chunk=chunk, loss=loss)
        bar.update()
        return "made"

    *steps, end = stream(work, Stop())
    assert isinstance(end, Done) and end.made == "made" and end.seconds > 0
    assert all(isinstance(step, Step) for step in steps)
    assert [(step.chunk, step.losses) for step in steps] == [(0, ()), (1, (3.0,)), (2, (3.0, 2.0))]


def test_time_is_seen_to_go_on(monkeypatch):
    monkeypatch.setattr("inpaint_jax.completion.page.jobs.BEAT", 0.01)
    seen, go = [], threading.Event()
    for event in stream(lambda bar: go.wait(10), Stop()):
        seen.append(event)
        if len(seen) == 4:
            go.set()
    assert [type(event) for event in seen[:4]] == [Step] * 4 and isinstance(seen[-1], Done)
    assert seen[3].seconds > seen[0].seconds


def test_its_error_is_raised():
    def work(bar):
        raise InputError("no such thing")

    with pytest.raises(InputError, match="no such thing"):
        list(stream(work, Stop()))


def test_it_has_ended_when_nobody_listens():
    """A tab that is closed leaves no job behind on the device."""
    stop, ended = Stop(), threading.Event()

    def work(bar):
        while not stop:
            bar.set_postfix(chunk=1)
        ended.set()

    events = stream(work, stop)
    next(events)
    events.close()
    assert stop and ended.is_set()
