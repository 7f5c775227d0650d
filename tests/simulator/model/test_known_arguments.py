"""The words of arguments that FreeSWITCH can't use."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch, Refused
from simulator.applications import APPLICATIONS
from simulator.model.known_arguments import FORMS

#: Arguments with a word that FreeSWITCH can't use, and what is refused of each.
WRONG = {
    ("sleep", "1s"): "sleep 1s",
    ("delay_echo", "soon"): "delay_echo soon",
    ("loop_playback", "+three x"): "loop_playback +three",
    ("loop_playback", "+3"): "loop_playback +3",
    ("record", "/tmp/x.wav 60000"): "record 60000",
    ("record", "/tmp/x.wav 60 quiet"): "record quiet",
    ("record_session", "/tmp/x.wav 60"): "record_session 60",
    ("record_session", "/tmp/x.wav +30000"): "record_session +30000",
    ("displace_session", "x.wav q"): "displace_session q",
    ("play_and_get_digits", "one 4 1 5000 # menu"): "play_and_get_digits one",
    ("play_and_get_digits", "4 1 1 5000 # menu"): "play_and_get_digits 1",
    ("play_and_get_digits", "1 4 1 5 # menu"): "play_and_get_digits 5",
    ("play_and_get_digits", "1 4 1 5000 pound menu"): "play_and_get_digits pound",
    ("read", "1 4 menu"): "read 1 4 menu",
    ("read", "1 4 menu digits 5s"): "read 5s",
    ("wait_for_silence", "200 15 10"): "wait_for_silence 200 15 10",
    ("enable_heartbeat", "often"): "enable_heartbeat often",
    ("sched_hangup", "5"): "sched_hangup 5",
    ("sched_hangup", "soon"): "sched_hangup soon",
    ("sched_transfer", "+1"): "sched_transfer +1",
    ("sched_broadcast", "+1 x.wav bleggg"): "sched_broadcast bleggg",
    ("sched_broadcast", "+1 playbak::x"): "sched_broadcast playbak::x",
    ("broadcast", "x.wav bothh"): "broadcast bothh",
    ("eavesdrop", "nobody"): "eavesdrop nobody",
    ("three_way", "nobody"): "three_way nobody",
    ("intercept", "nobody"): "intercept nobody",
    ("bridge", ""): "bridge",
    ("respond", "busy"): "respond busy",
    ("hash", "insrt/realm/key/value"): "hash insrt",
    ("hash", "insert/realm"): "hash insert/realm",
    ("db", "insrt/realm/key/value"): "db insrt/realm/key/value",
    ("limit", "hsah realm id 1"): "limit hsah",
    ("limit", "hash realm id one"): "limit one",
    ("limit_execute", "hash realm id 1 playbak x"): "limit_execute playbak",
    ("fifo", "queue"): "fifo queue",
    ("fifo", "queue inn"): "fifo queue inn",
    ("fifo", "queue out wiat"): "fifo wiat",
    ("valet_park", "lot"): "valet_park lot",
    ("valet_park", "lot auto inn 1 2"): "valet_park inn",
    ("valet_park", "lot auto in a 9"): "valet_park a",
    ("mutex", "name onn"): "mutex onn",
    ("soft_hold", "star"): "soft_hold star",
    ("bind_meta_app", "1 x s playback::x"): "bind_meta_app x",
    ("bind_meta_app", "1 b s playbak::x"): "bind_meta_app playbak::x",
    ("bind_digit_action", "realm,1,exec:playbak,x"): "bind_digit_action exec:playbak",
    ("bind_digit_action", "realm,1,exe:playback,x"): "bind_digit_action exe:playback",
    ("bind_digit_action", "realm,1,exec:playback,x,slef"): "bind_digit_action slef",
    ("send_dtmf", "one"): "send_dtmf one",
    ("privacy", "ful"): "privacy ful",
    ("session_loglevel", "loud"): "session_loglevel loud",
    ("log", "WRANING text"): "log WRANING",
    ("detect_speech", "grammarof x"): "detect_speech grammarof x",
    ("conference", "100+flags{mut}"): "conference +flags{mut}",
    ("gentones", "beep"): "gentones",
    ("playback", "silence_stream:/"): "silence_stream:/",
    ("playback", "silence_stream://a"): "silence_stream://a",
    ("playback", "tone_stream://%(a,b,c)"): "tone_stream://%(a,b,c)",
    ("playback", "say:hello"): "say:",
    ("playback", "x.wav@@half"): "playback",
    ("event", "Event-Nam=CUSTOM"): "event",
    ("event", "Event-Name=CUSTOMM"): "event",
    ("set_profile_var", "caller_id_numbr=1"): "set_profile_var",
}
RIGHT = (
    ("sleep", "20"),
    ("record", "/tmp/x.wav 7200 200 3"),
    ("record", "/tmp/x.wav +60"),
    ("record_session", "/tmp/x.wav +60 {RECORD_MIN_SEC=1}"),
    ("read", "1 4 menu digits 5000 none"),
    ("play_and_get_digits", "1 4 1 5000 '' menu silence_stream://250 digits \\d+ 2000"),
    ("sched_hangup", "+60 NORMAL_CLEARING bleg"),
    ("sched_broadcast", "+600 /sounds/late.wav both"),
    ("transfer", "-bleg 1000 XML default"),
    ("hash", "delete/realm/key"),
    ("limit", "hash realm id 5/10 full XML default"),
    ("valet_park", "lot auto in 6001 6009"),
    ("valet_park", "lot ask"),
    ("valet_park", "lot 6001"),
    ("fifo", "queue out nowait undef undef"),
    ("fifo", "queue in"),
    ("bind_digit_action", "realm,~^\\d$,api:toupper,x,self,peer"),
    ("bind_digit_action", "realm,1,my_event,x"),
    ("bind_meta_app", "1 b s execute_extension::5000 XML default"),
    ("send_dtmf", "12w3@100"),
    ("session_loglevel", "debug10"),
    ("log", "hello"),
    ("detect_speech", "pocketsphinx yes_no builtin:yes_no"),
    ("detect_speech", "stop"),
)


def refused(application: str, data: str) -> list[str]:
    """What is refused of an argument."""

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute(application, data)

    with FreeSwitch(raises=False, recognizers=()) as switch:
        call = switch.call(handler)
        call.say_nothing(1)
        call.hangup()
    return [part.name for part in call.stands_on.refused]


def test_a_word_that_freeswitch_can_not_use_is_told() -> None:
    assert {each: refused(*each) for each in WRONG} == {each: [WRONG[each]] for each in WRONG}


def test_the_words_that_freeswitch_takes_are_not_told() -> None:
    assert {each: refused(*each) for each in RIGHT} == {each: [] for each in RIGHT}


def test_the_reason_has_the_number_that_is_read() -> None:
    def handler(session: Session) -> None:
        session.channel.execute("sleep", "1s")

    said = "'1s' is no whole number, and is read as 1"
    with pytest.raises(Refused, match=said), FreeSwitch() as switch:
        switch.call(handler)


def test_the_argument_of_an_application_of_ones_own_is_ones_own() -> None:
    with FreeSwitch(applications={"sleep": lambda channel, data: None}) as switch:
        switch.call(lambda session: session.channel.execute("sleep", "1s") and None)


def test_forms_are_of_applications_that_are_modelled() -> None:
    names = {name for line in FORMS.strip().splitlines() for name in line.split()[0].split(",")}
    assert names <= {name for name, each in APPLICATIONS.items() if each.part.has_effect}
