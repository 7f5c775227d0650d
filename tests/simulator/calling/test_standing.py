"""What is not modelled fails the call, unless the user has modelled or allowed it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Channel, CommandError, Session
from simulator import Call, CallFailed, FreeSwitch, NotModelled, Refused, sweep
from simulator.clockwork.threads import Steps
from simulator.model import playing
from simulator.model.channel import Channel as Leg
from simulator.model.switch import Switch
from simulator.scripts.script import Script, Step
from tests.support.cases import for_each


def executes(*applications: str) -> Callable[[Session], None]:
    def handler(session: Session) -> None:
        session.channel.answer()
        for name in applications:
            session.channel.execute(name, "support")
        session.channel.hangup()

    return handler


def asks(command: str, answers: list[str]) -> Callable[[Session], None]:
    def handler(session: Session) -> None:
        session.channel.answer()
        try:
            answers.append(session.api(command))
        except CommandError as error:
            answers.append(str(error.reply))
        session.channel.hangup()

    return handler


def test_an_application_that_is_not_modelled_fails_the_call() -> None:
    with pytest.raises(NotModelled) as failed, FreeSwitch() as switch:
        switch.call(executes("lua")).wait()
    said = str(failed.value)
    assert said.startswith(
        "the simulated switch does not model the application lua (mod_lua), which had no effect: "
        "model it, FreeSwitch(applications={'lua': ...}), or "
        "FreeSwitch(allow_unmodelled=['lua'])\n"
    )
    assert "not modelled: application lua" in said  # in the ladder
    assert isinstance(failed.value, CallFailed)


def test_it_fails_also_a_verb_of_another_call() -> None:
    with FreeSwitch() as switch:
        switch.call(executes("lua"))
        other = switch.call(executes())
        with pytest.raises(NotModelled):
            other.wait()


def test_what_is_allowed_does_nothing_and_the_ladder_says_so() -> None:
    with FreeSwitch(allow_unmodelled=["Lua"]) as switch:
        call = switch.call(executes("lua", "lua"))
        call.wait()
    assert call.not_modelled == []
    assert call.ladder().count("not modelled: application lua") == 1
    assert str(call.stands_on).startswith(
        "4 applications: 3 held to recordings, 1 not modelled (lua)"
    )


def test_without_raises_the_call_has_it() -> None:
    with FreeSwitch(raises=False) as switch:
        call = switch.call(executes("lua", "curl"))
        call.wait()
        assert [str(part) for part in call.not_modelled] == ["application lua", "application curl"]


def test_a_user_models_an_application() -> None:
    heard: list[str] = []

    def callcenter(leg: Leg, queue: str) -> Steps[None]:
        leg.set("cc_queue", queue)
        yield from playing.play(leg, "hold")

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("CallCenter", "support")
        heard.append(session.channel.get_variable("cc_queue") or "")
        session.channel.hangup()

    with FreeSwitch(applications={"callcenter": callcenter}) as switch:
        call = switch.call(handler)
        call.hear("hold")
        call.wait()
    assert heard == ["support"]
    assert str(call.stands_on) == (
        "4 applications: 3 held to recordings, 1 yours; 1 api command: 1 held to recordings"
    )


def test_a_user_models_an_api_command_in_the_place_of_ours() -> None:
    def status(switch: Switch, argument: str) -> str:
        return f"fine {argument}"

    answers: list[str] = []
    with FreeSwitch(api_commands={"status": status}) as switch:
        call = switch.call(asks("status now", answers))
        call.wait()
    assert answers == ["fine now"]
    assert str(call.stands_on).endswith("1 api command: 1 yours")


def test_each_call_and_the_switch_know_what_they_stand_on() -> None:
    with FreeSwitch(allow_unmodelled=["lua"]) as switch:
        one, other = switch.call(executes("lua")), switch.call(executes("eval"))
        one.wait()
        other.wait()
    assert [part.name for part in other.stands_on.parts] == ["socket", "answer", "eval", "hangup"]
    assert {part.name for part in one.stands_on.parts} == {"socket", "answer", "lua", "hangup"}
    assert {part.name for part in switch.stands_on.parts} == {
        *("socket", "answer", "lua", "eval", "hangup")
    }


def test_a_command_in_an_argument_counts_for_its_call() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("set", "short=${md5(x)}")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.wait()
    assert "api command md5" in [str(part) for part in call.stands_on.parts]


def test_a_sweep_of_a_handler_that_uses_it_fails() -> None:
    with pytest.raises(AssertionError, match=r"even without a fault: .* application lua"):
        sweep(lambda call: call.wait(), executes("lua"))
    assert not sweep(
        lambda call: call.wait(), executes("lua"), every=5, allow_unmodelled=["lua"]
    ).wrong


# Applications that FreeSWITCH does not have

TYPO = r"FreeSWITCH has no application 'plaback' \(did you mean 'playback'\?\): it hung up, DEST"


def silent(call: Call) -> None:
    """Play no verb."""


def call_a_typo(play: Callable[[Call], object], **options: Any) -> Call:
    with FreeSwitch(**options) as switch:
        call = switch.call(executes("plaback"))
        play(call)
    return call


@pytest.mark.parametrize("play", [silent, Call.wait, lambda call: call.press("1")])
def test_an_application_that_freeswitch_does_not_have_fails_the_test(
    play: Callable[[Call], object],
) -> None:
    with pytest.raises(CallFailed, match=TYPO):
        call_a_typo(play)


def test_a_verb_that_fails_for_it_says_so() -> None:
    said = f"did not hear 'support' before the call ended .{TYPO}"
    with pytest.raises(CallFailed, match=said):
        call_a_typo(lambda call: call.hear("support"))


def test_a_test_that_looks_at_the_cause_expects_it() -> None:
    def looks(call: Call) -> None:
        call.wait()
        assert call.cause == "DESTINATION_OUT_OF_ORDER"

    call = call_a_typo(looks)
    assert call.unknown_applications == ["plaback"]
    with pytest.raises(RuntimeError, match="the call has not begun"):
        call_a_typo(lambda call: call.cause)


def test_a_name_that_is_allowed_and_means_another_one_is_told() -> None:
    why = r"allow_unmodelled names 'luaa', which nothing used \(did you mean 'lua'\?\)"
    with pytest.raises(CallFailed, match=why):
        call_a_typo(silent, allow_unmodelled=["plaback", "luaa"])
    call_a_typo(silent, allow_unmodelled=["plaback", "my_own", "lua"])


def test_an_unknown_application_can_be_allowed() -> None:
    assert call_a_typo(silent, allow_unmodelled=["plaback"]).unknown_applications == []
    assert call_a_typo(silent, raises=False).unknown_applications == ["plaback"]


def test_the_dialplan_may_not_have_the_typo() -> None:
    typo = [("plaback", "sorry")]
    why = r"has the application 'plaback', which .* not have \(did you mean 'playback'\?\)"
    with FreeSwitch() as switch, pytest.raises(ValueError, match=f"call: after {why}"):
        switch.call(lambda session: None, after=typo)
    with pytest.raises(ValueError, match=f"the extension '9999' {why}"):
        FreeSwitch(extensions={"9999": typo})
    FreeSwitch(extensions={"9999": typo}, allow_unmodelled=["plaback"])
    with pytest.raises(ValueError, match="the phrase 'hello' has the action 'plaback'"):
        FreeSwitch(phrases={"hello": typo})


def test_a_script_expects_it_by_its_cause() -> None:
    with pytest.raises(CallFailed, match=f"^script: {TYPO}"):
        Script("ivr.py", [Step("wait")]).run(executes("plaback"))
    expect = {"cause": "DESTINATION_OUT_OF_ORDER"}
    script = Script("ivr.py", [Step("wait")], expect=expect)
    assert script.run(executes("plaback")).unknown_applications == ["plaback"]
    assert not sweep(script.play, executes("plaback"), every=4).wrong


def test_a_sweep_of_a_handler_with_a_typo_fails() -> None:
    with pytest.raises(AssertionError, match=f"even without a fault: {TYPO}"):
        sweep(Call.wait, executes("plaback"))


def refused(question: Callable[[Channel], object], **options: Any) -> list[str]:
    """What FreeSWITCH refuses of what a handler does."""

    def handler(session: Session) -> None:
        session.channel.answer()
        question(session.channel)
        session.channel.hangup()

    with FreeSwitch(raises=False, **options) as switch:
        call = switch.call(handler)
        call.wait()
    return [part.name for part in call.not_modelled]


@for_each(
    ("application", "argument", "name"),
    [
        ("say", "en numbr pronounced 5", "say numbr"),
        ("say", "en number pronouncd 5", "say pronouncd"),
        ("say", "en number pronounced masculin 5", "say masculin"),
        ("say", "en 5", "say"),
        ("phrase", "nosuch", "phrase nosuch"),
        ("playback", "phrase:nosuch:1", "phrase nosuch"),
        ("playback", "tone_strem://%(500,0,640)", "tone_strem://"),
        ("playback", "silence_stram://500", "silence_stram://"),
        ("playback", "welcome.wavv", ".wavv"),
        ("playback", "local_stream://mho", "playback local_stream://mho"),
        ("set", "nothing", "set nothing"),
        ("export", "nothing", "export nothing"),
        ("multiset", "a=b c", "multiset c"),
        ("set", "hangup_after_brige=true", "the variable hangup_after_brige"),
        ("set", "playback_terminator=none", "the variable playback_terminator"),
        ("set", "hangup_after_bridge=treu", "hangup_after_bridge=treu"),
        ("set", "call_timeout=20000", "call_timeout=20000"),
        ("set", "x=${uper(a)}", "the command uper"),
        ("set", "x=${regex(a|[)}", "the expression '['"),
        ("hangup", "USER_BSUY", "the cause USER_BSUY"),
        ("play_and_get_digits", "1 1 1 2000 # menu none digits [", "the expression '['"),
        ("play_and_get_digits", "", "play_and_get_digits"),
        ("sleep", "", "sleep"),
        ("record", "", "record"),
        ("transfer", "", "transfer"),
        ("playback", "${nothing}", "playback"),
        ("bind_digit_action", "local,~[,exec:playback,x", "the expression '['"),
        ("bind_digit_action", "local,1", "bind_digit_action local,1"),
        ("bridge", "usr/2000", "the endpoint usr/"),
        ("bridge", "2000", "the endpoint 2000/"),
        ("bridge", "sofia/gatway/provider/123", "the endpoint sofia/gatway/"),
        ("bridge", "freetdm/1/1/123", "dial freetdm/"),
        (
            "bridge",
            "{origination_caller_id_nmae=x}user/2000",
            "the variable origination_caller_id_nmae",
        ),
        ("bridge", "[leg_timeout=20000]user/2000", "leg_timeout=20000"),
        ("bridge", "{call_timeout=twenty}user/2000", "call_timeout=twenty"),
        ("bridge", "{ignore_early_media=tru}user/2000", "ignore_early_media=tru"),
        ("bridge", "sofia/gateway/100", "the dial string sofia/gateway/100"),
        ("bridge", "sofia/internal/", "the dial string sofia/internal/"),
        ("bridge", "user/1000@", "the dial string user/1000@"),
        ("bridge", "user/{AGENT}", "the dial string user/{AGENT}"),
        ("transfer", "9999 XLM default", "the dialplan XLM"),
        ("transfer", "9999 asterisk", "dialplan asterisk"),
        ("transfer", "9999 XML defalt", "the context defalt"),
        ("transfer", "playback:x inlin", "the dialplan inlin"),
        ("execute_extension", "9999", "execute_extension 9999"),
    ],
)
def test_what_freeswitch_refuses_is_told(application: str, argument: str, name: str) -> None:
    def question(channel: Channel) -> None:
        channel.execute("set", "continue_on_fail=true")
        channel.execute(application, argument)

    assert refused(question) == [name]


@pytest.mark.parametrize(
    ("application", "argument"),
    [
        ("set", "call_timeout=60"),
        ("set", "lang=de"),
        ("set", "hangup_after_bridge=yes"),
        ("set", "group_confirm_key2=5"),
        ("set", "effective_callee_id_name=x"),
        ("say", "en number pronounced feminine 5"),
        ("playback", "/sounds/v1.2/welcome.wav"),
        ("playback", "{timeout=5}tone_stream://%(500,0,640)"),
        ("playback", "file_string://a.wav!b.mp3"),
    ],
)
def test_what_freeswitch_takes_is_not_told(application: str, argument: str) -> None:
    assert refused(lambda channel: channel.execute(application, argument)) == []


def test_a_variable_that_is_set_may_be_unset_without_an_equals_sign() -> None:
    def question(channel: Channel) -> None:
        channel.execute("set", "mine=1")
        channel.execute("set", "mine")

    assert refused(question) == []


def test_a_ring_timeout_in_milliseconds_is_told() -> None:
    def question(channel: Channel) -> None:
        channel.bridge("user/2000", ring_timeout=20000)

    [name] = refused(question)
    assert name == "originate_timeout=20000"


def test_a_job_with_a_command_that_is_not_there_is_told() -> None:
    def handler(session: Session) -> None:
        session.send("bgapi nosuch x")
        session.channel.answer()

    with pytest.raises(Refused, match="there is no such api command"), FreeSwitch() as switch:
        switch.call(handler)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("event plain all CUSTOM sofia::registr", "CUSTOM sofia::registr"),
        ("event plan CHANNEL_ANSWER", "the event plan"),
        ("nixevent CUSTOM sofia::registr", "CUSTOM sofia::registr"),
        ("filter Unique-IDD x", "filter Unique-IDD"),
        ("filter delete Event-Nam", "filter Event-Nam"),
        ("filter Event-Name CHANNEL_ANSWR", "filter Event-Name CHANNEL_ANSWR"),
        ("filter Event-Subclass sofia::registr", "CUSTOM sofia::registr"),
        ("sendevent CUSTOMM", "the event CUSTOMM"),
        ("divert_events onn", "divert_events onn"),
    ],
)
def test_a_misspelt_word_of_a_command_is_told(sent: str, name: str) -> None:
    def handler(session: Session) -> None:
        session.send(sent)

    with FreeSwitch(raises=False) as switch:
        call = switch.call(handler)
        call.wait()
    assert [part.name for part in call.not_modelled] == [name]


@pytest.mark.parametrize("sent", ["filter delete all", "filter variable_mine x", "nixevent DTMF"])
def test_other_words_of_a_command_are_not_told(sent: str) -> None:
    with FreeSwitch() as switch:
        call = switch.call(lambda session: session.send(sent) and None)
        call.wait()
    assert call.not_modelled == []


def test_a_misspelt_event_that_the_channel_waits_for_is_told() -> None:
    def waits(channel: Channel) -> None:
        with contextlib.suppress(TimeoutError):
            channel.wait("CUSTOM sofia::registr", timeout=5)

    def listens(channel: Channel) -> None:
        channel.on("CUSTOM conference::maintenanc", print)

    assert refused(waits) == ["CUSTOM sofia::registr"]
    assert refused(listens) == ["CUSTOM conference::maintenanc"]
    assert refused(lambda channel: channel.on("CUSTOM my::own", print)) == []


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("uuid_kill nobody", ["bgapi uuid_kill nobody"]),
        ("originate nonsense", ["bgapi originate nonsense"]),
        ("originate user/2000 &park", []),  # nobody is there, which is no mistake
        ("status", []),
    ],
)
def test_a_job_that_fails_while_nobody_looks_is_told(command: str, told: list[str]) -> None:
    def starts(session: Session) -> None:
        session.bgapi(command)

    def looks(session: Session) -> None:
        job = session.bgapi(command)
        with contextlib.suppress(CommandError):
            job.wait()

    def listens(session: Session) -> None:
        session.on("BACKGROUND_JOB", print)
        session.bgapi(command)

    for handler, names in ((starts, told), (looks, []), (listens, [])):
        with FreeSwitch(raises=False) as switch:
            call = switch.call(handler)
            call.wait()
        assert [part.name for part in call.not_modelled] == names


def test_reading_a_misspelt_variable_is_told() -> None:
    assert refused(lambda channel: channel.get_variable("hangup_after_brige")) == [
        "the variable hangup_after_brige"
    ]
    assert refused(lambda channel: channel.get_variable("caler_id_number")) == [
        "the variable caler_id_number"
    ]
    assert refused(lambda channel: channel.get_variable("my_own")) == []


def test_what_is_refused_fails_the_test_and_can_be_allowed() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("hangup", "USER_BSUY")

    with pytest.raises(Refused) as caught, FreeSwitch() as switch:
        switch.call(handler).wait()
    said = str(caught.value)
    assert "FreeSWITCH refuses the cause USER_BSUY, and goes on: it is no hangup cause" in said
    assert "did you mean 'USER_BUSY'?" in said
    assert "FreeSwitch(allow_unmodelled=['the cause USER_BSUY'])" in said
    with FreeSwitch(allow_unmodelled=["the cause USER_BSUY"]) as switch:
        call = switch.call(handler)
        call.wait()
    assert "refused: the cause USER_BSUY" in str(call.transcript)
    assert str(call.stands_on).endswith("; refused: the cause USER_BSUY")


def test_streams_with_a_length_are_known() -> None:
    stream = "mystream://news"
    assert refused(lambda channel: channel.playback(stream), prompts={stream: 1.0}) == []


def test_a_far_end_that_no_dial_string_reaches_is_refused_at_once() -> None:
    with FreeSwitch() as switch, pytest.raises(ValueError, match=r"did you mean 'user'\?"):
        switch.endpoint("usr/2000")


def waits_for(event: str) -> Callable[[Session], None]:
    def handler(session: Session) -> None:
        session.channel.answer()
        with contextlib.suppress(TimeoutError):
            session.wait(event, timeout=3.0)
        session.channel.hangup()

    return handler


def test_an_event_that_never_came_is_told_at_the_end() -> None:
    with FreeSwitch() as switch:
        call = switch.call(waits_for("CUSTOM pay::done"))
        call.wait()
    assert call.transcript.entries[-1].text == "never came: CUSTOM pay::done"


def test_a_misspelt_event_fails_the_call() -> None:
    said = r"CUSTOM sofia::regster, .* \(did you mean 'CUSTOM sofia::register'\?\)"
    with pytest.raises(Refused, match=said), FreeSwitch() as switch:
        switch.call(waits_for("CUSTOM sofia::regster")).wait()

    def fires(session: Session) -> None:
        session.sendevent("CUSTOM pay::finished")

    def both() -> None:
        with FreeSwitch() as switch:
            call = switch.call(waits_for("CUSTOM pay::fnished"))
            switch.call(fires, caller="1002").wait()
            call.wait()

    with pytest.raises(Refused, match=r"CUSTOM pay::fnished, .*; CUSTOM pay::finished was fired"):
        both()


def test_an_event_that_came_is_not_told() -> None:
    def fires(session: Session) -> None:
        session.sendevent("CUSTOM pay::done")

    with FreeSwitch() as switch:
        call = switch.call(waits_for("CUSTOM pay::done"))
        switch.call(fires, caller="1002").wait()
        call.wait()
    assert "never came" not in str(call.transcript)
