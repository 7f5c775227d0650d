"""Files of the switch: mod_dptools.c, mkdir_function and rename_function."""

from __future__ import annotations

from pathlib import Path

from eslsync import Session
from simulator import FreeSwitch


def test_a_recording_is_played_under_its_new_name(tmp_path: Path) -> None:
    old, new = f"{tmp_path}/new/old.wav", f"{tmp_path}/new/new.wav"

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.execute("mkdir", f"{tmp_path}/new")
        channel.record(old, limit=5)
        channel.execute("rename", f"{old} {new}")
        channel.playback(new)
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(20.0)
        call.wait()
    assert call.heard == [new]
    assert 10.0 < call.duration < 13.0  # both took about five seconds
    assert not (tmp_path / "new").exists()  # the test machine's disk isn't touched
