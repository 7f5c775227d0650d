"""Look-ups that take time, fail and hang, as the caller and the handler meet them."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from threading import Thread, Timer
from types import ModuleType
from typing import Any

import pytest

from eslsync import Session
from simulator import Call, CallFailed, Fault, FreeSwitch, sweep
from simulator.calling.faults import FaultKind
from simulator.calling.outside import Outside
from simulator.scripts.script import Script, Step

CRM = """
import sqlite3

asked = []

def lookup(number, timeout=None):
    asked.append(number)
    return {"1001": "ada"}.get(number, "stranger")

def balance(number):
    with closing(sqlite3.connect(":memory:")) as database:
        return database.execute("select 7").fetchone()[0]

class Pool:
    def getconn(self):
        return self

    @classmethod
    def made(cls):
        return cls

    @staticmethod
    def parsed(text):
        return text

    def rows(self):
        yield 1

async def found(number):
    return lookup(number)
"""


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("crm")
    exec(CRM, vars(module))
    monkeypatch.setitem(sys.modules, "crm", module)
    return module


def greeting(crm: Any, *, wrong: type[Exception] = ConnectionError) -> Callable[[Session], None]:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        music = channel.playback("local_stream://moh", block=False)
        try:
            name = crm.lookup(session.caller_number)
        except wrong:
            name = "sorry"
        music.stop()
        channel.playback(f"hello/{name}")
        channel.hangup()

    return handler


# What a look-up does


def test_a_look_up_takes_seconds_of_the_call_and_is_in_the_ladder(crm: Any) -> None:
    with FreeSwitch() as switch:
        switch.outside("crm.lookup", takes=2.0)
        call = switch.call(greeting(crm))
        began = switch.now
        call.hear("local_stream://moh")
        assert 2.0 < switch.now - began < 2.2
        call.hear("hello/ada")
    assert crm.asked == ["1001"]
    assert "crm.lookup takes 2 s" in call.ladder()
    assert call.transcript.entries[-1].message is not None
    [entry] = [each for each in call.transcript.entries if "crm.lookup" in each.text]
    assert str(entry).split() == ["0.020", "app", "crm.lookup", "takes", "2", "s"]


def test_the_caller_hangs_up_while_the_crm_is_asked(crm: Any) -> None:
    with FreeSwitch() as switch:
        switch.outside("crm.lookup", takes=2.0)
        call = switch.call(greeting(crm))
        call.say_nothing(1)
        call.hangup()
    assert call.heard == ["local_stream://moh"]
    assert crm.asked == ["1001"]  # the look-up itself goes to its end


def test_a_handler_that_asks_as_in_its_file_waits_for_a_look_up_by_name_only_there(
    crm: Any,
) -> None:
    imported = crm.lookup  # from crm import lookup

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(f"hello/{imported(session.caller_number)}")
        session.channel.hangup()

    for what, seconds in ((crm.lookup, 5.0), ("crm.lookup", 0.0)):
        with FreeSwitch() as switch:
            switch.outside(what, takes=5.0, optional=True)
            call = switch.call(handler)
            call.wait()
        assert seconds + 2 < call.duration < seconds + 3


@pytest.mark.parametrize(
    ("fails", "raised"),
    [
        (ValueError, "crm.lookup failed on purpose"),
        (ValueError("closed"), "closed"),
        ([None, ValueError], ""),
        ([ValueError("closed"), None], "closed"),
    ],
)
def test_a_look_up_fails(crm: Any, fails: Any, raised: str) -> None:
    with FreeSwitch(raises=False) as switch:
        switch.outside(crm.lookup, takes=1.5, fails=fails)
        call = switch.call(greeting(crm))
        call.wait()
    assert str(call.error or "") == raised
    if raised:
        assert "crm.lookup fails after 1.5 s: ValueError" in call.ladder()
        assert not crm.asked


def test_it_fails_as_its_library_does_if_nobody_is_there(crm: Any) -> None:
    with FreeSwitch(raises=False) as switch:
        switch.outside("crm.balance", fails=True)
        call = switch.call(lambda session: crm.balance("1001"))
        call.wait()
    assert repr(call.error) == "OperationalError('crm.balance failed on purpose')"


def test_the_number_of_the_call_decides_and_the_last_word_holds(crm: Any) -> None:
    said: list[str] = []

    def handler(session: Session) -> None:
        for _ in range(5):
            try:
                said.append(crm.lookup("1001"))
            except TimeoutError:
                said.append("late")
            except ConnectionError:
                said.append("down")

    with FreeSwitch() as switch:
        switch.outside(crm.lookup, takes=1)
        switch.outside(crm.lookup, fails=TimeoutError, at="2-3")
        switch.outside(crm.lookup, fails=ConnectionError, at=[3])
        switch.outside(crm.lookup, takes=0, at="5-")
        call = switch.call(handler, after=[("playback", "ivr/bye")])
        call.hear("ivr/bye", start=True)
        assert 2.0 < call.duration < 2.2
    assert said == ["ada", "late", "down", "ada", "ada"]


def test_a_look_up_that_never_returns_lasts_as_long_as_the_call(crm: Any) -> None:
    with FreeSwitch() as switch:
        switch.outside(crm.lookup, takes=None)
        call = switch.call(greeting(crm, wrong=Exception))
        call.say_nothing(600)
        call.hangup()
    assert call.heard == ["local_stream://moh"]
    assert "crm.lookup never returns" in call.ladder()
    assert type(call.outcome).__name__ == "NeverReturned"
    assert call.error is None


def test_nothing_ends_a_call_whose_look_up_never_returns_but_its_caller(crm: Any) -> None:
    with FreeSwitch() as switch:
        switch.outside(crm.lookup, takes=None)
        call = switch.call(lambda session: crm.lookup("1001"))
        with pytest.raises(CallFailed, match="nothing is due that could end it"):
            call.wait()


@pytest.mark.parametrize("takes", [None, 30.0])
def test_a_timeout_of_the_call_itself_ends_it(crm: Any, takes: float | None) -> None:
    with FreeSwitch(raises=False) as switch:
        switch.outside(crm.lookup, takes=takes)
        call = switch.call(lambda session: crm.lookup("1001", timeout=3))
        call.wait()
    assert repr(call.error) == "TimeoutError('crm.lookup timed out after 3 s')"
    assert ", but its timeout is 3 s" in call.ladder()
    assert 3.0 <= call.duration < 3.1


def test_the_seed_draws_how_long_it_takes(crm: Any) -> None:
    def ladder(seed: int) -> str:
        with FreeSwitch(seed=seed) as switch:
            switch.outside("crm.lookup", takes=(0.5, 3.0))
            call = switch.call(greeting(crm))
            call.wait()
        return call.ladder()

    assert ladder(3) == ladder(3)
    assert len({ladder(seed) for seed in range(4)}) == 4


def test_look_ups_come_in_the_order_of_the_messages(crm: Any) -> None:
    """What the handler has sent before a look-up has arrived before it."""

    def handler(session: Session) -> None:
        session.channel.execute("set", "a=1", block=False)
        crm.lookup("1001")
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.outside("crm.lookup")
        call = switch.call(handler)
        call.wait()
    said = [str(entry.text) for entry in call.transcript.entries if entry.sender == "app"]
    assert said.index("execute set a=1") < said.index("asks crm.lookup")


def test_real_time_too(crm: Any) -> None:
    with FreeSwitch(real_time=True) as switch:
        switch.outside(crm.lookup, takes=0.01)
        call = switch.call(greeting(crm))
        call.hear("local_stream://moh", start=True)
        call.hangup()
    with FreeSwitch(real_time=True) as switch:
        switch.outside(crm.lookup, takes=None)
        call = switch.call(greeting(crm))
        call.hear("local_stream://moh", start=True)
        call.hangup()
    assert call.error is None


# Whom it concerns


def test_all_is_as_it_was_when_the_switch_ends(crm: Any) -> None:
    before = {name: vars(crm.Pool)[name] for name in ("getconn", "made", "parsed")}
    pool, code, lookup = crm.Pool(), crm.lookup.__code__, crm.lookup

    def test() -> None:
        with FreeSwitch() as switch:
            for name in before:
                switch.outside(f"crm.Pool.{name}", takes=1)
            for function in (crm.lookup, "crm.lookup", pool.getconn):
                switch.outside(function, takes=1)
            assert pool.made() is crm.Pool  # the test's own thread calls it as it is
            assert pool.parsed("x") == "x"
            assert pool.getconn() is pool
            assert crm.lookup("1001") == "ada"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        test()
    assert {name: vars(crm.Pool)[name] for name in before} == before
    assert vars(pool) == {}
    assert crm.lookup is lookup
    assert crm.lookup.__code__ is code
    assert vars(crm.lookup) == {}


def test_of_two_switches_each_has_its_own_and_the_last_to_end_undoes_it(crm: Any) -> None:
    lookup = crm.lookup
    first, second = FreeSwitch(), FreeSwitch()
    with first:
        first.outside("crm.lookup", takes=1)
        with second:
            second.outside("crm.lookup", takes=2)
            for switch, seconds in ((second, 2), (first, 1)):
                call = switch.call(greeting(crm))
                call.hear("local_stream://moh")
                assert seconds < call.duration < seconds + 0.2
                call.wait()
        assert crm.lookup is not lookup
    assert crm.lookup is lookup


def test_a_fake_of_the_test_is_what_takes_time(crm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.lookup", lambda number: "fake")
    with FreeSwitch() as switch:
        switch.outside("crm.lookup", takes=1)
        switch.call(greeting(crm)).hear("hello/fake")


# What has no effect is told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "outside: no handler called crm.lookup; "),
        ({"takes": 1, "at": 3}, "outside: crm.lookup was called once, so call 3 never came"),
    ],
)
def test_a_look_up_that_never_came_fails_the_test(crm: Any, options: Any, told: str) -> None:
    def handler(session: Session) -> None:
        if "at" in options:
            crm.lookup("1001")

    def test(optional: bool) -> None:
        with FreeSwitch() as switch:
            switch.outside("crm.lookup", **options, optional=optional)
            switch.call(handler).wait()

    test(optional=True)
    with pytest.raises(CallFailed, match=f"^{told}"):
        test(optional=False)


@pytest.mark.parametrize(
    ("function", "options", "told"),
    [
        ("lookup", {}, "'lookup' is no dotted name"),
        ("crm.lokup", {}, r"crm has no 'lokup' \(did you mean 'lookup'\?\)"),
        ("cmr.lookup", {}, "there is no cmr.lookup: No module named 'cmr'"),
        ("crm.asked", {}, "crm.asked is no function, but 'list'"),
        ("crm.Pool", {}, "crm.Pool is a class: name a method of it"),
        ("crm.Pool.rows", {}, "crm.Pool.rows is a generator"),
        ("sqlite3.Connection.execute", {}, "can't be replaced: .*immutable.* of your own"),
        (sys.intern, {}, "sys.intern is no function written in Python"),
        (5, {}, "function must be a function or a str"),
        ("crm.lookup", {"takes": -1}, "takes must be at least 0 s"),
        ("crm.lookup", {"takes": (2.0, 1.0)}, "the least and the most seconds"),
        ("crm.lookup", {"takes": (1.0,)}, "the least and the most"),
        ("crm.lookup", {"takes": "1"}, "takes must be a number of seconds"),
        ("crm.lookup", {"takes": None, "fails": OSError}, "never returns .* can't fail"),
        ("crm.lookup", {"fails": "OSError"}, "fails is an exception"),
        ("crm.lookup", {"fails": UnicodeDecodeError}, r"without arg.*fails=UnicodeDecodeError\("),
        ("crm.lookup", {"fails": []}, "the list in fails has no exception"),
        ("crm.lookup", {"fails": [OSError], "at": 2}, "leave at out"),
        ("crm.lookup", {"at": 2}, "say what happens to the calls in at"),
        ("crm.lookup", {"takes": 1, "at": 0}, "from 1, not 0"),
        ("crm.lookup", {"takes": 1, "at": []}, "from 1"),
        ("crm.lookup", {"takes": 1, "at": True}, "at must be a whole number"),
        ("crm.lookup", {"takes": 1, "at": "last"}, "like '2-4' or '2-'"),
        ("crm.lookup", {"takes": 1, "at": "4-2"}, "from 1"),
        ("crm.lookup", {"optional": 1}, "optional must be True or False"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(crm: Any, function: Any, options: Any, told: str) -> None:
    with (
        FreeSwitch() as switch,
        pytest.raises((TypeError, ValueError), match=f"^outside: .*{told}"),
    ):
        switch.outside(function, **options)


def test_outside_of_its_block_a_switch_refuses_it() -> None:
    with pytest.raises(RuntimeError, match="only inside its with block"):
        FreeSwitch().outside("time.sleep")
    assert Outside.__doc__


# Faults


@pytest.mark.parametrize(
    ("kind", "raised"), [("hangup", "Hangup"), ("drop", "Disconnected"), ("stop", "Disconnected")]
)
def test_a_fault_happens_during_a_look_up(crm: Any, kind: Any, raised: str) -> None:
    with FreeSwitch(raises=False) as switch:
        switch.outside("crm.lookup")
        call = switch.call(greeting(crm), faults=[Fault(kind, "crm.lookup")])
        call.say_nothing(9)
    assert crm.asked == ["1001"]
    assert isinstance(call.outcome, Exception)
    assert raised in [each.__name__ for each in type(call.outcome).__mro__]
    assert "hello/ada" not in call.heard


@pytest.mark.parametrize(
    ("fault", "heard", "seconds"),
    [
        (Fault("slow", "crm.lookup"), "hello/ada", 30.0),
        (Fault("slow", "crm.lookup", seconds=9), "hello/ada", 9.0),
        (Fault("fail", "crm.lookup"), "hello/sorry", 0.0),
    ],
)
def test_a_look_up_is_slow_or_fails_by_a_fault(
    crm: Any, fault: Fault, heard: str, seconds: float
) -> None:
    with FreeSwitch() as switch:
        switch.outside(crm.lookup)
        call = switch.call(greeting(crm), faults=[fault])
        call.hear(heard)
    assert seconds + 2 < call.duration < seconds + 3


def test_only_look_ups_are_slow_and_a_look_up_has_no_reply_to_be_refused(crm: Any) -> None:
    for fault, told in (
        ({"slow": "execute answer"}, "is a call of a function given to switch.outside"),
        ({"refuse": "crm.lookup"}, "is a command"),
    ):
        call = {"outside": ["crm.lookup"], "faults": [fault]}
        script = Script("crm.py", [Step("wait")], call=call)
        with pytest.raises(CallFailed, match=told):
            script.run(greeting(crm))


def test_a_sweep_tries_slow_failing_and_hung_look_ups_and_faults_during_each(crm: Any) -> None:
    handler = greeting(crm, wrong=KeyError)

    def script(call: Call) -> None:
        call.wait()

    kinds: Sequence[FaultKind] = ("stop", "slow", "fail", "hang")
    result = sweep(script, handler, outside=["crm.lookup"], every=20, faults=kinds)
    endings = {str(each.fault.kind): each.ending for each in result.outcomes}
    assert {"slow", "fail", "hang"} <= {*endings}
    assert endings["hang"] == "NeverReturned"
    [wrong] = result.wrong
    assert str(wrong).endswith("the handler raised ConnectionError('crm.lookup failed on purpose')")
    assert wrong.at == "asks crm.lookup"


def test_a_sweep_whose_handler_asks_nobody_says_so(crm: Any) -> None:
    with pytest.raises(AssertionError, match="calls nothing that is outside"):
        sweep(lambda call: call.wait(), lambda session: None, outside=["crm.lookup"])


# Scripts


def test_a_script_says_what_is_outside(crm: Any) -> None:
    text = """
handler: crm.py
call:
  outside:
    - crm.balance
    - {function: crm.lookup, takes: 0.5}
    - {function: crm.lookup, fails: ConnectionError, at: 2-, optional: true}
steps:
  - hear: hello/ada
  - wait
"""
    script = Script.parse(text)
    assert Script.parse(script.dump()) == script
    crm.balance, balance = (lambda number: 7), crm.balance

    def handler(session: Session) -> None:
        crm.balance("1001")
        greeting(crm)(session)

    call = script.run(handler)
    assert "crm.lookup takes 0.5 s" in call.ladder()
    crm.balance = balance
    with pytest.raises(CallFailed, match=r"no handler called crm\.balance"):
        script.run(greeting(crm))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("lookup", "takes a dotted name"),
        ("{function: crm.lookup, takes: soon}", "takes of each in outside of call takes seconds"),
        ("{function: crm.lookup, fails: NoError}", "there is no exception NoError"),
        ("{function: crm.lookup, takes: never, fails: usual}", "can't fail"),
        ("{takes: 1}", "needs function"),
        ("crm.lokup", "did you mean 'lookup'"),
    ],
)
def test_a_script_refuses_nonsense(crm: Any, entry: str, told: str) -> None:
    text = f"handler: crm.py\ncall:\n  outside: [{entry}]\nsteps: [wait]\n"
    with pytest.raises(ValueError, match=told):
        Script.parse(text, "it.call.yaml").run(greeting(crm))


# Threads of the handler's own


@pytest.mark.parametrize(
    ("takes", "heard", "seconds"), [(2.0, "hello/ada", 2.0), (5.0, "hello/you", 3.0)]
)
def test_a_look_up_in_a_pool(crm: Any, takes: float, heard: str, seconds: float) -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        music = channel.playback("local_stream://moh", block=False)
        pool = ThreadPoolExecutor(1)
        try:
            name = pool.submit(crm.lookup, session.caller_number).result(timeout=3)
        except (TimeoutError, futures.TimeoutError):  # before Python 3.11, two
            name = "you"
        music.stop()
        channel.playback(f"hello/{name}")
        channel.hangup()
        pool.shutdown()

    with FreeSwitch() as switch:
        switch.outside(crm.lookup, takes=takes)
        call = switch.call(handler)
        call.hear("local_stream://moh")
        assert seconds < call.duration < seconds + 0.2
        call.hear(heard)
    assert f"crm.lookup takes {takes:g} s" in call.ladder()


def test_a_pool_for_all_calls_asks_for_the_one_that_gives_it_work(crm: Any) -> None:
    with ThreadPoolExecutor(1) as pool, FreeSwitch() as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            pool.submit(crm.lookup, session.caller_number).result()
            session.channel.hangup()

        switch.outside(crm.lookup, takes=2.0)
        for _ in range(2):
            call = switch.call(handler)
            call.wait()
            assert 2.0 < call.duration < 2.1
            assert "crm.lookup takes 2 s" in call.ladder()


def test_a_look_up_takes_its_time_though_its_call_is_over(crm: Any) -> None:
    told: list[float] = []

    def later() -> None:
        began = time.monotonic()
        crm.lookup("1001")
        told.append(round(time.monotonic() - began))

    def handler(session: Session) -> None:
        session.channel.answer()
        Timer(1.0, later).start()
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.outside(crm.lookup, takes=2.0)
        switch.call(handler).wait()
    assert told == [2]


def test_a_look_up_in_a_thread_that_never_returns_ends_with_the_call(crm: Any) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        Thread(target=crm.lookup, args=("1001",)).start()
        session.channel.playback("hello")
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.outside(crm.lookup, takes=None)
        call = switch.call(handler)
        call.hear("hello")
        call.wait()
    assert "crm.lookup never returns" in call.ladder()
    assert call.error is None


@pytest.mark.parametrize(
    ("takes", "said", "seconds"), [(2.0, "ada", 2.0), (5.0, "you", 3.0), (None, "you", 3.0)]
)
@pytest.mark.parametrize("by_name", [False, True])
def test_a_coroutine_function(
    crm: Any, by_name: bool, takes: float | None, said: str, seconds: float
) -> None:
    async def ask(number: str) -> str:
        try:
            return str(await asyncio.wait_for(crm.found(number), timeout=3))
        except (TimeoutError, asyncio.TimeoutError):  # before Python 3.11, two
            return "you"

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(f"hello/{asyncio.run(ask('1001'))}")
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.outside("crm.found" if by_name else crm.found, takes=takes)
        call = switch.call(handler)
        call.hear(f"hello/{said}", start=True)
        assert seconds < call.duration < seconds + 0.2
        call.wait()


def test_a_coroutine_that_never_returns_ends_with_the_call(crm: Any) -> None:
    with FreeSwitch() as switch:
        switch.outside("crm.found", takes=None)
        call = switch.call(lambda session: asyncio.run(crm.found("1001")))
        call.say_nothing(60)
        call.hangup()
    assert type(call.outcome).__name__ == "NeverReturned"
    assert call.error is None
