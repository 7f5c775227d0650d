"""``python -m tests.asking.every_method``: every public method, on real switches.

Run by hand, with the YAML file of each switch (see `LiveSwitch`) that has our dialplan
(``eslsync record-switch --dialplan``) and FreeSWITCH's engine ``test``::

    python -m tests.asking.every_method --config 1.10.yaml --config 1.11.yaml

Each method of `Channel` and `Session` is called once, in a call of its own; the table shows what it
returned or raised on each switch.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from eslsync import Bridged, Channel, ESLError, Outbound, Played, Session, Speech
from eslsync.wire.message import Message
from simulator.scenarios.dialplan import CONTEXT
from simulator.scenarios.live import LiveSwitch

Method = Callable[[Session, Channel], object]
#: Seconds until a method that hangs is given up.
PATIENCE = 25.0


def far(number: str) -> str:
    return f"loopback/{number}/{CONTEXT}"


HOLD, BUSY, BYE = far("hold"), far("busy"), far("bye300")


def answered(method: Method) -> Method:
    def run(session: Session, channel: Channel) -> object:
        channel.answer()
        return method(session, channel)

    return run


def record(session: Session, channel: Channel) -> object:
    return channel.record("/tmp/eslsync-every-method.wav", limit=1).__class__.__name__


#: The parameters of a recognizer that gives up soon.
TIMES = {"start-input-timers": False, "no-input-timeout": 300}


def detect_speech(session: Session, channel: Channel) -> object:
    with channel.detect_speech("test", "two words", parameters=TIMES) as recognition:
        recognition.start_input_timers()
        heard = [recognition.wait(timeout=5)]
        recognition.grammar("others", "second", parameters={"no-input-timeout": 200})
        recognition.param("start-input-timers", True)
        recognition.pause()
        recognition.resume()
        return [each.result for each in (*heard, recognition.wait(timeout=5))]


def on_dtmf(session: Session, channel: Channel) -> object:
    keys: list[str] = []
    channel.on_dtmf()(keys.append)
    channel.recv_dtmf("5")
    return channel.wait("DTMF", timeout=5).digit, keys


def on(session: Session, channel: Channel) -> object:
    told: list[str] = []
    channel.on("CHANNEL_EXECUTE", lambda event: told.append(event["Application"]))
    session.on("CHANNEL_EXECUTE_COMPLETE", lambda event: told.append(event.name))
    channel.sleep(0.02)
    return told


def on_hangup(session: Session, channel: Channel) -> object:
    told: list[str] = []
    session.on_hangup(lambda hangup: told.append(str(hangup.cause)))
    channel.hangup("USER_BUSY")
    return told


def watch(session: Session, channel: Channel) -> object:
    session.watch(None)
    return session.waiting_for


def post(session: Session, channel: Channel) -> object:
    session.post(("hello", 1))
    return "posted"


def events(session: Session, channel: Channel) -> object:
    channel.sleep(0.05)
    channel.execute("sleep", "100", block=False)
    return next(iter(session.events("CHANNEL_EXECUTE_COMPLETE", timeout=5))).name


def intercepted(session: Session, channel: Channel) -> object:
    leg = session.originate(BYE)
    return channel.intercept(leg)


METHODS: dict[str, Method] = {
    # unanswered
    "answer": lambda session, channel: channel.answer(),
    "pre_answer": lambda session, channel: channel.pre_answer(),
    "ring_ready": lambda session, channel: channel.ring_ready(),
    "redirect": lambda session, channel: channel.redirect("sip:1000@127.0.0.1"),
    # answered
    **{
        name: answered(method)
        for name, method in {
            "att_xfer": lambda session, channel: channel.att_xfer(BUSY),
            "break_": lambda session, channel: channel.break_(),
            "bridge": lambda session, channel: channel.bridge(BYE),
            "bridge (busy)": lambda session, channel: channel.bridge(BUSY),
            "bridge (leg)": lambda session, channel: channel.bridge(session.originate(BYE)),
            "broadcast": lambda session, channel: channel.broadcast("silence_stream://100"),
            "conference": lambda session, channel: [
                channel.sched_hangup(2),
                channel.conference("every-method"),
            ],
            "deflect": lambda session, channel: channel.deflect("sip:1000@127.0.0.1"),
            "eavesdrop": lambda session, channel: channel.eavesdrop(session.originate(BYE)),
            "execute": lambda session, channel: channel.execute("sleep", "20"),
            "execute_extension": lambda session, channel: channel.execute_extension(
                "nothing", "XML", CONTEXT
            ),
            "export": lambda session, channel: channel.export("a", "it's 1,2"),
            "fifo": lambda session, channel: [channel.sched_hangup(2), channel.fifo("every")],
            "flush_digits": lambda session, channel: channel.flush_digits(),
            "flush_dtmf": lambda session, channel: channel.flush_dtmf(),
            "get_digits": lambda session, channel: channel.get_digits(max=1, timeout=0.5),
            "get_variable": lambda session, channel: channel.get_variable("caller_id_number"),
            "hangup": lambda session, channel: channel.hangup("USER_BUSY"),
            "hash": lambda session, channel: [
                channel.hash("insert", "every", "method", "1"),
                session.api("hash select/every/method"),
            ],
            "hold": lambda session, channel: channel.hold(),
            "intercept": intercepted,
            "multiset": lambda session, channel: channel.multiset({"a": "1", "b": "2,3"}),
            "on": on,
            "on_dtmf": on_dtmf,
            "session.on_hangup": on_hangup,
            "session.watch": watch,
            "session.wait": lambda session, channel: session.wait("CHANNEL_ANSWER", 5).name,
            "park": lambda session, channel: channel.park(),
            "phrase": lambda session, channel: channel.phrase("no-such-macro"),
            "play_and_get_digits": lambda session, channel: channel.play_and_get_digits(
                "silence_stream://100", timeout=1
            ),
            "play_and_detect_speech": lambda session, channel: channel.play_and_detect_speech(
                "silence_stream://100", "test", "it's, a {grammar}", parameters=TIMES
            ),
            "play_and_detect_speech (no engine)": lambda session, channel: (
                channel.play_and_detect_speech("silence_stream://100", "no-such", "default")
            ),
            "detect_speech": detect_speech,
            "playback": lambda session, channel: channel.playback("silence_stream://300"),
            "playback (no file)": lambda session, channel: channel.playback("no/such"),
            "push": lambda session, channel: [channel.push("a", "1"), channel.push("a", "2")],
            "queue_dtmf": lambda session, channel: channel.queue_dtmf("1"),
            "read": lambda session, channel: channel.read("silence_stream://100", timeout=1),
            "record": record,
            "record_session": lambda session, channel: [
                channel.record_session("/tmp/eslsync-every-method-2.wav"),
                channel.stop_record_session(),
            ],
            "recv_dtmf": lambda session, channel: channel.recv_dtmf("1"),
            "say": lambda session, channel: channel.say("1", timeout=10),
            "sched_hangup": lambda session, channel: [
                channel.sched_hangup(1),
                channel.wait("CHANNEL_HANGUP", 5).hangup_cause,
            ],
            "sched_transfer": lambda session, channel: [
                channel.sched_transfer(1, "hold", "XML", CONTEXT),
                channel.sleep(3),
            ],
            "send_dtmf": lambda session, channel: channel.send_dtmf("1"),
            "set": lambda session, channel: [
                channel.set("a", "${b} 'c' \\n"),
                channel.get_variable("a"),
            ],
            "set (lines)": lambda session, channel: [
                channel.set("a", "one\ntwo"),
                channel.get_variable("a"),
            ],
            "sleep": lambda session, channel: channel.sleep(0.1),
            "speak": lambda session, channel: channel.speak("hello", "default", "test"),
            "start_dtmf": lambda session, channel: [channel.start_dtmf(), channel.stop_dtmf()],
            "transfer": lambda session, channel: channel.transfer("hold", "XML", CONTEXT),
            "unhold": lambda session, channel: [channel.hold(), channel.unhold()],
            "unset": lambda session, channel: channel.unset("a"),
            "valet_park": lambda session, channel: [
                channel.sched_hangup(2),
                channel.valet_park("every-lot", "7001"),
            ],
            "variables": lambda session, channel: channel.variables["direction"],
            "wait": lambda session, channel: channel.wait("CHANNEL_ANSWER", 5).name,
            "session.api": lambda session, channel: session.api("strepoch 2026-01-05"),
            "session.api (unknown)": lambda session, channel: session.api("no-such-command"),
            "session.bgapi": lambda session, channel: session.bgapi("msleep 10").wait(5),
            "session.divert_events": lambda session, channel: session.divert_events(),
            "session.events": events,
            "session.exit": lambda session, channel: session.exit(),
            "session.filter": lambda session, channel: [
                session.filter("Event-Name", "/^HEART[[:alpha:]]+$/"),
                session.filter_delete("Event-Name"),
            ],
            "session.getvar": lambda session, channel: session.getvar("caller_id_number"),
            "session.leg": lambda session, channel: session.leg(session.uuid) is channel,
            "session.linger": lambda session, channel: session.linger(5),
            "session.log": lambda session, channel: [session.log("err"), session.nolog()],
            "session.myevents": lambda session, channel: session.myevents(),
            "session.nolinger": lambda session, channel: session.nolinger(),
            "session.originate": lambda session, channel: session.originate(HOLD).is_up,
            "session.originate (busy)": lambda session, channel: session.originate(BUSY),
            "session.post": post,
            "session.resume": lambda session, channel: session.resume(),
            "session.send": lambda session, channel: session.send("nixevent HEARTBEAT"),
            "session.sendevent": lambda session, channel: session.sendevent(
                "CUSTOM every::method", {"a": "1"}, "body\n\nmore"
            ),
            "session.sendmsg": lambda session, channel: session.sendmsg(
                "execute", {"execute-app-name": "sleep", "execute-app-arg": "20"}
            ),
        }.items()
    },
}


#: Names that are another's: the same method, or tried with it.
TRIED_WITH = {
    "onDTMF": "on_dtmf",
    "stop_dtmf": "start_dtmf",
    "session.on": "on",
    "stop_record_session": "record_session",
    "session.nolog": "session.log",
    "session.filter_delete": "session.filter",
}


def left_out() -> set[str]:
    """The public methods that no entry calls."""
    methods = {
        f"{prefix}{name}"
        for kind, prefix in ((Channel, ""), (Session, "session."))
        for name in dir(kind)
        if not name.startswith("_") and callable(getattr(kind, name))
    }
    return {name for name in methods if TRIED_WITH.get(name, name) not in METHODS}


def shown(result: object) -> str:
    """A result without what differs from call to call."""
    if isinstance(result, Message):
        return result.get("Application-Response") or result.get("Reply-Text") or "event"
    if isinstance(result, Played):
        return f"Played {result.response}"
    if isinstance(result, Speech):
        return f"Speech {result.response} {result.result}".strip()
    if isinstance(result, Bridged):
        return f"Bridged {result.cause}"
    if isinstance(result, (list, tuple)):
        return ", ".join(shown(each) for each in result if each is not None) or "None"
    return str(result).replace("\n", "\\n")


def results(switch: LiveSwitch) -> dict[str, str]:
    """What every method returns or raises on a switch; under "" the switch's version."""
    found: dict[str, str] = {}
    told = threading.Semaphore(0)

    def handler(session: Session) -> None:
        name = session.caller_name
        try:
            found[name] = shown(METHODS[name](session, session.channel))
        except ESLError as error:
            found[name] = f"{type(error).__name__} {getattr(error, 'cause', '') or ''}".strip()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
            raise
        finally:
            told.release()
            if session.channel.is_up:
                session.channel.hangup()

    def call(name: str, port: int) -> None:
        with switch.connect() as client:
            uuid = client.api("create_uuid")
            options = f"origination_uuid={uuid},origination_caller_id_name='{name}'"
            number = f"loopback/socket-{port}-async-full/{CONTEXT}"
            client.background(f"originate {{{options}}}{number} &playback(silence_stream://-1)")

    app = Outbound(handler, "127.0.0.1", 0, max_call_duration=PATIENCE)
    with app, switch.connect() as client, ThreadPoolExecutor(6) as pool:
        found[""] = client.api("version").split()[2].partition("~")[0]
        for group in range(0, len(METHODS), 6):
            names = list(METHODS)[group : group + 6]
            list(pool.map(lambda name: call(name, app.port), names))
            end = time.monotonic() + PATIENCE
            for _ in names:
                told.acquire(timeout=max(0.0, end - time.monotonic()))
    return found


@click.command()
@click.option(
    "--config", required=True, multiple=True, type=click.Path(exists=True, path_type=Path)
)
def main(config: tuple[Path, ...]) -> None:
    """Call every method on these switches, and compare what they return or raise."""
    if left_out():
        raise click.UsageError(f"no entry in METHODS calls {sorted(left_out())}")
    tables = [results(LiveSwitch.read(path)) for path in config]
    print(f"| method | {' | '.join(table[''] for table in tables)} |")
    print(f"|---|{'---|' * len(tables)}")
    differ = 0
    for name in METHODS:
        row = [table.get(name, "did not end") for table in tables]
        differ += len({*row}) > 1
        print(f"| `{name}` | {' | '.join(row)} |{' DIFFERS' if len({*row}) > 1 else ''}")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
