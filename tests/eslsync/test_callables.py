"""Functions that would run nothing are refused where they are passed, not met in a call."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar

import pytest

from eslsync import Hangup, Outbound, Session
from eslsync.callables import check_function, fault_of
from simulator import Call, FreeSwitch, explore, sweep
from tests.support.cases import for_each


async def awaited(argument: object) -> bool:
    return False


def iterated(argument: object) -> Iterator[bool]:
    yield False


async def iterated_later(argument: object) -> AsyncIterator[bool]:
    yield False


class Async:
    async def __call__(self, argument: object) -> None: ...


class InheritsIt(Async): ...


class Plain:
    calls: ClassVar[list[object]] = []

    def __call__(self, argument: object) -> None:
        self.calls.append(argument)

    async def later(self, argument: object) -> None: ...

    def now(self, argument: object) -> None: ...


class Runs:
    """Does its work when it is created, as socketserver's handlers do."""

    sessions: ClassVar[list[object]] = []

    def __init__(self, session: Session) -> None:
        self.sessions.append(session)


def of_none() -> None: ...


def of_two(session: Session, database: object) -> None: ...


def of_keyword(session: Session, *, database: object) -> None: ...


def with_database(function: Callable[[Session, object], None]) -> Callable[..., None]:
    @functools.wraps(function)
    def wrapper(*given: Any) -> None:
        function(given[0], object())

    return wrapper


REFUSED: dict[str, tuple[Any, str]] = {
    "an async function": (awaited, "awaited is an async function, which nobody awaits"),
    "part of one": (functools.partial(awaited), "is an async function"),
    "part of a part": (functools.partial(functools.partial(awaited)), "is an async function"),
    "an async method": (Plain().later, "Plain.later is an async function"),
    "an async object": (Async(), "is an async function"),
    "one that inherits it": (InheritsIt(), "is an async function"),
    "part of it": (functools.partial(Async()), "is an async function"),
    "an async generator": (iterated_later, "is an async function"),
    "a generator function": (iterated, "iterated is a generator function, which nobody iterates"),
    "a class for its instances": (Plain, "Plain is a class whose instances are called"),
    "no argument": (of_none, "of_none takes () instead"),
    "two arguments": (of_two, "of_two takes (session, database) instead"),
    "a keyword": (of_keyword, "of_keyword takes (session, *, database) instead"),
    "a class without one": (Session, "Session takes (conversation, handover) instead"),
    "a number": (5, "5 is not a function"),
}

TAKEN: dict[str, Any] = {
    "a function": lambda session: None,
    "a default": lambda session, database=None: None,
    "any arguments": lambda *given: None,
    "a method": Plain().now,
    "an object": Plain(),
    "part of one": functools.partial(of_two, database=None),
    "a wrapper that adds an argument": with_database(of_two),
    "a class that does it": Runs,
    "one of C": print,
    "one of C without a signature": max,
}


@for_each("kind", REFUSED)
def test_what_would_not_run_is_no_handler(kind: str) -> None:
    function, said = REFUSED[kind]
    with pytest.raises(TypeError, match="a handler must be a plain function of one arg") as raised:
        Outbound(function)
    assert said in str(raised.value)
    with pytest.raises(TypeError):
        Outbound(lambda session: None).replace(handler=function)
    with pytest.raises(TypeError), FreeSwitch() as switch:
        switch.call(function)
    with pytest.raises(TypeError), FreeSwitch() as switch:
        switch.endpoint("user/1000", function)
    with pytest.raises(TypeError):
        explore(function, keys="1", workers=1)


@for_each("kind", TAKEN)
def test_what_runs_is_a_handler(kind: str) -> None:
    assert fault_of(TAKEN[kind]) is None
    Outbound(TAKEN[kind])


def test_objects_and_classes_handle_calls() -> None:
    with FreeSwitch() as switch:
        switch.call(Plain()).wait()
        switch.call(Runs).wait()
        switch.call(with_database(of_two)).wait()
    assert len(Plain.calls) == len(Runs.sessions) == 1


REGISTERED: dict[str, Callable[[Session, Any], object]] = {
    "on": lambda session, function: session.on("DTMF", function),
    "@on": lambda session, function: session.on("DTMF")(function),
    "channel.on": lambda session, function: session.channel.on("DTMF", function),
    "on_dtmf": lambda session, function: session.channel.on_dtmf("1")(function),
    "on_hangup": lambda session, function: session.on_hangup(function),
    "wait": lambda session, function: session.wait(function),
    "channel.wait": lambda session, function: session.channel.wait(function),
    "get_digits": lambda session, function: session.channel.get_digits(valid=function),
}


@pytest.mark.parametrize("how", REGISTERED)
def test_what_would_not_run_is_refused_where_it_is_passed(how: str) -> None:
    said = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for kind in ("an async function", "a generator function", "two arguments"):
            try:
                REGISTERED[how](session, REFUSED[kind][0])
            except TypeError as error:
                said.append(str(error))

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert ["plain function of one argument" in each for each in said] == [True] * 3


def test_a_watcher_of_async_methods_is_refused() -> None:
    class Watching:
        async def begins(self, wait: object) -> None: ...

        async def ends(self, wait: object) -> None: ...

    def handler(session: Session) -> None:
        session.watch(Watching())  # type: ignore[arg-type]

    with pytest.raises(TypeError, match=r"begins.* is an async function"), FreeSwitch() as switch:
        switch.call(handler).wait()


def test_what_would_not_run_is_no_application_of_the_simulated_switch() -> None:
    def known(channel: object, data: str) -> Iterator[None]:
        yield

    FreeSwitch(applications={"mine": known}, api_commands={"mine": known})  # type: ignore[dict-item]
    for kind in ("an async method", "no argument"):
        function = REFUSED[kind][0]
        with pytest.raises(TypeError, match="the application 'mine' must be a plain function or"):
            FreeSwitch(applications={"mine": function})
        with pytest.raises(TypeError, match="the api command 'mine' must be a plain function or"):
            FreeSwitch(api_commands={"mine": function})


def test_what_would_not_run_is_no_key_of_an_exploration() -> None:
    with pytest.raises(TypeError, match="key must be a plain function"):
        explore(lambda session: None, key=awaited)
    with pytest.raises(TypeError, match="progress must be a plain function"):
        explore(lambda session: None, progress=awaited)  # type: ignore[arg-type]


def test_a_script_that_would_not_run_sweeps_nothing() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()

    async def script(call: Call) -> None: ...

    with pytest.raises(TypeError, match="a script must be a plain function"):
        sweep(script, handler)


# What only the returned object shows


def test_a_handler_that_only_returns_a_coroutine_has_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        caplog.at_level(logging.ERROR, "eslsync"),
        pytest.raises(TypeError, match="the handler returned <coroutine object awaited"),
        FreeSwitch() as switch,
    ):
        switch.call(lambda session: awaited(session)).wait()
    assert "the handler failed" in caplog.text


ONLY_RETURNED: dict[str, Callable[[Session], object]] = {
    "the callback": lambda session: (
        session.on("CHANNEL_EXECUTE", lambda event: iterated(event)),
        session.channel.playback("ivr/ivr-welcome"),
    ),
    "the digit handler": lambda session: (
        session.channel.on_dtmf("1")(lambda digit: awaited(digit)),
        session.channel.wait("DTMF"),
    ),
    "the condition": lambda session: session.wait(lambda event: awaited(event)),  # type: ignore[arg-type,return-value]
    "valid": lambda session: session.channel.get_digits(valid=lambda digits: awaited(digits)),  # type: ignore[arg-type,return-value]
}


@pytest.mark.parametrize("what", ONLY_RETURNED)
def test_so_has_a_callback(what: str, recwarn: pytest.WarningsRecorder) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        ONLY_RETURNED[what](session)

    with FreeSwitch(raises=False) as switch:
        call = switch.call(handler)
        call.expect("answer")
        call.press("1")
        call.wait()
    assert isinstance(call.error, TypeError)
    assert str(call.error).startswith(f"{what} returned <")
    assert not recwarn.list, "a coroutine was left to be warned of"


def test_so_has_what_is_called_at_the_hangup(caplog: pytest.LogCaptureFixture) -> None:
    def handler(session: Session) -> None:
        session.on_hangup(lambda hangup: awaited(hangup))
        session.channel.answer()
        session.channel.hangup()

    with caplog.at_level(logging.ERROR, "eslsync"), FreeSwitch(raises=False) as switch:
        switch.call(handler).wait()
    assert "an on_hangup callback failed" in caplog.text


def test_a_handler_may_run_its_own_loop_and_return_anything() -> None:
    def handler(session: Session) -> object:
        session.channel.answer()
        return asyncio.run(awaited(session)), Hangup()

    with FreeSwitch() as switch:
        switch.call(handler).wait()


def test_how_many_arguments_is_said() -> None:
    with pytest.raises(TypeError, match=r"of 2 arguments: of_none takes \(\) instead"):
        check_function("it", of_none, 2)
