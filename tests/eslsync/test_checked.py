"""Arguments of a wrong type are refused in a sentence that names the parameter, and what came."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from os import PathLike
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from eslsync import Channel, Execution, HangupCause, Job, Outbound, Recognition, Session
from eslsync.checked import checked, renamed
from simulator import Call, FreeSwitch, explore, replay, sweep
from simulator.calling.far_end import FarEnd
from tests.support.cases import for_each


async def awaited(argument: object) -> bool:
    return True


#: One value of each kind, and the words of an annotation that means it.
KINDS: dict[str, tuple[object, str]] = {
    "a number for text": (1, "int float"),
    "a fraction": (1.5, "float"),
    "None": (None, "None"),
    "bytes": (b"1", "bytes"),
    "a list": ([1], "Sequence Iterable Collection Expected Files App"),
    "a mapping": ({"a": 1}, "Mapping Collection Iterable Expected"),
    "text": (
        "1",
        "str Sequence Expected File Files HangupCause Literal App WhichLeg Format LadderFormat",
    ),
    "a path": (Path("1"), "Path PathLike File Files"),
    "True": (True, "bool"),
    "anything": (object(), ""),
    "an async function": (awaited, ""),
}
#: What every method takes and hands on, and what is checked where its function is called.
ANY = re.compile(r"\b(Any|object|T|CallbackT|HangupCallbackT|HookT|Watcher|Takes|Fails|At)\b|tuple")


def methods(owner: type) -> Iterator[tuple[str, FunctionType]]:
    for name, method in inspect.getmembers(owner, inspect.isfunction):
        if not name.startswith("_"):
            yield name, method


def wrong(parameter: inspect.Parameter) -> Iterator[tuple[str, object]]:
    """Values of the kinds that the parameter does not mean."""
    annotation = str(parameter.annotation)
    words = set(re.findall(r"\w+", annotation))
    if ANY.search(annotation) or parameter.kind is parameter.VAR_KEYWORD:
        return
    for kind, (value, meant) in KINDS.items():
        if kind == "an async function":
            meant = "Callable Handler App Function Expected"  # tests/eslsync/test_callables.py
        if not words & {*meant.split()}:
            yield kind, value


def refusals(function: Callable[..., Any], *before: Any) -> Iterator[str]:
    """What is wrong with how a function refuses values of the wrong kinds."""
    for parameter in [*inspect.signature(function).parameters.values()][len(before) :]:
        for kind, value in wrong(parameter):
            where = f"{function.__qualname__}({parameter.name}=<{kind}>)"
            try:
                if parameter.kind is parameter.VAR_POSITIONAL:
                    function(*before, "lot", "6001", value)
                else:
                    function(*before, **{parameter.name: value})
            except (TypeError, ValueError) as error:
                if parameter.name not in str(error) or len(str(error).split()) < 5:
                    yield f"{where}: {error!r}"
            else:
                yield f"{where} is accepted"


def handler(session: Session) -> None: ...


def test_every_method_refuses_arguments_of_a_wrong_kind() -> None:
    """Before it looks at its object: so there need be none."""
    found = [
        each
        for owner in (Channel, Session, Recognition, Execution, Job, Call, FarEnd)
        for _, method in methods(owner)
        for each in refusals(method, None)
    ]
    assert found == []


def test_so_does_every_function_and_class() -> None:
    with FreeSwitch() as switch:
        found = [
            *refusals(Outbound, handler),
            *refusals(FreeSwitch),
            *refusals(switch.call, handler),
            *refusals(switch.endpoint, "user/1000"),
            *refusals(switch.far_end),
            *refusals(switch.listen),
            *refusals(switch.outside, "time.time"),
            *refusals(explore, handler),
            *refusals(replay),
            *refusals(sweep),
        ]
    assert found == []


@checked
class Shop:
    @renamed(cost="price")
    def sell(
        self,
        article: str,
        *more: str,
        price: float | None = None,
        tags: Collection[str] = (),
        facts: Mapping[str, str | bytes] | None = None,
        file: str | PathLike[str] = "",
        gift: bool = False,
    ) -> str:
        return article


@for_each(
    ("args", "given", "why"),
    [
        ((4711,), {}, "sell: article must be a str, not int: put it in quotes"),
        (("a", "b", None), {}, "sell: more must be a str, not None"),
        ((b"a",), {}, "sell: article must be a str, not bytes: bytes.decode\\(\\) makes a str"),
        ((Path("a"),), {}, "sell: article must be a str, not .*Path: str\\(\\) makes one"),
        (("a",), {"price": True}, "sell: price must be a number of seconds or None, not bool"),
        (("a",), {"tags": "new"}, "sell: tags must be a list, not str: put it in brackets"),
        (("a",), {"tags": ["new", 1]}, "sell: tags: each must be a str, not int"),
        (("a",), {"facts": {"a": 1}}, "sell: facts: a must be a str or bytes, not int"),
        (("a",), {"facts": {1: "a"}}, "sell: facts: a name must be a str, not int"),
        (("a",), {"gift": 1}, "sell: gift must be True or False, not int"),
        (("a",), {"file": Path}, "sell: file must be a str or a path, not the class Path"),
        (("a",), {"cost": 1.0}, "sell: cost is named price now"),
    ],
)
def test_the_sentence_says_what_is_meant(
    args: tuple[Any, ...], given: dict[str, Any], why: str
) -> None:
    with pytest.raises(TypeError, match=why):
        Shop().sell(*args, **given)


def test_what_is_meant_is_taken() -> None:
    given: dict[str, Any] = {"price": 2, "tags": {"new"}, "facts": {"a": b"b"}, "file": Path("x")}
    assert Shop().sell("a", "b", **given, gift=True) == "a"
    assert Shop().sell(HangupCause.USER_BUSY, tags=("a",)) == "USER_BUSY"
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        Shop().sell("a", size=3)  # type: ignore[call-arg]


def test_what_was_taken_before_lets_nothing_else_pass() -> None:
    wrong: list[dict[str, Any]] = [
        {"price": True, "gift": True},
        {"price": 2, "gift": 2},
        {"gift": "a", "price": 2},
        {"gift": 2, "price": True},
    ]
    for given in wrong:
        assert Shop().sell("a", price=2, gift=True) == "a"
        assert Shop().sell("a", gift=True, price=2) == "a"
        with pytest.raises(TypeError, match=r"sell: (price|gift) must be"):
            Shop().sell("a", **given)


def test_a_method_is_itself_to_tools() -> None:
    assert str(inspect.signature(Shop.sell)).startswith("(self, article: 'str', *more: 'str'")
    assert Channel.onDTMF is Channel.on_dtmf
    with pytest.raises(TypeError) as raised:
        Channel.playback(None, 1)  # type: ignore[call-overload]
    assert "playback" in [each.name for each in raised.traceback]


def test_a_method_has_its_name_wherever_tools_look() -> None:
    code = Channel.playback.__code__
    assert code.co_name == "playback"
    if sys.version_info >= (3, 11):
        assert code.co_qualname == "PlayingApplications.playback"
