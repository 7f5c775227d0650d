"""The headers that describe a channel follow its state."""

from __future__ import annotations

from eslsync import Event, Session
from simulator import FreeSwitch
from simulator.model.events import DESCRIBING
from tests.support.model_call import ModelCall


def test_each_event_describes_the_channel_as_it_is_then() -> None:
    told: list[tuple[str, str, str]] = []

    def handler(session: Session) -> None:
        channel = session.channel

        @channel.on("ALL")
        def note(event: Event) -> None:
            told.append((event.name, event["Answer-State"], event["Caller-Caller-ID-Number"]))

        channel.execute("set_profile_var", "caller_id_number=4711")
        channel.answer()
        channel.hangup()
        channel.wait("CHANNEL_HANGUP_COMPLETE")

    with FreeSwitch() as switch:
        switch.call(handler, caller="1001").wait()
    assert ("CHANNEL_EXECUTE", "ringing", "1001") in told
    assert ("CHANNEL_EXECUTE_COMPLETE", "ringing", "4711") in told
    assert ("CHANNEL_ANSWER", "answered", "4711") in told
    assert ("CHANNEL_HANGUP", "hangup", "4711") in told


def test_a_field_that_a_program_adds_to_the_profile_can_be_filtered_by() -> None:
    heard: list[str] = []

    def handler(session: Session) -> None:
        session.channel.execute("set_profile_var", "desk=7")
        session.send("filter delete unique-id")
        session.send("filter desk 7")
        session.channel.on("CHANNEL_ANSWER")(lambda event: heard.append(event["desk"]))
        session.channel.answer()

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert heard == ["7"]


def test_all_headers_that_describe_a_channel_begin_alike() -> None:
    leg = ModelCall().channel
    leg.set("presence_id", "1001@example.com")
    leg.other_type, leg.other_profile = "originatee", leg.profile
    leg.hangup_cause = "NORMAL_CLEARING"
    names = [name for block in leg.blocks(variables=True) for name, _ in block.headers]
    assert [name for name in names if not name.lower().startswith(DESCRIBING)] == []
