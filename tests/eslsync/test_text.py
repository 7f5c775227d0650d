"""Text that a method takes survives the way to FreeSWITCH and back, or is refused.

For every parameter of `Channel` and `Session` methods that takes text there is a row here: it
passes a text in a simulated call, and returns what FreeSWITCH understood. Text that is
refused is a ValueError, before anything is sent. The model reads text as FreeSWITCH does (the C
sources are named where it does, and thousands of texts have been compared with a real one).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eslsync import Channel, CommandError, Event, Hangup, HangupCause, Outbound, Session
from eslsync import TimeoutError as ESLTimeout
from eslsync.call.connection import Connection
from eslsync.protocol import Format
from eslsync.wire.declared import declaration_of
from eslsync.wire.separation import closing, separate, variables_of
from eslsync.wire.texts import bytes_of, lossless, sendable
from simulator import FreeSwitch
from simulator.applications import APPLICATIONS
from simulator.calling.freeswitch import simulation_of
from simulator.event_socket.audience import Audience
from simulator.event_socket.received import Received, command_reader
from simulator.model.arguments import expand
from simulator.model.switch import Switch
from simulator.model.tables import Application

#: Texts that FreeSWITCH changes in one place or another.
DANGEROUS = [
    *("${", "$${", "${uuid}", "$", "}", "{", "[", "]", "<", ">", "%[", "%,[", "^^", "^^:", "^^,"),
    *("\\", "\\\\", "\\n", "\\s", "\\t", "\\'", "\\$", "'", '"', " ", "  ", ",", "|", "=", ":"),
    *("::", "//", "://", ":_:", ";", "!", "~", "#", "@", "@@", "+", "-", "-bleg", "-both", "&"),
    *("%", "%0A", "%41", "%zz", "ARRAY::", "|:", "undef", "delete", "add", "all", "bridge:"),
    *("\n", "\r", "\0", "\t", "\x01", "\x7f", "é", "☎", "😀", "\u2028", "\udcff", "\ud800"),
    *("a", "b", "x", "0", "1", "2", "*", "w", "any", "none", "/", ".", "_"),
]
TEXT = st.one_of(
    st.lists(st.sampled_from(DANGEROUS), max_size=6).map("".join),
    st.lists(st.sampled_from([*"abcXYZ019_. "]), max_size=5).map("".join),
    st.text(max_size=5),
)
DIGITS = st.text("0123456789*#ABCDabcdwW'\\ ^x", max_size=5)
CAUSES = st.one_of(TEXT, st.sampled_from([*map(str, HangupCause), "user_busy", "17", "MY_OWN"]))


class Bench:
    """A call in which texts are tried: what was sent, and what FreeSWITCH made of it."""

    def __init__(self, session: Session, model: Switch, sent: list[Received]) -> None:
        self.session = session
        self.channel = session.channel
        self.model = model
        self.sent = sent
        self.born: list[Event] = []
        self.fired: list[Event] = []
        self._executed: list[Event] = []
        self._begun = 0  # how much had been sent before the text was taken
        session.on("CHANNEL_EXECUTE", self._executed.append)
        session.on("CHANNEL_ORIGINATE", self.born.append)
        session.on("CUSTOM", self.fired.append)
        session.filter("Event-Name", "CHANNEL_ORIGINATE")
        session.filter("Event-Name", "CUSTOM")

    def begin(self) -> None:
        self._begun = len(self.sent)

    def check_nothing_is_sent(self) -> None:
        assert self.sent[self._begun :] == []

    def data(self, application: str) -> str:
        """The argument of the application that was executed last."""
        data = [e for e in self._executed if e["Application"] == application]
        return sendable(data[-1].get("Application-Data", ""))

    def words(self, application: str, most: int = 1000) -> list[str]:
        return separate(self.data(application), " ", most)

    def line(self, verb: str) -> str:
        """The last event socket command that begins with ``start``."""
        return next(each.line for each in reversed(self.sent) if each.line.startswith(verb))

    def leave_undone(self, application: str) -> None:
        """Have this application do nothing from now on (it would lose the call, say)."""
        stub = Application(application, lambda channel, data: None, nomedia=True)
        self.model.applications = {**APPLICATIONS, application.lower(): stub}

    @contextmanager
    def leg(self) -> Iterator[Channel]:
        """A leg that may be lost."""
        leg = self.session.originate("loopback/far")
        self.begin()
        try:
            yield leg
        except (Hangup, ESLTimeout):
            pass
        except ValueError:
            self.check_nothing_is_sent()
            raise
        finally:
            leg.hangup()
            self.begin()


#: The expected text, and what FreeSWITCH has; None if nothing is left of a text.
Understood = tuple[str | None, str | None]
Row = Callable[[Bench, str], Understood]
Call = Callable[[Channel, str], object]
Ask = Callable[[Session, str], object]
Look = Callable[[Bench], str | None]


def data(application: str) -> Look:
    return lambda bench: bench.data(application)


def word(application: str, at: int, most: int = 1000) -> Look:
    """One of the words that the application splits its argument into."""
    return lambda bench: bench.words(application, most)[at]


def own(call: Call, look: Look, empty: str | None = "") -> Row:
    """A method of the call's own channel. ``empty``: what an empty text becomes."""

    def row(bench: Bench, text: str) -> Understood:
        call(bench.channel, text)
        return text or empty, look(bench)

    return row


def undone(application: str, call: Call, look: Look) -> Row:
    """A method whose application would lose the call, or take long."""

    def row(bench: Bench, text: str) -> Understood:
        bench.leave_undone(application)
        with suppress(ESLTimeout):
            call(bench.channel, text)
        return text, look(bench)

    return row


def named(call: Call, application: str) -> Row:
    """A method that takes a variable's name."""
    return own(call, lambda bench: bench.data(application).partition("=")[0])


def got(name: str) -> Look:
    return lambda bench: bench.channel.get_variable(name)


def ending(call: Call, header: str) -> Row:
    """A method that ends the leg, and a header of the hangup event."""

    def row(bench: Bench, text: str) -> Understood:
        with bench.leg() as leg:
            with suppress(Hangup):
                call(leg, text)
            leg.wait("CHANNEL_HANGUP_COMPLETE")
        assert leg.hangup_event is not None
        return text, leg.hangup_event.get(header)

    return row


def in_capitals(row: Row) -> Row:
    def upper(bench: Bench, text: str) -> Understood:
        want, got = row(bench, text)
        return (want or "").upper(), got

    return upper


def born(call: Callable[[Bench, str], object], header: str, empty: str | None = None) -> Row:
    """A method that calls a far end; returns what its leg was given."""

    def row(bench: Bench, text: str) -> Understood:
        call(bench, text)
        return text or empty, bench.born[-1].get(header)

    return row


def bridge(**options: Callable[[str], Any]) -> Callable[[Bench, str], object]:
    def call(bench: Bench, text: str) -> object:
        given = {name: make(text) for name, make in options.items()}
        return bench.channel.bridge("loopback/bye", **given)

    return call


def originate(**options: Callable[[str], Any]) -> Callable[[Bench, str], object]:
    def call(bench: Bench, text: str) -> None:
        given = {name: make(text) for name, make in options.items()}
        bench.session.originate("loopback/far", **given).hangup()

    return call


def itself(text: str) -> str:
    return text


def without_blanks_before(row: Row) -> Row:
    """A method whose text means the same without the blanks before it; they are not sent.

    FreeSWITCH itself drops them: of dial strings (switch_ivr_originate.c, "strip leading spaces"),
    and of spoken text (mod_event_socket.c, read_packet; cleanup_separated_string).
    """

    def stripped(bench: Bench, text: str) -> Understood:
        want, got = row(bench, text)
        return (want or "").lstrip(" "), got

    return stripped


def dial_string(bench: Bench, text: str) -> Understood:
    with suppress(CommandError):
        bench.session.originate(text).hangup()
    words = separate(bench.line("bgapi originate ").removeprefix("bgapi originate "))
    assert words[1:] == ["&park()"]
    return text, words[0].partition("}")[2]


def multiset(bench: Bench, text: str) -> Understood:
    bench.channel.multiset({"x": text, "y": "z" + text, "z": "end"})
    assert sendable(bench.channel.get_variable("y") or "") == "z" + text
    assert bench.channel.get_variable("z") == "end"
    return text or None, bench.channel.get_variable("x")


def push(bench: Bench, text: str) -> Understood:
    bench.channel.unset("x")
    for each in ("one", "two"):
        bench.channel.push("x", each)
    bench.begin()
    bench.channel.push("x", text)
    event = bench.channel.execute("log", "INFO")
    assert event is not None
    return text, event.get_all("variable_x")[-1]


def playback_of_several(bench: Bench, text: str) -> Understood:
    bench.channel.playback(["one.wav", f"{text}.wav", "two.wav"])
    files = bench.data("playback").removeprefix("file_string://")
    # mod_dptools.c, file_string_file_open
    return f"{text}.wav", separate(files, "!")[1]


def broadcast(bench: Bench, text: str) -> Understood:
    bench.channel.broadcast(text)
    bench.channel.wait("CHANNEL_EXECUTE_COMPLETE")
    return text, bench.data("playback")


def record_session(bench: Bench, text: str) -> Understood:
    told: list[Event] = []
    with bench.leg() as leg:
        leg.on("RECORD_START", told.append)
        leg.record_session(f"/{text}.wav")
        leg.sleep(0.1)
    return f"/{text}.wav", told[-1].get("Record-File-Path")


def detects(bench: Bench) -> list[str]:
    """The engine and the grammar of play_and_detect_speech."""
    return separate(bench.data("play_and_detect_speech").partition("detect:")[2], " ", 2)


def grammar_in(text: str) -> tuple[dict[str, str], str]:
    """The parameters before a grammar, and the grammar (switch_core_asr_load_grammar)."""
    text = text.lstrip(" ")
    if not text.startswith("{"):
        return {}, text
    end = closing(text, 1, "{", "}")
    pairs = [separate(each, "=", 2) for each in separate(text[1:end], ",", 256)]
    return dict(pair for pair in pairs if len(pair) == 2), text[end + 1 :]


def executed(bench: Bench, text: str) -> Understood:
    bench.leave_undone(text)
    event = bench.channel.execute(text)
    assert event is not None
    return text, event["Application"]


def in_conference(call: Call, group: int) -> Row:
    """The argument as conference_function (mod_conference.c) splits it."""
    pattern = r"(?!bridge:)([^@+]+)@([^@+]*)(?:\+([^+{]*))?(?:\+flags\{([^}]*)\})?"

    def look(bench: Bench) -> str:
        found = re.fullmatch(pattern, bench.data("conference"), re.DOTALL)
        assert found is not None
        return found[group] or ""

    return undone("conference", call, look)


def fired(call: Ask, look: Callable[[Event], str | None]) -> Row:
    """A method that fires an event."""

    def row(bench: Bench, text: str) -> Understood:
        bench.fired.clear()
        call(bench.session, text)
        bench.channel.execute("log", "INFO")
        return text or None, look(bench.fired[-1])

    return row


def echoed(call: Callable[[Session, str], str]) -> Row:
    def row(bench: Bench, text: str) -> Understood:
        return f"<{text}>", call(bench.session, f"echo <{text}>")

    return row


def line(call: Ask, verb: str) -> Row:
    """A command as FreeSWITCH reads it, whether or not it has any use for it."""

    def row(bench: Bench, text: str) -> Understood:
        with suppress(CommandError):
            call(bench.session, text)
        return f"{verb}{text}", bench.line(verb)

    return row


def to_another(bench: Bench, text: str) -> Understood:
    """None is the call's own."""
    with suppress(CommandError):
        bench.session.sendmsg("nothing", uuid=text)
    return f"sendmsg {text}" if text else "sendmsg", bench.line("sendmsg")


def header(call: Ask, name: str | None, value: str | None = None) -> Row:
    """A header of a command, or one whose name is the text."""

    def row(bench: Bench, text: str) -> Understood:
        call(bench.session, text)
        return (text or None) if value is None else value, bench.sent[-1].get(name or text)

    return row


def filtered(call: Ask, at: int) -> Row:
    def row(bench: Bench, text: str) -> Understood:
        call(bench.session, text)
        [listener] = bench.model.state(Audience)
        return text, listener.selection.filters.pop()[at]

    return row


def unfiltered(name: str | None) -> Row:
    """True if the right one of two filters was deleted."""

    def row(bench: Bench, text: str) -> Understood:
        [listener] = bench.model.state(Audience)
        selection = listener.selection
        before = selection.filters
        selection.filters = [*before, (name or text, text if name else "x")]
        try:
            bench.session.filter_delete(name or text, text if name else None)
            left = selection.filters
        finally:
            selection.filters = before
        everything = name is None and text.lower() == "all"
        return "gone", "gone" if left == ([] if everything else before) else "there"

    return row


def takes_text(parameter: inspect.Parameter) -> bool:
    outside = re.sub(r"Literal\[.*?\]|WhichLeg|Callable\[.*?\]", "", str(parameter.annotation))
    return re.search(r"\bstr\b|Expected|\bFiles?\b", outside) is not None


def declared_rows() -> Iterator[tuple[str, Row]]:
    """Rows that follow from a declaration: words of the argument, and terminators of what plays."""
    for name, method in inspect.getmembers(Channel, inspect.isfunction):
        application = declaration_of(method)
        parameters = inspect.signature(method).parameters.values()
        for parameter in parameters:
            others = {
                each.name: sample(each.annotation)
                for each in [*parameters][1:]
                if each.default is each.empty and each is not parameter
            }
            if application.place(parameter.name) is not None and takes_text(parameter):
                row = of_word(name, parameter.name, others)
            elif application.plays and parameter.name == "terminators":
                row = of_terminators(name, others)
            else:
                continue
            yield f"Channel.{name}.{parameter.name}", row


def of_word(method: str, parameter: str, others: Mapping[str, str]) -> Row:
    application = declaration_of(getattr(Channel, method))
    most, place = len(application.argument), application.place(parameter)
    assert place is not None

    def look(bench: Bench) -> str:
        argument = bench.data(application.name)
        if most == 1:
            return argument
        words = separate(argument, application.separator, most)
        return words[place] if place < len(words) else ""

    return own(lambda c, t: getattr(c, method)(**others, **{parameter: t}), look)


def of_terminators(method: str, others: Mapping[str, str]) -> Row:
    return own(
        lambda c, t: getattr(c, method)(**others, terminators=t),
        got("playback_terminators"),
        "none",
    )


def sample(annotation: str) -> str:
    """A value for a parameter: the first of its few words, or any text."""
    found = re.match(r"Literal\[['\"](\w+)", annotation)
    return found[1] if found else "x"


#: Of every parameter that takes text: what to do with it, and what FreeSWITCH understands.
ROWS: dict[str, Row] = {
    **dict(declared_rows()),
    # variables
    "Channel.set.value": own(lambda c, t: c.set("x", t), got("x"), None),
    "Channel.multiset.variables": multiset,
    "Channel.export.value": own(lambda c, t: c.export("x", t), got("x"), None),
    "Channel.push.value": push,
    "Channel.set.name": named(lambda c, t: c.set(t, "x"), "set"),
    "Channel.multiset.variables: names": own(
        lambda c, t: c.multiset({t: "x"}),
        lambda b: b.data("multiset").removeprefix("^^,").partition("=")[0],
    ),
    "Channel.unset.name": named(lambda c, t: c.unset(t), "unset"),
    "Channel.export.name": named(lambda c, t: c.export(t, "x"), "export"),
    "Channel.push.name": named(lambda c, t: c.push(t, "x"), "push"),
    "Channel.get_variable.name": own(
        lambda c, t: c.get_variable(t), lambda b: b.line("api uuid_getvar").split(" ", 3)[3]
    ),
    "Session.getvar.name": line(lambda s, t: s.getvar(t), "getvar "),
    "Channel.hash.realm": own(
        lambda c, t: c.hash("insert", t, "k", "v"), lambda b: separate(b.data("hash"), "/")[1]
    ),
    "Channel.hash.key": own(
        lambda c, t: c.hash("insert", "r", t, "v"), lambda b: separate(b.data("hash"), "/")[2]
    ),
    # playing
    "Channel.playback.file: of several": playback_of_several,
    "Channel.broadcast.file": broadcast,
    "Channel.say.text": own(lambda c, t: c.say(t, "name_spelled"), word("say", -1, 5)),
    "Channel.say.kind": own(lambda c, t: c.say("1", t), word("say", 1, 5)),
    "Channel.say.method": own(lambda c, t: c.say("1", "number", t), word("say", 2, 5)),
    "Channel.say.module": own(lambda c, t: c.say("1", module=t), word("say", 0, 5)),
    "Channel.say.gender": own(
        lambda c, t: c.say("1", gender=t),
        lambda b: b.words("say", 5)[3] if len(b.words("say", 5)) == 5 else "",
    ),
    "Channel.speak.text": without_blanks_before(
        own(
            lambda c, t: c.speak(t, "kal", "flite"),
            # mod_dptools.c, speak_function: the third takes the rest, as it was
            lambda b: b.data("speak").split("|", 2)[2],
        )
    ),
    "Channel.speak.text: alone": without_blanks_before(
        own(
            lambda c, t: c.speak(t),
            lambda b: b.data("speak") if len(separate(b.data("speak"), "|")) == 1 else "apart",
        )
    ),
    "Channel.speak.voice": own(
        lambda c, t: c.speak("x", t), lambda b: separate(b.data("speak"), "|", 3)[0]
    ),
    "Channel.speak.engine": own(
        lambda c, t: c.speak("x", "kal", t), lambda b: separate(b.data("speak"), "|", 3)[0]
    ),
    "Channel.play_and_detect_speech.file": undone(
        "play_and_detect_speech",
        lambda c, t: c.play_and_detect_speech(t, "vosk", "g"),
        # mod_dptools.c, play_and_detect_speech_function
        lambda b: b.data("play_and_detect_speech").partition("detect:")[0].rstrip(),
    ),
    "Channel.play_and_detect_speech.engine": undone(
        "play_and_detect_speech",
        lambda c, t: c.play_and_detect_speech("f", t, "g"),
        lambda b: detects(b)[0],
    ),
    "Channel.play_and_detect_speech.grammar": undone(
        "play_and_detect_speech",
        lambda c, t: c.play_and_detect_speech("f", "vosk", t),
        lambda b: grammar_in(detects(b)[1])[1],
    ),
    "Channel.play_and_detect_speech.parameters": undone(
        "play_and_detect_speech",
        lambda c, t: c.play_and_detect_speech("f", "vosk", "g", parameters={"a": t, "b": "c"}),
        lambda b: grammar_in(detects(b)[1])[0]["a"],
    ),
    "Channel.play_and_detect_speech.terminators": own(
        lambda c, t: c.play_and_detect_speech(
            "f", "vosk", "g", terminators=t, parameters={"no-input-timeout": 10}
        ),
        got("playback_terminators"),
        "none",
    ),
    "Channel.detect_speech.engine": undone(
        "detect_speech", lambda c, t: c.detect_speech(t, "g"), word("detect_speech", 0, 4)
    ),
    "Channel.detect_speech.grammar": undone(
        "detect_speech",
        lambda c, t: c.detect_speech("vosk", t),
        lambda b: grammar_in(b.words("detect_speech", 4)[1])[1],
    ),
    "Channel.detect_speech.name": undone(
        "detect_speech", lambda c, t: c.detect_speech("vosk", "g", t), word("detect_speech", 2, 4)
    ),
    "Channel.detect_speech.parameters": undone(
        "detect_speech",
        lambda c, t: c.detect_speech("vosk", "g", parameters={"a": t, "b": "c"}),
        lambda b: grammar_in(b.words("detect_speech", 4)[1])[0]["a"],
    ),
    "Channel.phrase.macro": own(
        lambda c, t: c.phrase(t, "x"), lambda b: b.data("phrase").partition(",")[0]
    ),
    "Channel.phrase.data": own(
        lambda c, t: c.phrase("x", t),
        # the macro expands it (switch_ivr_play_say.c, switch_ivr_phrase_macro_event)
        lambda b: expand(b.data("phrase")[2:], lambda name, index: f"<{name}>"),
    ),
    # digits
    "Channel.speak.terminators": own(
        lambda c, t: c.speak("x", "kal", "flite", terminators=t),
        got("playback_terminators"),
        "none",
    ),
    "Channel.record.terminators": own(
        lambda c, t: c.record("/x.wav", limit=1, terminators=t),
        got("playback_terminators"),
        "none",
    ),
    "Channel.play_and_get_digits.terminators": own(
        lambda c, t: c.play_and_get_digits(timeout=1, terminators=t),
        word("play_and_get_digits", 4),
        "none",
    ),
    "Channel.read.terminators": own(
        lambda c, t: c.read(timeout=1, terminators=t), word("read", 5), "none"
    ),
    "Channel.recv_dtmf.digits": own(
        lambda c, t: c.recv_dtmf(t), lambda b: b.line("api uuid_recv_dtmf").split(" ", 3)[3]
    ),
    # asking for digits
    "Channel.play_and_get_digits.transfer_on_failure": undone(
        "play_and_get_digits",
        lambda c, t: c.play_and_get_digits(timeout=1, transfer_on_failure=t),
        lambda b: [*separate(b.data("play_and_get_digits"), " ", 11), "", ""][10],
    ),
    "Channel.get_digits.file": own(lambda c, t: c.get_digits(t, timeout=1), data("playback")),
    "Channel.get_digits.invalid_file": own(
        lambda c, t: c.get_digits(tries=2, timeout=1, invalid_file=t), data("playback")
    ),
    # recording
    "Channel.record.file": own(lambda c, t: c.record(t, limit=1), word("record", 0, 4)),
    "Channel.record_session.file": record_session,
    # the call itself
    "Channel.hangup.cause": in_capitals(ending(lambda c, t: c.hangup(t), "Hangup-Cause")),
    "Channel.sched_hangup.cause": in_capitals(
        ending(lambda c, t: c.sched_hangup(1, t), "Hangup-Cause")
    ),
    "Channel.transfer.extension": ending(lambda c, t: c.transfer(t), "Caller-Destination-Number"),
    "Channel.transfer.dialplan": undone(
        "transfer",
        lambda c, t: c.transfer("1", t or "XML"),
        lambda b: separate(b.data("transfer"), " ", 4)[1].removeprefix("XML"),
    ),
    "Channel.transfer.context": undone(
        "transfer", lambda c, t: c.transfer("1", "XML", t), word("transfer", 2)
    ),
    "Channel.sched_transfer.extension": ending(
        lambda c, t: c.sched_transfer(1, t), "Caller-Destination-Number"
    ),
    "Channel.sched_transfer.dialplan": undone(
        "sched_transfer",
        lambda c, t: c.sched_transfer(1, "1", t, "x"),
        lambda b: separate(b.data("sched_transfer"), " ", 4)[2].removeprefix("XML"),
    ),
    "Channel.sched_transfer.context": undone(
        "sched_transfer", lambda c, t: c.sched_transfer(1, "1", "XML", t), word("sched_transfer", 3)
    ),
    "Channel.execute_extension.extension": own(
        lambda c, t: c.execute_extension(t), word("execute_extension", 0)
    ),
    "Channel.execute_extension.dialplan": own(
        lambda c, t: c.execute_extension("1", t, "x"),
        lambda b: b.words("execute_extension")[1].removeprefix("XML"),
    ),
    "Channel.execute_extension.context": own(
        lambda c, t: c.execute_extension("1", "XML", t), word("execute_extension", 2)
    ),
    "Channel.deflect.target": undone("deflect", lambda c, t: c.deflect(t), data("deflect")),
    "Channel.redirect.target": undone("redirect", lambda c, t: c.redirect(t), data("redirect")),
    "Channel.hold.display": undone("hold", lambda c, t: c.hold(t), data("hold")),
    # other legs
    "Channel.bridge.to": without_blanks_before(
        own(
            lambda c, t: c.bridge(t, variables={"a": "b"}),
            lambda b: b.data("bridge").removeprefix("{a=b}"),
        )
    ),
    "Channel.bridge.variables": born(bridge(variables=lambda t: {"x": t}), "variable_x"),
    "Channel.bridge.variables: names": own(
        lambda c, t: c.bridge("error/USER_BUSY", variables={t: "x"}),
        lambda b: next(iter(variables_of(b.data("bridge"))[0])),
    ),
    "Channel.bridge.caller_id_name": born(
        bridge(caller_id_name=itself), "Caller-Caller-ID-Name", "1001"
    ),
    "Channel.bridge.caller_id_number": born(
        bridge(caller_id_number=itself), "Caller-Caller-ID-Number", "1001"
    ),
    "Channel.bridge.ringback": own(
        lambda c, t: c.bridge("error/USER_BUSY", ringback=t), got("ringback"), None
    ),
    "Session.originate.dial_string": without_blanks_before(dial_string),
    "Session.originate.variables": born(originate(variables=lambda t: {"x": t}), "variable_x"),
    "Session.originate.caller_id_name": born(
        originate(caller_id_name=itself), "Caller-Caller-ID-Name"
    ),
    "Session.originate.caller_id_number": born(
        originate(caller_id_number=itself), "Caller-Caller-ID-Number", "0000000000"
    ),
    "Session.leg.uuid": line(lambda s, t: s.leg(t), "api uuid_dump "),
    "Channel.att_xfer.dial_string": undone(
        "att_xfer", lambda c, t: c.att_xfer(t), data("att_xfer")
    ),
    "Channel.eavesdrop.uuid": undone("eavesdrop", lambda c, t: c.eavesdrop(t), data("eavesdrop")),
    "Channel.intercept.uuid": undone(
        "intercept", lambda c, t: c.intercept(t, timeout=0.1), word("intercept", 0)
    ),
    "Channel.conference.name": in_conference(lambda c, t: c.conference(t), 1),
    "Channel.conference.profile": in_conference(lambda c, t: c.conference("x", t), 2),
    "Channel.conference.pin": in_conference(lambda c, t: c.conference("x", pin=t), 3),
    "Channel.conference.flags": in_conference(lambda c, t: c.conference("x", flags=t), 4),
    "Channel.valet_park.lot": undone(
        "valet_park", lambda c, t: c.valet_park(t, "6001"), word("valet_park", 0)
    ),
    "Channel.valet_park.extension": undone(
        "valet_park", lambda c, t: c.valet_park("lot", t), word("valet_park", 1)
    ),
    "Channel.valet_park.more": undone(
        "valet_park", lambda c, t: c.valet_park("lot", "auto", "in", t), word("valet_park", 3)
    ),
    "Channel.fifo.name": undone(
        "fifo",
        lambda c, t: c.fifo(t),
        # mod_fifo.c, fifo_function: a list of names, each with its importance
        lambda b: separate(separate(b.data("fifo"))[0], ",")[0].rpartition("!")[2],
    ),
    "Channel.fifo.announce": undone("fifo", lambda c, t: c.fifo("x", announce=t), word("fifo", 2)),
    "Channel.fifo.music": undone("fifo", lambda c, t: c.fifo("x", music=t), word("fifo", 3)),
    # commands
    "Channel.execute.argument": own(
        lambda c, t: c.execute("log", t),
        # mod_event_socket.c: the body, with its line breaks, where there is no such header
        lambda b: b.sent[-1].get("execute-app-arg") or lossless(b.sent[-1].body) or None,
        None,
    ),
    "Channel.execute.application": executed,
    "Session.api.command": echoed(lambda s, t: s.api(t)),
    "Session.bgapi.command": echoed(lambda s, t: s.bgapi(t).wait()),
    "Session.send.command": echoed(lambda s, t: s.send(f"api {t}").text),
    "Session.send.headers": fired(
        lambda s, t: s.send("sendevent CUSTOM", {"Event-Subclass": "x", "X-Text": t}),
        lambda event: event.get("X-Text"),
    ),
    "Session.send.headers: names": header(
        lambda s, t: s.send("sendevent CUSTOM", {"Event-Subclass": "x", t: "value"}), None, "value"
    ),
    "Session.send.body": fired(
        lambda s, t: s.send("sendevent CUSTOM", {"Event-Subclass": "x"}, t),
        lambda event: event.body or None,
    ),
    "Session.sendevent.name": fired(
        lambda s, t: s.sendevent(f"CUSTOM {t}"), lambda event: event.get("Event-Subclass")
    ),
    "Session.sendevent.headers": fired(
        lambda s, t: s.sendevent("CUSTOM x", {"X-Text": t}), lambda event: event.get("X-Text")
    ),
    "Session.sendevent.body": fired(
        lambda s, t: s.sendevent("CUSTOM x", body=t), lambda event: event.body or None
    ),
    "Session.sendmsg.call_command": header(lambda s, t: s.sendmsg(t), "call-command"),
    "Session.sendmsg.headers": header(lambda s, t: s.sendmsg("nothing", {"X-Text": t}), "X-Text"),
    "Session.sendmsg.headers: names": header(
        lambda s, t: s.sendmsg("nothing", {t: "value"}), None, "value"
    ),
    "Session.sendmsg.uuid": to_another,
    "Session.filter.header": filtered(lambda s, t: s.filter(t, "x"), 0),
    "Session.filter.value": filtered(lambda s, t: s.filter("X-Text", t), 1),
    "Session.filter_delete.header": unfiltered(None),
    "Session.filter_delete.value": unfiltered("X-Text"),
    "Session.log.level": line(lambda s, t: s.log(t), "log "),
}

#: Parameters whose text never reaches FreeSWITCH.
NEVER_SENT = {
    "Channel.on.event": "compared with the names of events that come",
    "Channel.wait.event": "compared with the names of events that come",
    "Channel.on_dtmf.digit": "compared with digits that come",
    "Channel.get_digits.terminators": "compared with digits that come",
    "Channel.get_digits.regexp": "compared with digits that come",
    "Session.on.event": "compared with the names of events that come",
    "Session.wait.event": "compared with the names of events that come",
    "Session.events.names": "compared with the names of events that come",
}


def text_parameters() -> Iterator[str]:
    """Every parameter of a public method that takes any str."""
    for owner in (Channel, Session):
        for name, method in inspect.getmembers(owner, inspect.isfunction):
            if name.startswith("_"):
                continue
            for parameter in inspect.signature(method).parameters.values():
                if takes_text(parameter):
                    yield f"{owner.__name__}.{name}.{parameter.name}"


def test_no_method_that_takes_text_is_missing() -> None:
    """The method's own name, for aliases such as onDTMF."""
    found = {name for name in text_parameters() if ".onDTMF." not in name}
    rows = {name.partition(": ")[0] for name in ROWS}
    assert found == rows | NEVER_SENT.keys()
    assert not rows & NEVER_SENT.keys()


@pytest.mark.thorough
@pytest.mark.parametrize("name", ROWS)
def test_text_survives_or_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ROWS[name]
    if name.endswith((".digits", ".terminators", ".pin")):
        texts = DIGITS
    elif name.endswith(".cause"):
        texts = CAUSES
    else:
        texts = TEXT

    def handler(bench: Bench) -> None:
        taken: list[str] = []

        @settings(max_examples=6, database=None)
        @given(texts)
        @example("")
        @example("plain")
        @example("12")
        @example("USER_BUSY")
        @example("\udcff")
        @example("\udcff%41")
        @example(" x")
        @example("x ")
        @example(" ")
        @example("\ud800")
        @example("ARRAY::")
        @example("ARRAY::x|:y")
        @example("^^")
        @example(":_:")
        @example("\n")
        def survives(text: str) -> None:
            bench.begin()
            try:
                want, understood = row(bench, text)
            except UnicodeError:
                raise  # it doesn't say what to do
            except ValueError:
                bench.check_nothing_is_sent()
                return
            # what is not UTF-8 reads as U+FFFD, and keeps its bytes
            assert (understood if understood is None else sendable(understood)) == want
            taken.append(text)

        survives()
        assert taken

    in_a_call(handler, monkeypatch)


FILES = [
    *(name for name in ROWS if re.search(r"\.(file|invalid_file|prompt|invalid)$", name)),
    *("Channel.fifo.announce", "Channel.fifo.music", "Channel.bridge.ringback"),
]


@pytest.mark.parametrize("name", [n for n in FILES if "record_session" not in n])
def test_a_file_that_freeswitch_would_hang_on_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hang for ever on an unclosed first brace (switch_utils.h, switch_is_file_path)."""

    def handler(bench: Bench) -> None:
        for text in ("{", "{x", "{a{b}", "{a}{b", "{a} {b", "{x@@}"):
            bench.begin()
            with pytest.raises(ValueError, match="brace"):
                ROWS[name](bench, text)
            bench.check_nothing_is_sent()
        for text in ("{a=b}x", "{a}{b}x", "x{", "{a={b}} x"):
            want, understood = ROWS[name](bench, text)
            assert understood == want

    in_a_call(handler, monkeypatch)


@pytest.mark.parametrize("format", ["plain", "json"])
def test_events_carry_text_unchanged(format: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain events can't tell ``%41`` from ``A`` (switch_utils.c, switch_url_encode).

    Text that is not UTF-8 reads as U+FFFD, and keeps its bytes.
    """

    def handler(bench: Bench) -> None:
        @settings(max_examples=20, database=None)
        @given(TEXT)
        @example("\udcff")
        @example("\udcff%41")
        @example(" x")
        @example("x ")
        def survives(text: str) -> None:
            try:
                bench.channel.set("x", text)
            except ValueError:
                return
            told = sendable(bench.channel.variables.get("x", ""))
            assert told == (once_decoded(text) if format == "plain" else text)

        survives()

    in_a_call(handler, monkeypatch, format)


def once_decoded(text: str) -> str:
    """What has been sent as it was, since it looked percent-encoded, and is decoded."""
    found = re.sub(rb"%([0-9A-F]{2})", lambda each: bytes.fromhex(each[1].decode()), bytes_of(text))
    return lossless(found)


def in_a_call(
    handler: Callable[[Bench], None], monkeypatch: pytest.MonkeyPatch, format: Format = "json"
) -> None:
    sent: list[Received] = []
    send = Connection.send

    def recorded(self: Connection, data: bytes, *more: Any) -> Any:
        sent.extend(command_reader().feed(data))
        return send(self, data, *more)

    monkeypatch.setattr(Connection, "send", recorded)
    with FreeSwitch(patience=None) as switch:
        model = simulation_of(switch).model
        model.speech_engines = frozenset({"flite"})
        model.on_used = lambda part, channel: None  # any text may be what is not modelled
        switch.endpoint("loopback/far")
        switch.endpoint("loopback/bye", hangs_up_after=0.1)

        def take(session: Session) -> None:
            session.channel.answer()
            handler(Bench(session, simulation_of(switch).model, sent))
            session.channel.hangup()

        switch.call(Outbound(take, format=format)).wait(timeout=1e6)
