"""Media bugs fire an event when they start and when they stop."""

from __future__ import annotations

from simulator.model.media_bugs import MediaBug, remove_all, stop_bugs
from tests.support.model_call import ModelCall


def told(call: ModelCall) -> list[str]:
    return [
        f"{event.name} {event.get('Media-Bug-Target')}"
        for event in call.events("MEDIA_BUG_START", "MEDIA_BUG_STOP")
    ]


def test_a_bug_is_removed_once_and_says_so_to_whoever_began_it() -> None:
    call = ModelCall().answered()
    stopped: list[str] = []
    bug = MediaBug(call.channel, "session_record", "a.wav", lambda: stopped.append("a.wav"))
    bug.stop()
    bug.stop()
    assert told(call) == ["MEDIA_BUG_START a.wav", "MEDIA_BUG_STOP a.wav"]
    assert stopped == ["a.wav"]


def test_bugs_removed_together_stop_in_reverse_order() -> None:
    call = ModelCall().answered()
    for target in ("a.wav", "b.wav"):
        MediaBug(call.channel, "session_record", target)
    remove_all(list(call.channel.bugs))
    assert told(call)[2:] == ["MEDIA_BUG_STOP b.wav", "MEDIA_BUG_STOP a.wav"]
    assert call.channel.bugs == []


def test_bugs_are_stopped_by_function_and_by_target() -> None:
    call = ModelCall().answered()
    MediaBug(call.channel, "session_record", "a.wav")
    MediaBug(call.channel, "session_record", "b.wav")
    MediaBug(call.channel, "displace", "a.wav")
    assert stop_bugs(call.channel, "session_record", "b.wav")
    assert not stop_bugs(call.channel, "session_record", "b.wav")
    assert stop_bugs(call.channel, "session_record", "all")
    assert [bug.function for bug in call.channel.bugs] == ["displace"]
