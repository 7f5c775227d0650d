"""Channel variables: set, read, and as a mapping."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Channel, CommandError
from tests.support.asking import ask, recorded_words, session_of, words_of
from tests.support.evidence import stands_on

AWKWARD = [
    "bar baz",
    "héllo wörld 100% & a=b;c",
    "${uuid} $${domain} \\n",
    "O'Brien, 'n Co",
    "a|b,c;d~e!f#g",
    "back\\slash\\",
    " blanks around ",
    '{"id": 5, "to": ["a", {}]}',
    "one\ntwo\r\n\n three\n",
    "execute-app-arg: x\n\nsendmsg\ncall-command: hangup\n\n",
    "x" * 5000,
]


@stands_on("11h_set_export_setvar", "set")
@stands_on("mod_commands.c, uuid_getvar_function", "get_variable")
@pytest.mark.parametrize("value", AWKWARD)
def test_a_variable_is_read_as_it_was_set(value: str) -> None:
    def question(channel: Channel) -> list[str | None]:
        channel.set("x", value)
        return [channel.get_variable("x"), channel.variables["x"]]

    assert ask(question).value == [value, value]


@stands_on("11h_set_export_setvar", "multiset")
@pytest.mark.parametrize("value", [each for each in AWKWARD if each])
def test_set_takes_several_variables_at_once(value: str) -> None:
    def question(channel: Channel) -> list[str | None]:
        channel.multiset({"one": "1", "x": value, "two": "2"})
        return [channel.get_variable(name) for name in ("one", "x", "two")]

    assert ask(question).value == ["1", value, "2"]


@stands_on("11h_set_export_setvar", "multiset")
def test_multiset_uses_a_separator_as_recorded() -> None:
    [data] = [" ".join(recorded_words("11h", "multiset"))]
    assert data == "m1=a m2=b"

    def question(channel: Channel) -> None:
        channel.multiset({"m1": "a", "m2": "b"})

    assert words_of("multiset", question) == ["m1=a", "m2=b"]


@stands_on("11h_set_export_setvar", "unset")
def test_an_unset_variable_is_none() -> None:
    def question(channel: Channel) -> list[str | None]:
        channel.set("foo", "bar")
        before = channel.get_variable("foo")
        channel.unset("foo")
        return [before, channel.get_variable("foo"), channel.variables.get("foo")]

    assert ask(question).value == ["bar", None, None]
    assert words_of("unset", question) == recorded_words("11h", "unset")


@stands_on("11h_set_export_setvar", "set")
def test_an_empty_value_unsets() -> None:
    def question(channel: Channel) -> str | None:
        channel.set("foo", "bar")
        channel.set("foo", "")
        return channel.get_variable("foo")

    assert ask(question).value is None


@stands_on("11h_set_export_setvar", "export")
def test_an_exported_variable_is_written_as_recorded() -> None:
    assert words_of("export", lambda channel: channel.export("exp1", "val1")) == (
        recorded_words("11h", "export", 0)
    )
    assert words_of("export", lambda c: c.export("exp2", "val2", nolocal=True)) == (
        recorded_words("11h", "export", 1)
    )


@stands_on("11h_set_export_setvar", "export")
def test_an_exported_variable_is_set_on_the_channel_too() -> None:
    def question(channel: Channel) -> str | None:
        channel.export("tenant", "acme & $1 {x}")
        return channel.get_variable("tenant")

    assert ask(question).value == "acme & $1 {x}"


@stands_on("11h_set_export_setvar", "push")
def test_pushed_values_become_an_array() -> None:
    def question(channel: Channel) -> list[str]:
        told: list[list[str]] = []

        @channel.on("CHANNEL_EXECUTE_COMPLETE")
        def note(event: object) -> None:
            told.append(channel.leg.known.get_all("variable_arr"))

        channel.push("arr", "one")
        channel.push("arr", "two, ${uuid}")
        return told[-1]

    assert ask(question).value == ["one", "two, ${uuid}"]
    assert words_of("push", lambda channel: channel.push("arr", "one")) == (
        recorded_words("11h", "push")
    )


@stands_on("14f_long_values", "set")
def test_getvar_cuts_a_long_value_and_get_variable_does_not() -> None:
    def question(channel: Channel) -> list[int]:
        channel.set("big", "y" * 2000)
        session = session_of(channel)
        return [
            len(session.getvar("big") or ""),
            len(channel.get_variable("big") or ""),
        ]

    assert ask(question).value == [511, 2000]


@stands_on("mod_commands.c, uuid_getvar_function", "get_variable")
def test_an_unset_variable_reads_as_none() -> None:
    assert ask(lambda channel: channel.get_variable("nobody_set_it")).value is None


@stands_on("12j_getvar", "hangup")
def test_a_variable_can_be_asked_after_the_hangup() -> None:
    def question(channel: Channel) -> str | None:
        channel.hangup("USER_BUSY")
        return channel.get_variable("hangup_cause")

    assert ask(question).value == "USER_BUSY"


@stands_on("11h_set_export_setvar", "set", "unset")
def test_variables_are_a_mapping() -> None:
    def question(channel: Channel) -> list[object]:
        variables = channel.variables
        variables["a"] = "1"
        found = [variables["a"], "a" in variables, dict(variables)["a"], "a" in list(variables)]
        del variables["a"]
        return [*found, "a" in variables, len(variables) > 10, variables.get("a")]

    assert ask(question).value == ["1", True, "1", True, False, True, None]


@stands_on("11h_set_export_setvar", "set")
def test_variables_that_came_with_the_call_are_there_at_once() -> None:
    def question(channel: Channel) -> list[str | None]:
        channel.set("other", "y")
        return [channel.variables["tenant"], channel.variables["TENANT"]]

    assert ask(question, variables={"tenant": "acme"}).value == ["acme", "acme"]


@stands_on("11h_set_export_setvar", "set")
@pytest.mark.parametrize("name", ["", "a=b", "a b", "a\nb", "${uuid}"])
def test_an_invalid_name_is_refused_before_anything_is_sent(name: str) -> None:
    def question(channel: Channel) -> None:
        attempts: list[Callable[[], object]] = [
            lambda: channel.set(name, "x"),
            lambda: channel.unset(name),
            lambda: channel.export(name, "x"),
            lambda: channel.push(name, "x"),
            lambda: channel.multiset({name: "x"}),
            lambda: channel.get_variable(name),
        ]
        for refused in attempts:
            with pytest.raises(ValueError, match=r"not a variable's name"):
                refused()
        channel.set("x", "y")

    ask(question)


@stands_on("11h_set_export_setvar", "set")
def test_a_value_that_freeswitch_cannot_have_is_refused() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match="NUL"):
            channel.set("x", "nul\0")
        channel.set("x", "y")

    ask(question)


@stands_on("11h_set_export_setvar", "set", "multiset", "export", "push")
@stands_on("10b_bridge_answered_far_end_hangs_up", "bridge")
@pytest.mark.parametrize("data", [b"Jos\xe9", b"\xed\xa0\xbd\xed\xb8\x80", b"caf\xc3"])
def test_text_that_is_not_utf_8_is_read_clean_and_sent_back_as_it_came(data: bytes) -> None:
    clean = data.decode("utf-8", "replace")
    leg: list[bytes | None] = []

    def question(channel: Channel) -> list[bytes | None]:
        session = session_of(channel)
        assert session.caller_name == clean
        assert session.context.get_bytes("caller-caller-id-name") == data
        channel.set("a", data)
        read = channel.get_variable("a")
        assert read == channel.variables["a"] == session.getvar("a") == clean
        assert session.api(f"uuid_getvar {channel.uuid} a") == clean
        channel.set("b", read or "")
        channel.multiset({"c": session.caller_name, "d": data})
        channel.export("e", channel.variables["a"])
        channel.push("f", read or "")
        channel.execute("set", b"g=" + data)
        channel.variables["h"] = channel.variables["a"]
        session.on("CHANNEL_ANSWER", lambda event: leg.append(event.variables.get_bytes("i")))
        session.filter("Event-Name", "CHANNEL_ANSWER")
        channel.bridge("user/1000", variables={"i": read or ""}, caller_id_name=session.caller_name)
        return [channel.variables.get_bytes(name) for name in "abcdefgh"]

    talks = {"user/1000": {"answers_after": 1.0, "hangs_up_after": 1.0}}
    asked = ask(question, caller_name=data.decode("utf-8", "surrogateescape"), endpoints=talks)
    assert asked.value == [data] * 8
    assert leg == [data]
    assert asked.call.variable("a") == clean
    for shown in (str(asked.call.transcript), asked.call.ladder(), asked.call.ladder("svg")):
        shown.encode()


@stands_on("11h_set_export_setvar", "set", "export", "push", "multiset")
def test_a_value_may_have_several_lines() -> None:
    value = "text/plain:one\r\n\r\ntwo\n"

    def question(channel: Channel) -> list[str | None]:
        channel.set("a", value)
        channel.export("b", value)
        channel.push("c", value)
        channel.multiset({"d": value, "e": "1"})
        channel.execute("set", f"f={value}")
        channel.variables["g"] = value
        return [channel.get_variable(name) for name in "abcdefg"]

    assert ask(question).value == [value] * 4 + ["1"] + [value] * 2


@stands_on("11h_set_export_setvar", "set")
@pytest.mark.parametrize(
    "name", ["sip_h_X-Tenant", "sip_bye_h_Reason", "SIP_RH_X", "effective_caller_id_name"]
)
def test_no_variable_can_add_a_sip_header(name: str) -> None:
    def question(channel: Channel) -> None:
        value = "a\r\nX-Forged: b"
        attempts: list[Callable[[], object]] = [
            lambda: channel.set(name, value),
            lambda: channel.export(name, value),
            lambda: channel.push(name, value),
            lambda: channel.multiset({name: value}),
        ]
        for refused in attempts:
            with pytest.raises(ValueError, match="line breaks and NUL"):
                refused()
        channel.set("x", value)

    ask(question)


@stands_on("08c_not_full", "hangup")
def test_without_full_getvar_is_used() -> None:
    def question(channel: Channel) -> list[object]:
        channel.set("x", "y")
        with pytest.raises(CommandError, match="full"):
            session_of(channel).api("version")
        return [channel.get_variable("x"), channel.get_variable("nobody_set_it")]

    assert ask(question, socket="async").value == ["y", None]


# hash


@stands_on("28a_hash_db", "hash")
def test_a_value_stored_by_one_call_is_found_by_another() -> None:
    def question(channel: Channel) -> list[str | None]:
        api = session_of(channel).api
        channel.hash("insert", "realm", "key", "value one")
        found: list[str | None] = [api("hash select/realm/key")]
        channel.execute("set", "h=${hash(select/realm/key)}")
        found.append(channel.get_variable("h"))
        channel.hash("delete", "realm", "key")
        found.append(api("hash select/realm/key"))
        return found

    assert ask(question).value == ["value one", "value one", ""]


@stands_on("mod_hash.c, hash_function", "hash")
def test_hash_inserts_only_if_empty_and_deletes_only_if_equal() -> None:
    def question(channel: Channel) -> list[str]:
        api = session_of(channel).api
        channel.hash("insert_ifempty", "vip", "1001", "gold/50%")
        channel.hash("insert_ifempty", "vip", "1001", "silver")
        channel.hash("delete_ifmatch", "vip", "1001", "silver")
        found = [api("hash select/vip/1001")]
        channel.hash("delete_ifmatch", "vip", "1001", "gold/50%")
        channel.hash("insert_ifempty", "vip", "1001", "silver")
        return [*found, api("hash select/vip/1001")]

    assert ask(question).value == ["gold/50%", "silver"]


@stands_on("mod_hash.c, hash_function", "hash")
def test_storing_nothing_is_refused() -> None:
    def question(channel: Channel) -> None:
        for words in (("", "key", "value"), ("realm", "", "value"), ("realm", "key", "")):
            with pytest.raises(ValueError, match="hash: insert needs a realm, a key and a value"):
                channel.hash("insert", *words)
        channel.hash("delete", "realm", "key")  # needs none

    ask(question)
