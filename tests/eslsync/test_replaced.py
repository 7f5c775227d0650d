"""A defect of the handler that the end of its call has replaced is told all the same."""

from __future__ import annotations

import builtins
import logging
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from eslsync import CommandError, Disconnected, Hangup, Session
from simulator import FreeSwitch
from tests.support.peer import call, reply
from tests.support.servers import messages


class OwnError(Exception):
    pass


def goodbye(session: Session) -> None:
    session.channel.playback("bye.wav")


def in_finally(session: Session) -> None:
    try:
        raise OwnError
    finally:
        goodbye(session)


def in_an_inner_finally(session: Session) -> None:
    try:
        in_finally(session)
    finally:
        goodbye(session)


def in_a_with_block(session: Session) -> None:
    @contextmanager
    def polite() -> Iterator[None]:
        try:
            yield
        finally:
            goodbye(session)

    with polite():
        raise OwnError


def in_a_class_with_exit(session: Session) -> None:
    class Polite:
        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            goodbye(session)

    with Polite():
        raise OwnError


def in_an_exit_stack(session: Session) -> None:
    with ExitStack() as stack:
        stack.callback(goodbye, session)
        stack.callback(goodbye, session)
        raise OwnError


def in_a_generator_that_is_closed(session: Session) -> None:
    def prompts() -> Generator[str, None, None]:
        try:
            yield "menu.wav"
        finally:
            goodbye(session)

    with closing(prompts()) as files:
        for _ in files:
            raise OwnError


def in_a_callback(session: Session) -> None:
    session.on("CHANNEL_HANGUP", lambda event: in_finally(session))
    goodbye(session)


def in_a_caught_callback(session: Session) -> None:
    session.on("CHANNEL_HANGUP", lambda event: in_finally(session))
    try:
        goodbye(session)
    except Hangup:
        pass


def where_the_hangup_is_caught(session: Session) -> None:
    try:
        in_finally(session)
    except Hangup:
        pass


def where_it_is_caught_in_the_same_function(session: Session) -> None:
    with suppress(Hangup):
        try:
            raise OwnError
        finally:
            goodbye(session)


def where_it_is_caught_around_a_with_block(session: Session) -> None:
    try:
        in_a_with_block(session)
    except Hangup:
        pass


def caught_in_the_finally(session: Session) -> None:
    with suppress(OwnError):
        try:
            raise OwnError
        finally:
            with suppress(Hangup):
                goodbye(session)


def caught_below_the_finally(session: Session) -> None:
    def polite() -> None:
        try:
            goodbye(session)
        except Hangup:
            pass

    try:
        try:
            raise OwnError
        finally:
            polite()
    except OwnError:
        pass


def handled_before(session: Session) -> None:
    try:
        try:
            raise OwnError
        except OwnError:
            goodbye(session)
    except Hangup:
        pass


def while_handled(session: Session) -> None:
    try:
        raise OwnError
    except OwnError:
        goodbye(session)


def in_the_finally_of_an_except(session: Session) -> None:
    try:
        raise OwnError
    except ValueError:
        pass
    finally:
        goodbye(session)


LOST = [
    in_finally,
    in_an_inner_finally,
    in_a_with_block,
    in_a_class_with_exit,
    in_an_exit_stack,
    in_a_generator_that_is_closed,
    in_a_callback,
    in_the_finally_of_an_except,
]


def hung_up(handler: Callable[[Session], None]) -> None:
    """Run a handler whose caller hangs up during its first command."""

    def begin(session: Session) -> None:
        session.send("getvar begun")
        handler(session)

    with call(begin) as peer:
        peer.handshake()
        peer.hear("getvar begun")
        peer.say(reply("1"), *peer.tail())
        peer.await_handler()


CAUGHT = [
    in_a_caught_callback,
    where_the_hangup_is_caught,
    where_it_is_caught_in_the_same_function,
    where_it_is_caught_around_a_with_block,
]


@pytest.mark.parametrize(
    "handler", [caught_in_the_finally, caught_below_the_finally, handled_before]
)
def test_what_no_hangup_has_replaced_is_not_logged(
    handler: Callable[[Session], None], caplog: pytest.LogCaptureFixture
) -> None:
    hung_up(handler)
    assert messages(caplog, logging.WARNING) == []


@pytest.mark.parametrize("handler", [*LOST, *CAUGHT])
def test_what_a_hangup_has_replaced_is_logged_with_its_traceback(
    handler: Callable[[Session], None], caplog: pytest.LogCaptureFixture
) -> None:
    hung_up(handler)
    [record] = [each for each in caplog.records if "was replaced by Hangup" in each.message]
    assert record.exc_info is not None
    assert record.exc_info[0] is OwnError
    assert record.exc_info[2] is not None


def test_what_was_being_handled_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    hung_up(while_handled)
    [text] = messages(caplog, logging.WARNING)
    assert text.startswith("while an exception was handled: Hangup")


def test_what_a_hangup_is_raised_from_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    def handler(session: Session) -> None:
        try:
            raise OwnError
        except OwnError as error:
            try:
                goodbye(session)
            except Hangup as hangup:
                raise hangup from error

    hung_up(handler)
    [text] = messages(caplog, logging.WARNING)
    assert text.startswith("while an exception was handled: Hangup")


def test_a_closed_generator_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    def handler(session: Session) -> None:
        def prompts() -> Generator[str, None, None]:
            try:
                yield "menu.wav"
            finally:
                goodbye(session)

        with closing(prompts()) as files:
            next(files)

    hung_up(handler)
    assert messages(caplog, logging.WARNING) == []


@pytest.mark.parametrize("deliberate", ["timeout", "from None"])
def test_a_handled_timeout_and_a_hidden_context_are_no_defects(
    deliberate: str, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(session: Session) -> None:
        try:
            session.channel.wait("CUSTOM a::b", timeout=0) if deliberate == "timeout" else 1 / 0
        except (TimeoutError, ZeroDivisionError):
            try:
                goodbye(session)
            except Hangup as hangup:
                raise hangup from None

    hung_up(handler)
    assert messages(caplog, logging.WARNING) == []


def test_what_the_end_of_the_connection_has_replaced_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(session: Session) -> None:
        try:
            session.api("nonsense")
        finally:
            goodbye(session)

    with call(handler) as peer:
        peer.handshake()
        peer.hear("api nonsense")
        peer.say(b"Content-Type: api/response\nContent-Length: 10\n\n-ERR wrong")
        peer.execute("playback")
        peer.end()
        peer.await_handler()
    assert isinstance(peer.raised, Disconnected)
    [record] = [each for each in caplog.records if "was replaced by Disconnected" in each.message]
    assert record.exc_info is not None
    assert record.exc_info[0] is CommandError


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_an_exception_group_is_told_as_any_other(caplog: pytest.LogCaptureFixture) -> None:
    def handler(session: Session) -> None:
        try:
            raise getattr(builtins, "ExceptionGroup")("several", [OwnError()])  # noqa: B009
        finally:
            goodbye(session)

    hung_up(handler)
    [record] = [each for each in caplog.records if "was replaced by Hangup" in each.message]
    assert record.exc_info is not None
    assert record.exc_info[0] is not None
    assert record.exc_info[0].__name__ == "ExceptionGroup"


@pytest.mark.parametrize("handler", LOST)
def test_a_test_fails_with_the_exception_that_the_hangup_has_replaced(
    handler: Callable[[Session], None],
) -> None:
    def begin(session: Session) -> None:
        session.channel.answer()
        if handler is not in_a_callback:
            with pytest.raises(Hangup):
                session.channel.playback("ivr/ivr-welcome")
        handler(session)

    with FreeSwitch() as switch:
        simulated = switch.call(begin)
        simulated.expect("CHANNEL_ANSWER")
        with pytest.raises(OwnError):
            simulated.hangup()
    assert isinstance(simulated.error, OwnError)


def test_a_test_fails_with_what_a_callback_of_the_hangup_has_lost() -> None:
    """Also in `hangup`, which swallows the Hangup of its own call."""

    def handler(session: Session) -> None:
        session.channel.answer()
        session.on_hangup(lambda hangup: in_finally(session))
        session.channel.hangup()

    with FreeSwitch() as switch, pytest.raises(OwnError):
        switch.call(handler).wait()


def test_a_test_fails_with_what_a_thread_has_lost() -> None:
    def work(session: Session) -> None:
        try:
            raise OwnError
        finally:
            session.channel.execute("playback", "bye.wav", block=False)

    def handler(session: Session) -> None:
        session.channel.answer()
        with suppress(Hangup):
            session.channel.playback("ivr/ivr-welcome")
        thread = threading.Thread(target=work, args=(session,))
        thread.start()
        thread.join()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome", start=True)
        with pytest.raises(OwnError):
            call.hangup()


def test_a_test_does_not_fail_for_what_the_handler_had_caught() -> None:
    def begin(session: Session) -> None:
        session.channel.answer()
        while_handled(session)

    with FreeSwitch() as switch:
        simulated = switch.call(begin)
        simulated.hear("bye.wav", start=True)
        simulated.hangup()
    assert simulated.error is None
