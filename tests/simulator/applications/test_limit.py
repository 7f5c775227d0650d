"""Limits: recordings 21u, 21v; mod_hash.c and mod_db.c, their SWITCH_LIMIT_INCR."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.model.channel import Channel
from tests.support.model_call import ModelCall


def other(call: ModelCall, argument: str) -> Channel:
    channel = call.incoming()
    channel.run_extension([("limit", argument), ("park", "")])
    channel.start()
    call.wait(0.1)
    return channel


def api(call: ModelCall, command: str) -> str:
    before = len(call.sent)
    call.send(f"api {command}")
    return next(each.body for each in call.sent[before:] if each.lane == "answer")


def test_a_call_beyond_the_limit_goes_elsewhere() -> None:
    call = ModelCall().answered()
    for _ in range(2):  # a channel counts once
        call.execute("limit", "hash realm id 1")
        call.wait(0.1)
        assert call.variable("limit_usage_realm_id") == "1"
    busy = other(call, "hash realm id 1 !USER_BUSY")
    assert busy.hangup_cause == "USER_BUSY"
    lost = other(call, "hash realm id 1")
    assert lost.hangup_cause == "NO_ROUTE_DESTINATION"
    call.channel.caller_hangs_up()
    call.wait(0.1)
    assert other(call, "hash realm id 1 !USER_BUSY").hangup_cause is None


def test_a_limit_can_be_per_interval() -> None:
    call = ModelCall().answered()
    for rate in ("1", "2"):
        call.execute("limit", "hash realm rate 2/5")
        call.wait(0.1)
        assert call.variable("limit_rate") == rate
    call.wait(6.0)
    call.execute("limit", "hash realm rate 2/5")
    call.wait(0.1)
    assert call.variable("limit_rate") == "1"
    assert api(call, "limit_usage hash realm rate rate") == "1/1"
    assert api(call, "limit_interval_reset hash realm rate") == "+OK"
    assert api(call, "limit_hash_usage realm rate rate") == "1/0"
    for _ in range(3):
        call.execute("limit", "hash realm rate 2/5 !USER_BUSY")
        call.wait(0.1)
    assert call.channel.hangup_cause == "USER_BUSY"


def test_limits_can_be_used_by_api() -> None:
    call = ModelCall().answered()
    uuid = call.channel.uuid
    assert api(call, f"uuid_limit {uuid} db realm id 3") == "+OK"
    assert call.variable("limit_max") == "3"
    assert api(call, "limit_usage realm id") == "1"
    assert api(call, "limit_status db") == "Tracking 1 resources for db."
    assert api(call, f"uuid_limit_release {uuid} db realm id") == "+OK"
    assert api(call, "limit_usage db realm id") == "0"
    assert api(call, "uuid_limit nobody db realm id").startswith("-ERR")
    assert api(call, "limit_reset db") == "+OK"
    for command in ("limit_usage", "uuid_limit", "uuid_limit_release", "limit_status"):
        assert api(call, command).startswith("USAGE")


def test_a_limit_fires_events_and_applications_can_depend_on_it() -> None:
    call = ModelCall().answered()
    call.execute("limit_execute", "hash realm id 1 playback welcome")
    call.wait(3.0)
    assert [heard.prompt for heard in call.channel.heard] == ["welcome"]
    [told] = [each for each in call.events("CUSTOM") if each.get("usage")]
    assert (told.get("backend"), told.get("key"), told.get("usage")) == ("hash", "id", "1")


@pytest.mark.parametrize(("setting", "used"), [("", "0"), ("limit_ignore_transfer=true", "1")])
def test_a_transfer_ends_a_limit_unless_it_is_to_be_ignored(setting: str, used: str) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("multiset", f"a=b {setting}")
        session.channel.execute("limit", "hash realm name 5")
        session.channel.execute("transfer", "9")

    def other(session: Session) -> None:
        session.channel.answer()
        usage.append(session.api("limit_usage hash realm name").strip())

    usage: list[str] = []
    with FreeSwitch(extensions={"^9$": [("sleep", "20000")]}) as switch:
        switch.call(handler).expect("sleep")
        switch.call(other).wait()
    assert usage == [used]
