"""The steps to a situation lead to it again."""

from __future__ import annotations

from eslsync import Session
from simulator import explore


def test_the_steps_to_a_node_lead_there_again() -> None:
    def branches(session: Session) -> None:
        session.channel.answer()
        key = session.channel.get_digits("menu", valid="[12]", tries=1)
        session.channel.playback({"1": "one", "2": "two"}.get(key or "", "other"))
        session.channel.playback("goodbye")
        session.channel.hangup()

    exploration = explore(branches, keys="12")
    for node in exploration.nodes:
        call = node.here.script("ivr.py", None, {}).run(branches)
        assert node.situation.prompt is not None
        assert node.situation.prompt in str(call.transcript)
    assert len(exploration.nodes) >= 4
