"""Volume and muting: media bugs with events of their own (recordings 35e, 35q)."""

from __future__ import annotations

from eslsync import Event, Session
from simulator import FreeSwitch


def test_a_muted_channel_has_a_bug_until_it_hears_again() -> None:
    events: list[str] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        for name in ("MEDIA_BUG_START", "MEDIA_BUG_STOP"):
            session.on(name, lambda event: note(session, event))
        channel.execute("set_mute", "read true")
        channel.execute("set_audio_level", "write 2")  # the same bug
        assert session.api(f"uuid_buglist {session.uuid}").count("<function>audio") == 1
        assert session.api(f"uuid_audio {session.uuid} start read mute 0") == "+OK"
        channel.execute("set_audio_level", "write 0")
        channel.sleep(100)
        assert session.api(f"uuid_buglist {session.uuid}") == "<media-bugs>\n</media-bugs>"
        channel.hangup()

    def note(session: Session, event: Event) -> None:
        events.append(f"{event.name} {event['Media-Bug-Target']}")

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert events == ["MEDIA_BUG_START mute", "MEDIA_BUG_STOP mute"]
