"""Digits pressed before anybody asked, and whose they are."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from eslsync import Event, Session, TimeoutError
from eslsync.bounds import DIGITS
from eslsync.call import typeahead
from simulator import FreeSwitch
from tests.support.peer import call, event, reply, response


def test_a_digit_pressed_before_satisfies_the_next_wait() -> None:
    def handler(session: Session) -> list[str]:
        session.channel.playback("x")
        return [session.channel.wait("DTMF", timeout=0)["DTMF-Digit"] for _ in range(3)]

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(*map(peer.digit, "12#"), peer.completed("playback", uuid))
    assert peer.returned == ["1", "2", "#"]


def test_a_digit_satisfies_one_wait() -> None:
    def handler(session: Session) -> str:
        session.channel.playback("x")
        digit = session.channel.wait("DTMF", timeout=0)["DTMF-Digit"]
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0)
        return digit

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(peer.digit("1"), peer.completed("playback", uuid))
        peer.await_handler()
    assert peer.returned == "1"


def test_a_digits_own_handler_takes_precedence_and_the_last_registered_counts() -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []
        channel = session.channel
        channel.on_dtmf()(lambda digit: told.append(f"any {digit}"))
        channel.on_dtmf("1")(lambda digit: told.append(f"replaced {digit}"))
        channel.onDTMF("1")(lambda digit: told.append(f"one {digit}"))
        channel.on_dtmf("a")(lambda digit: told.append(f"A {digit}"))
        for _ in "12A":
            channel.wait("DTMF")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(*map(peer.digit, "12A"))
    assert peer.returned == ["one 1", "any 2", "A A"]


def test_a_digits_handler_runs_once_on_the_handlers_thread_before_wait_returns() -> None:
    def handler(session: Session) -> list[Any]:
        told: list[Any] = []

        @session.channel.onDTMF("1")
        def option1(digit: str) -> None:
            told.append((digit, threading.current_thread()))
            session.channel.playback("option-1")
            told.append("option-1 has played")

        session.channel.playback("welcome")
        event = session.channel.wait("DTMF")
        told.append(("waited", event["DTMF-Digit"]))
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0)
        return [threading.current_thread(), *told]

    with call(handler) as peer:
        peer.handshake()
        welcome = peer.execute("playback", "welcome")
        peer.say(peer.digit("1"))
        option = peer.execute("playback", "option-1")
        peer.say(peer.completed("playback", option), peer.completed("playback", welcome))
        peer.await_handler()
    ours, *told = peer.returned
    assert told == [("1", ours), "option-1 has played", ("waited", "1")]


def test_a_digit_pressed_while_a_callback_runs_has_its_handler_run_afterwards() -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []

        @session.channel.on_dtmf()
        def pressed(digit: str) -> None:
            told.append(f"{digit} begins")
            session.channel.playback(digit)
            told.append(f"{digit} ends")

        session.channel.wait("DTMF")
        session.channel.wait("DTMF")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.digit("1"))
        first = peer.execute("playback", "1")
        peer.say(peer.digit("2"), peer.completed("playback", first))
        peer.run("playback", "2")
    assert peer.returned == ["1 begins", "1 ends", "2 begins", "2 ends"]


@pytest.mark.parametrize("moment", ["before the wait", "during the wait", "during a prompt"])
def test_a_wait_inside_a_callback_takes_the_digit_and_its_handlers_do_not_run(
    moment: str,
) -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []

        @session.channel.on_dtmf("1")
        def menu(digit: str) -> None:
            if moment == "during a prompt":
                session.channel.playback("menu")
            else:
                session.send("getvar x")
            told.append("menu " + session.channel.wait("DTMF")["DTMF-Digit"])

        session.channel.on_dtmf()(lambda digit: told.append(f"any {digit}"))
        told.append("taken " + session.channel.wait("DTMF")["DTMF-Digit"])
        session.channel.wait("CHANNEL_ANSWER")
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0)
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.digit("1"))
        if moment == "before the wait":
            peer.hear("getvar x")
            peer.say(peer.digit("2"), reply("x"))
        elif moment == "during the wait":
            peer.serve("getvar x")
            peer.settle()
            peer.say(peer.digit("2"))
        else:
            menu = peer.execute("playback", "menu")
            peer.say(peer.digit("2"), peer.completed("playback", menu))
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.await_handler()
    assert peer.returned == ["menu 2", "taken 1"]


def test_an_exception_in_a_digit_handler_is_raised_by_the_blocking_call() -> None:
    def handler(session: Session) -> str:
        @session.channel.on_dtmf()
        def broken(digit: str) -> None:
            raise LookupError(digit)

        with pytest.raises(LookupError, match="1"):
            session.channel.playback("x")
        return session.channel.wait("CHANNEL_ANSWER").name

    with call(handler) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.say(peer.digit("1"), peer.event("CHANNEL_ANSWER"))
    assert peer.returned == "CHANNEL_ANSWER"


@pytest.mark.parametrize("application", ["play_and_get_digits", "read"])
def test_digits_belong_to_an_application_that_collects_them(application: str) -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []
        session.channel.on_dtmf()(told.append)
        session.channel.execute(application, "1 4 1 5000 # prompt name")
        session.channel.wait("CHANNEL_ANSWER")
        told.append(session.channel.wait("DTMF")["DTMF-Digit"])
        return told

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute(application)
        peer.say(peer.digit("1"), peer.completed(application, uuid))
        peer.say(peer.event("CHANNEL_ANSWER"), peer.digit("2"))
    assert peer.returned == ["2", "2"]


def test_flush_digits_forgets_what_was_pressed() -> None:
    def handler(session: Session) -> str:
        session.channel.playback("x")  # the first digit has had its turn
        session.send("getvar x")  # the second has only arrived
        session.channel.flush_digits()
        session.send("getvar y")
        return session.channel.wait("DTMF")["DTMF-Digit"]

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(peer.digit("1"), peer.completed("playback", uuid))
        peer.hear("getvar x")
        peer.say(peer.digit("2"), reply("x"))
        peer.serve("getvar y")
        peer.say(peer.digit("3"))
    assert peer.returned == "3"


def test_a_digit_of_another_leg_is_not_the_channels() -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []
        session.channel.on_dtmf()(told.append)
        told.append(session.channel.wait("DTMF")["DTMF-Digit"])
        told.append(session.wait("DTMF")["DTMF-Digit"])
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("DTMF", {"DTMF-Digit": "8", "Unique-ID": "b-leg"}), peer.digit("1"))
    assert peer.returned == ["1", "1", "8"]


def test_unclaimed_digits_are_bounded_and_dropped_ones_counted() -> None:
    def handler(session: Session) -> tuple[int, str]:
        session.channel.wait("CHANNEL_ANSWER")
        return session.dropped, session.channel.wait("DTMF")["DTMF-Digit"]

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.digit("1"), *[peer.digit("2")] * DIGITS.most)
        peer.say(peer.event("CHANNEL_ANSWER"))
    assert peer.returned == (1, "2")


def test_digits_typed_ahead_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeahead, "DIGITS", DIGITS._replace(most_bytes=2_000))

    def handler(session: Session) -> tuple[str, int]:
        session.channel.wait("CHANNEL_PARK")
        return session.channel.wait("DTMF")["DTMF-Digit"], session.dropped

    with call(handler) as peer:
        peer.handshake()
        for digit in "123":
            headers = {"Event-Name": "DTMF", "Unique-ID": peer.uuid, "DTMF-Digit": digit}
            peer.say(event({**headers, "Padding": "x" * 900}))
        peer.say(event({"Event-Name": "CHANNEL_PARK", "Unique-ID": peer.uuid}))
    assert peer.returned == ("2", 1)


@pytest.mark.parametrize("what", ["a function", "several", "ALL", "events"])
def test_a_digit_that_another_kind_of_wait_returned_is_not_counted_twice(what: str) -> None:
    def take(session: Session) -> str | None:
        if what == "events":
            return next(session.events("DTMF")).digit
        targets: dict[str, Any] = {
            "a function": lambda event: event.digit is not None,
            "several": ["CHANNEL_PARK", "DTMF"],
            "ALL": "ALL",
        }
        return session.channel.wait(targets[what]).digit

    def handler(session: Session) -> list[str | None]:
        return [take(session), session.channel.wait("DTMF").digit]

    with call(handler) as peer:
        peer.handshake()
        if what in ("ALL", "events"):
            peer.settle()
        peer.say(*map(peer.digit, "12"))
    assert peer.returned == ["1", "2"]


def test_a_digit_taken_in_the_body_of_a_loop_over_events_does_not_come_again() -> None:
    def handler(session: Session) -> list[str | None]:
        digits: list[str | None] = []
        for each in session.events("DTMF"):
            digits += [each.digit, session.channel.wait("DTMF").digit]
            if len(digits) == 4:
                return digits
        return []

    with call(handler) as peer:
        peer.handshake()
        peer.say(*map(peer.digit, "1234"))
    assert peer.returned == ["1", "2", "3", "4"]


def test_a_function_waits_inside_a_callback_for_a_digit_that_then_runs_no_handler() -> None:
    told: list[str] = []

    def handler(session: Session) -> str | None:
        @session.on("CHANNEL_ANSWER")
        def ask(event: Event) -> None:
            digit = session.channel.wait(lambda event: event.digit is not None).digit
            told.append(f"asked {digit}")

        session.channel.on_dtmf()(lambda digit: told.append(f"pressed {digit}"))
        session.channel.wait("CHANNEL_ANSWER")
        return session.channel.wait("DTMF").digit

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"), *map(peer.digit, "12"))
    assert (peer.returned, told) == ("2", ["asked 1", "pressed 2"])


@pytest.mark.parametrize("inside", [False, True])
def test_digits_of_an_entry_that_raises_are_put_back(inside: bool) -> None:
    def handler(session: Session) -> list[str | None]:
        channel = session.channel

        def collect(_: object = None) -> list[str | None]:
            with pytest.raises(ZeroDivisionError):
                channel.get_digits(min=2, valid=lambda digits: bool(1 / 0))
            return [channel.wait("DTMF").digit for _ in "123"]

        if not inside:
            return collect()
        collected: list[str | None] = []
        session.on("CHANNEL_ANSWER", lambda event: collected.extend(collect()))
        channel.wait("CHANNEL_ANSWER")
        return collected

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"), *map(peer.digit, "123"))
    assert peer.returned == ["1", "2", "3"]


@pytest.mark.parametrize("dropped_by", ["break_", "api", "bgapi", "others"])
def test_a_collector_that_was_dropped_takes_no_digits(dropped_by: str) -> None:
    """It was queued behind a lock, so it never begins, and its completion never comes."""
    told: list[str] = []

    def handler(session: Session) -> str | None:
        channel = session.channel
        channel.answer()
        channel.on_dtmf()(told.append)
        channel.playback("a.wav", lock=True, block=False)
        channel.wait("PLAYBACK_START")
        channel.execute("read", "1 4 silence pin 3000 #", block=False)
        if dropped_by == "break_":
            channel.break_(everything=True)
        elif dropped_by != "others":
            getattr(session, dropped_by)(f"uuid_break {session.uuid} all")
        digit = channel.wait("DTMF").digit
        channel.hangup()
        return digit

    returned: list[str | None] = []
    with FreeSwitch(prompts={"a.wav": 60.0}) as switch:
        call = switch.call(lambda session: returned.append(handler(session)))
        call.hear("a.wav", start=True)
        call.say_nothing(10)
        if dropped_by == "others":
            uuid = call.uuid
            switch.call(lambda session: session.api(f"uuid_break {uuid} all")).wait()
        call.press("5")
        call.wait()
    assert (returned, told) == (["5"], ["5"])


def test_a_lost_collector_takes_no_digits_once_it_was_broken_off() -> None:
    """A switch that tells of no beginning, and whose completion is lost."""

    def handler(session: Session) -> str | None:
        channel = session.channel
        with pytest.raises(TimeoutError):
            channel.execute("read", "1 4 silence pin 3000 #", timeout=0)
        channel.break_(everything=True)
        return channel.wait("DTMF").digit

    with call(handler) as peer:
        peer.handshake()
        peer.execute("read")
        peer.hear(f"api uuid_break {peer.uuid} all")
        peer.say(response("+OK"), peer.digit("5"))
    assert peer.returned == "5"


def test_a_digit_pressed_before_the_collector_began_is_not_its_own() -> None:
    """FreeSWITCH loses it for the collector (recording 14c); here the next wait gets it."""
    began: list[str] = []

    def handler(session: Session) -> str | None:
        channel = session.channel
        channel.answer()
        channel.execute("read", "1 4 silence pin 3000 #")
        return channel.wait("DTMF").digit

    with call(handler) as peer:
        peer.handshake()
        for application in ("answer", "read"):
            uuid = peer.execute(application)
            if application == "read":
                peer.say(peer.digit("1"))
            began.append(uuid)
            headers = {"Event-Name": "CHANNEL_EXECUTE", "Unique-ID": peer.uuid}
            peer.say(event({**headers, "Application-UUID": uuid}))
            if application == "read":
                peer.say(peer.digit("2"))
            peer.say(peer.completed(application, uuid))
    assert peer.returned == "1"
