"""The two lines of FreeSWITCH that the simulated switch can be."""

from __future__ import annotations

import pytest

from eslsync import CommandError, Hangup, Session
from simulator import FreeSwitch, NotModelled, Refused
from simulator.model.versions import CHANGES, recorded_version
from tests.support.cases import for_each
from tests.support.model_call import ModelCall
from tests.support.places import ROOT


def answers(*commands: str, **switch: object) -> list[str]:
    """What api commands print."""
    got: list[str] = []

    def handler(session: Session) -> None:
        for command in commands:
            try:
                got.append(session.api(command))
            except CommandError as error:
                got.append(error.text)

    with FreeSwitch(**switch) as made:  # type: ignore[arg-type]
        made.call(handler).wait()
    return got


@pytest.mark.parametrize(
    ("version", "build"), [("1.10", "1.10.12-release"), ("1.11", "1.11.3-dev")]
)
def test_a_switch_names_its_version(version: str, build: str) -> None:
    said, status = answers("version", "status", version=version)
    assert said == f"FreeSWITCH Version {build}~64bit ( 64bit)"
    assert f"FreeSWITCH (Version {build}  64bit) is ready" in status


def test_the_newest_line_is_the_default() -> None:
    assert answers("version") == answers("version", version="1.11")


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"version is one of 1\.10 and 1\.11, not '1\.12'"):
        FreeSwitch(version="1.12")


@for_each(
    ("text", "build", "is_pcre2"),
    [
        ("FreeSWITCH 1.10.12", "1.10.12-release", False),
        ("FreeSWITCH 1.11.3-dev", "1.11.3-dev", True),
        ("FreeSWITCH 1.11.2", "1.11.2-release", True),
        ("FreeSWITCH 1.8.7", "1.8.7-release", False),
        ("FreeSWITCH 2.0.1", "2.0.1-release", True),
        ("unknown", "1.11.3-dev", True),
    ],
)
def test_a_recording_is_served_by_the_line_it_was_made_of(
    text: str, build: str, is_pcre2: bool
) -> None:
    version = recorded_version(text)
    assert version.build == build
    assert (version.name == "1.11") is is_pcre2


def test_the_page_lists_all_that_differs() -> None:
    page = (ROOT / "docs/internals/conformance.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for each in CHANGES:
        proof = each.proof if each.modelled else f"{each.proof}; not modelled"
        assert f"| {each.what} | {each.before} | {each.after} | {proof} |" in rows


def test_an_unknown_escape_is_a_character_to_pcre_and_an_error_to_pcre2() -> None:
    allowed = [r"the expression '\\y'"]
    assert answers(r"regex y|\y", version="1.10") == ["true"]
    assert answers(r"regex y|\y", version="1.11", allow_unmodelled=allowed) == ["false"]
    with pytest.raises(Refused, match=r"unrecognized character follows \\"):
        answers(r"regex y|\y", version="1.11")


def test_more_than_nine_groups_match_on_1_11_only() -> None:
    command = f"regex {'a' * 10}|{'(a)' * 10}|$10"
    assert answers(command, version="1.10") == ["a" * 10]  # the text, as it does not match
    assert answers(command, version="1.11") == ["a"]


@pytest.mark.parametrize(
    ("switch", "captured"),
    [("FreeSWITCH 1.10.12", "c"), ("FreeSWITCH 1.11.3-dev", "ARRAY::ac|:a|:c")],
)
def test_capture_leaves_out_a_group_that_is_not_set(switch: str, captured: str) -> None:
    call = ModelCall(version=recorded_version(switch)).answered()
    call.execute("capture", "got|ac|(a)(b)?(c)")
    call.wait(1)
    assert call.variable("got") == captured


def test_what_is_not_in_the_allowlist_hangs_up_or_is_not_found() -> None:
    listed = ["mod_event_socket", "mod_dptools.ANSWER", "mod_commands.uuid_getvar.api"]
    got: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        got.append(str(session.channel.get_variable("caller_id_number")))
        with pytest.raises(CommandError) as refused:
            session.api("status")
        got.append(refused.value.text)
        with pytest.raises(Hangup):
            session.channel.playback("ivr/ivr-welcome")

    with FreeSwitch(interface_allowlist=listed) as switch:
        call = switch.call(handler)
        call.wait()
        assert call.cause == "DESTINATION_OUT_OF_ORDER"
        assert call.unknown_applications == ["playback"]
    assert got == ["1001", "-ERR status Command not found!"]


def test_without_its_module_in_the_allowlist_no_call_reaches_its_app() -> None:
    with FreeSwitch(interface_allowlist=["mod_dptools", "mod_commands"]) as switch:
        call = switch.call(lambda session: None)
        call.wait()
        assert call.cause == "DESTINATION_OUT_OF_ORDER"


def test_1_10_has_no_allowlist() -> None:
    with pytest.raises(ValueError, match=r"1\.10 knows no interface_allowlist"):
        FreeSwitch(version="1.10", interface_allowlist=["mod_dptools"])


@pytest.mark.parametrize("length", [-1, 16 * 1024 * 1024 + 1])
def test_1_11_closes_on_a_body_out_of_bounds(length: int) -> None:
    call = ModelCall().answered()
    call.send("sendmsg", f"Content-Length: {length}")
    call.wait(30)
    assert call.closed_at is not None


def test_1_10_takes_a_length_below_0_for_none() -> None:
    call = ModelCall(version=recorded_version("FreeSWITCH 1.10.12")).answered()
    assert call.send("sendmsg", "Content-Length: -1") == "+OK"


def test_tts_files_play_on_1_11_only() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("playback", "tts://flite|slt|Good morning")

    with FreeSwitch(speech_engines=["flite"]) as switch:
        call = switch.call(handler)
        call.hear("tts://flite|slt|Good morning")
        call.wait()
        assert 1 < call.duration < 2
    with pytest.raises(Refused, match=r"tts://"), FreeSwitch(version="1.10") as switch:
        switch.call(handler).wait()
    with pytest.raises(NotModelled, match=r"speech_engines"), FreeSwitch() as switch:
        switch.call(handler).wait()


def test_commands_and_modules_that_came_or_went() -> None:
    assert answers("reloadcert", "xml_radius_debug", version="1.11") == [
        "+OK cert reload event sent",
        "-ERR xml_radius_debug Command not found!",
    ]
    assert answers("reloadcert", version="1.10") == ["-ERR reloadcert Command not found!"]
