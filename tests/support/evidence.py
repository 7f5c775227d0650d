"""The evidence for the simulated switch's side of a test: a recording, or a C function.

    @stands_on("11a_record_app", "record")
    def test_...

says that what the simulated switch does in this test with the application of `Channel.record`
can be looked up in that recording. Where there is none, ``"mod_dptools.c, deflect_function"``
says where it was read. A test that does not use the methods it is marked for fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple, TypeVar
from unittest.mock import patch

from eslsync import Channel, Session
from eslsync.call.connection import Connection
from eslsync.wire.declared import Declaration, declaration_of
from tests.support import recorded

__all__ = ["Evidence", "is_recorded", "run_by", "stands_on"]

TestT = TypeVar("TestT", bound=Callable[..., None])


class Evidence(NamedTuple):
    """A source, and the methods of `Channel` or `Session` whose tests stand on it."""

    source: str
    methods: tuple[str, ...]


def stands_on(source: str, *methods: str) -> Callable[[TestT], TestT]:
    """A decorator for tests, see above; also several for one test."""
    if not re.fullmatch(r"\w+\.c, \w+|\d\d\w+", source):
        raise ValueError(f"neither a recording nor 'file.c, function': {source!r}")
    if not methods:
        raise ValueError("name the methods whose applications stand on it")

    def mark(test: TestT) -> TestT:
        @wraps(test)
        def marked(*arguments: Any, **keywords: Any) -> None:
            with used(methods):
                test(*arguments, **keywords)

        earlier = getattr(test, "evidence", [])
        marked.evidence = [Evidence(source, methods), *earlier]  # type: ignore[attr-defined]
        return marked  # type: ignore[return-value]

    return mark


@contextmanager
def used(methods: tuple[str, ...]) -> Iterator[None]:
    """Check that each method is called, and that its application or command is sent."""
    called: set[str] = set()
    sent: list[str] = []
    send = Connection.send

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def watch(self: Any, *arguments: Any, **keywords: Any) -> Any:
            called.add(name)
            return method(self, *arguments, **keywords)

        return watch

    def watched_send(self: Any, data: bytes, *commands: Any) -> Any:
        sent.append(data.decode("utf-8", "surrogateescape"))
        return send(self, data, *commands)

    patches = [
        patch.object(home_of(name), name, watched(name, getattr(home_of(name), name)))
        for name in methods
    ]
    with patch.object(Connection, "send", watched_send):
        for each in patches:
            each.start()
        try:
            yield
        finally:
            for each in patches:
                each.stop()
    for name in methods:
        assert name in called, f"the test is marked for {name}, and never calls it"
        assert any(executes(command, name) for command in sent), f"{name} was never sent"


def home_of(method: str) -> type[Channel | Session]:
    return Channel if hasattr(Channel, method) else Session


def run_by(method: str) -> Declaration:
    """The application that a method of `Channel` or `Session` runs, or the api command."""
    return declaration_of(getattr(home_of(method), method))


def executes(command: str, method: str) -> bool:
    """True if a command of ours executes the method's application."""
    application = run_by(method)
    if application.api:
        return re.match(rf"(bg)?api {application.name}\b", command) is not None
    return f"execute-app-name: {application.name}\n" in f"{command}\n"


def is_recorded(recording: str, method: str) -> bool:
    """True if the method's application was executed there, or its command sent."""
    application = run_by(method)
    conversation = recorded.recording(recording)
    if application.api:
        command = re.compile(rf"(bg)?api {application.name}\b")
        return any(command.match(each.line) for each in conversation.commands())
    begun = conversation.events("CHANNEL_EXECUTE")
    return any(event.get("Application") == application.name for event in begun)
