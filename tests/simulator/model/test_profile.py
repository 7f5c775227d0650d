"""Who calls whom, and when, as events list it."""

from __future__ import annotations

from simulator.model.profile import NEVER, Profile, when, who

PROFILE = Profile(
    "a-uuid",
    "loopback/5000-b",
    caller_id_name="Alice",
    caller_id_number="1001",
    orig_caller_id_name="Alice",
    orig_caller_id_number="1001",
    destination_number="5000",
)


def listed(profile: Profile, prefix: str = "Caller") -> dict[str, str]:
    return {name: value for block in who(profile[:-1], prefix) for name, value in block.headers}


def test_unknown_fields_are_not_listed() -> None:
    headers = listed(PROFILE)
    assert headers["Caller-Caller-ID-Number"] == "1001"
    assert headers["Caller-Destination-Number"] == "5000"
    assert "Caller-Callee-ID-Number" not in headers
    assert "Caller-RDNIS" not in headers
    assert headers["Caller-Privacy-Hide-Name"] == "false"


def test_who_called_at_first_is_listed_only_with_a_caller() -> None:
    assert listed(PROFILE)["Caller-Orig-Caller-ID-Name"] == "Alice"
    nobody = PROFILE._replace(caller_id_name="", caller_id_number="")
    assert not [name for name in listed(nobody) if "Orig" in name]


def test_every_time_is_listed_in_microseconds_and_0_until_it_has_come() -> None:
    headers = dict(when(NEVER._replace(answered=1_767_603_600_000_000), "Other-Leg").headers)
    assert headers.pop("Other-Leg-Channel-Answered-Time") == "1767603600000000"
    assert set(headers.values()) == {"0"}
    assert len(headers) == len(NEVER) - 1
