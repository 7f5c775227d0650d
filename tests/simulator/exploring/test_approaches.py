"""The steps to a situation lead to it again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring import making
from tests.support.explored import found


def test_the_steps_to_a_node_lead_there_again() -> None:
    def branches(session: Session) -> None:
        session.channel.answer()
        key = session.channel.get_digits("menu", regexp="[12]", tries=1)
        session.channel.playback({"1": "one", "2": "two"}.get(key or "", "other"))
        session.channel.playback("goodbye")
        session.channel.hangup()

    exploration = explore(branches, keys="12")
    for node in exploration.nodes:
        call = node.here.script("ivr.py", None, {}).run(branches)
        assert node.situation.prompt is not None
        assert node.situation.prompt in str(call.transcript)
    assert len(exploration.nodes) >= 4


# Sounds that outlast the wait


def takes_a_key(session: Session) -> None:
    if session.channel.get_digits(None, timeout=5) == "1":
        raise LookupError("no such customer")
    session.channel.hangup()


def music_behind_a_key(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("local_stream://moh", block=False)
    takes_a_key(session)


def music_behind_several(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("tone_stream://%(500,500,440);loops=-1", block=False)
    if session.channel.get_digits(None, max=4, regexp="^12?$", tries=2) == "12":
        raise LookupError("no such customer")
    session.channel.hangup()


def a_prompt_that_lasts_longer(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("menu")
    session.channel.playback("menu", block=False)
    if session.channel.get_digits(None, timeout=1) == "1":
        raise LookupError("no such customer")
    session.channel.hangup()


def music_by_command(session: Session) -> None:
    session.channel.answer()
    session.api(f"uuid_broadcast {session.uuid} local_stream://moh")
    takes_a_key(session)


def an_announcement_over_music(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("local_stream://moh", block=False)
    session.api(f"uuid_displace {session.uuid} start /sounds/advert.wav")
    takes_a_key(session)


def music_as_the_prompt(session: Session) -> None:
    session.channel.answer()
    if session.channel.get_digits("local_stream://moh") == "1":
        raise LookupError("no such customer")
    session.channel.hangup()


def music_as_an_application_s_prompt(session: Session) -> None:
    session.channel.answer()
    if session.channel.play_and_get_digits("local_stream://moh", timeout=5) == "1":
        raise LookupError("no such customer")
    session.channel.hangup()


def held(session: Session) -> None:
    session.channel.answer()
    session.channel.execute("park", block=False)
    takes_a_key(session)


def a_key_while_music_plays(session: Session) -> None:
    session.channel.answer()

    @session.channel.on_dtmf("1")
    def agent(digit: str) -> None:
        raise LookupError("no such customer")

    session.channel.playback("local_stream://moh")


def a_key_in_a_bridge(session: Session) -> None:
    session.channel.answer()
    session.channel.execute("bind_meta_app", "2 a s hangup::")

    @session.channel.on_dtmf("1")
    def agent(digit: str) -> None:
        raise LookupError("no such customer")

    session.channel.bridge("user/1000")
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [
        music_behind_a_key,
        music_behind_several,
        a_prompt_that_lasts_longer,
        music_by_command,
        an_announcement_over_music,
        music_as_the_prompt,
        music_as_an_application_s_prompt,
        held,
        a_key_while_music_plays,
        a_key_in_a_bridge,
    ],
    ids=lambda each: each.__name__,
)
def test_keys_are_pressed_while_something_plays(handler: Callable[[Session], None]) -> None:
    exploration = explore(handler, keys="12")
    assert [each for each in exploration.findings if "LookupError" in each.text], str(exploration)
    assert not exploration.astray


def test_music_started_by_the_dialplan_hides_no_key() -> None:
    circumstances = [{"before": [{"displace_session": "/sounds/music.wav"}]}]
    exploration = explore(takes_a_key, keys="12", circumstances=circumstances)
    assert [each for each in exploration.findings if "LookupError" in each.text], str(exploration)


def test_a_sound_repeated_for_ever_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "MANY_STEPS", 100)

    def repeats(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("endless_playback", "music")
        session.channel.hangup()

    exploration = explore(repeats, keys="1")
    assert found(exploration) == ["no-exit"]
