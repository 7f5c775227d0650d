"""The dialplan for a user's switch is one well-formed file, and its numbers do what they say."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from simulator.scenarios.dialplan import (
    CONTEXT,
    NUMBERS,
    context,
    extensions,
    far_ends,
    number_of,
    phrases,
)
from simulator.scenarios.scenario import Close, Scenario
from tests.support.cases import for_each
from tests.support.places import ROOT

PLAIN = Scenario("plain", (Close(),))
OWN = Scenario(
    "own one",
    (Close(),),
    before=(("set", 'a="<b>&'),),
    after=(("hangup", "USER_BUSY"),),
    dialplan={"^sub$": (("set", "sub=1"),)},
    socket="full",
)


def applications(document: str, dialled: str) -> list[tuple[str, str]]:
    """What the file's context executes for a number, as FreeSWITCH reads it."""
    root = ElementTree.fromstring(document)
    [inner] = root
    assert (root.tag, inner.tag, inner.get("name")) == ("include", "context", CONTEXT)
    for extension in inner:
        [condition] = extension
        match = re.search(condition.attrib["expression"], dialled)
        if match is not None:
            return [
                (each.attrib["application"], re.sub(r"\$1", match[1], each.attrib["data"]))
                if match.groups()
                else (each.attrib["application"], each.attrib["data"])
                for each in condition
            ]
    return []


@pytest.mark.parametrize("socket", ["async full", "async", "full", ""])
def test_a_number_leads_to_the_app(socket: str) -> None:
    scenario = Scenario("x", (Close(),), socket=socket)
    dialled = number_of(scenario, 5731)
    found = applications(context(listen="10.0.0.9"), dialled)
    assert found == [("socket", f"10.0.0.9:5731 {socket}".strip())]


def test_a_scenario_with_a_dialplan_of_its_own_has_a_number_of_its_own() -> None:
    assert applications(context([PLAIN, OWN]), number_of(OWN, 5731)) == [
        *OWN.before,
        ("socket", "127.0.0.1:5731 full"),
        *OWN.after,
    ]
    assert applications(context([PLAIN, OWN]), "sub") == [("set", "sub=1")]
    assert applications(context([PLAIN]), "sub") == []


def test_a_number_is_told_as_a_recording_tells_it() -> None:
    sent = "bridge loopback/bye1500/eslsync,loopback/early300/eslsync|loopback/nowhere/eslsync"
    assert far_ends(PLAIN, sent) == {
        "loopback/bye1500/eslsync": {"answers_after": 0, "hangs_up_after": 1.5},
        "loopback/early300/eslsync": {
            "dialplan": [
                ["pre_answer", ""],
                ["sleep", "300"],
                ["answer", ""],
                ["playback", "silence_stream://-1"],
            ]
        },
        "loopback/nowhere/eslsync": {"no_route": True},
    }
    assert far_ends(OWN, "loopback/sub/eslsync") == {
        "loopback/sub/eslsync": {"dialplan": [["set", "sub=1"]]}
    }


def test_only_the_extensions_that_are_named_are_told() -> None:
    assert extensions(PLAIN, "transfer hold XML eslsync") == {
        "^hold$": [["answer", ""], ["playback", "silence_stream://-1"]]
    }
    assert list(extensions(OWN, "execute_extension sub XML eslsync")) == ["^sub$"]


@for_each(
    "dialled",
    [
        *("hold", "park", "bye1", "busy", "reject-CALL_REJECTED", "noanswer"),
        *("ring1", "ring1bye1", "early1", "press-1-2#", "talk1-1"),
    ],
)
def test_each_number_is_in_the_file_once(dialled: str) -> None:
    assert applications(context(), dialled)
    assert sum(re.search(pattern, dialled) is not None for pattern in NUMBERS) == 1


def test_phrase_macros_are_a_file_of_their_own() -> None:
    scenario = Scenario("x", (Close(),), phrases={"hi": (("play-file", "a.wav"), ("say", "en $1"))})
    [macro] = ElementTree.fromstring(phrases([PLAIN, scenario]))
    assert macro.get("name") == "hi"
    actions = [(each.get("function"), each.get("data")) for each in macro.iter("action")]
    assert actions == [("play-file", "a.wav"), ("say", "en $1")]


def test_the_docs_tell_every_number() -> None:
    text = (ROOT / "docs/guides/recorder.md").read_text("utf-8")
    told = [
        each for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for each in row.split("`")
    ]
    for pattern in NUMBERS:
        assert any(re.search(pattern, each) for each in told), pattern
