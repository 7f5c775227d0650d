"""The story of a call."""

from __future__ import annotations

from typing import cast

from eslsync import Session
from simulator import FreeSwitch
from simulator.calling.call import line_of
from simulator.exploring.stories import Happening, HappeningKind, Story, ended, so_far, story_of


def story(*happenings: str) -> Story:
    """A story, each happening written as `hears menu`; `presses 12` is two."""
    found: list[Happening] = []
    for each in happenings:
        words = each.split(" ", 1) if each.split(" ")[0] in WITH_NAMES else [each, ""]
        if words[0] == "presses":
            found += [Happening("presses", key) for key in words[1]]
        else:
            found.append(Happening(cast("HappeningKind", words[0]), words[1]))
    return tuple(found)


WITH_NAMES = ("hears", "presses", "says", "bridged", "transferred")


def office(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.record_session("/tmp/a.wav")
    if channel.get_digits(["press.wav", "digits/1.wav"]) == "1":
        channel.bridge("user/1000")
        channel.playback("goodbye")
        channel.hangup()
    else:
        channel.transfer("2000")


def test_a_story_has_what_the_caller_heard_and_did_in_order() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", answers_after=1.0, hangs_up_after=5.0)
        call = switch.call(office)
        call.hear("digits/1")
        before = so_far(line_of(call))
        call.press("1")
        call.wait()
        told = story_of(line_of(call))
    assert told == (
        *story("answered", "recording", "hears press.wav"),
        Happening("hears", "digits/1.wav", goes_on=True),
        *story("presses 1", "bridged user/1000", "hears goodbye", "recorded"),
    )
    assert before == 4
    assert so_far(line_of(call)) == len(told)
    assert ended("hangup", line_of(call)) == story("hung up by us")


def test_a_transfer_is_told_with_its_extension_and_the_call_is_given_back() -> None:
    with FreeSwitch() as switch:
        call = switch.call(office)
        call.press("2", when_asked=True)
        call.wait()
    assert Happening("transferred", "2000") in story_of(line_of(call))
    assert ended("sent", line_of(call)) == story("given back")
    assert ended("raised", line_of(call)) == ()
