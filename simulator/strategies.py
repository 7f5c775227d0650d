"""Callers as hypothesis draws them, and shrinks one that finds a fault to the shortest.

    @given(callers(entries=["4711", "0815"]))
    def test_every_caller_is_let_go(caller: Caller) -> None:
        with FreeSwitch() as switch:
            call = switch.call(handler)
            caller.play(call)
            assert call.given_back or "ivr/ivr-goodbye" in call.heard

`explore` makes every call that a handler can have, by looking into it. These callers know nothing
of it: they are for what explore can't see through, and for assertions of your own over many calls.
Needs the extra ``hypothesis``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from eslsync.extras import needs_extra
from eslsync.wire.arguments import are_keys

from .calling.call import Call, CallFailed
from .calling.given import check_seconds, check_text
from .scripts.script import Script
from .scripts.steps import Step

with needs_extra("hypothesis", "simulator.strategies"):
    from hypothesis import strategies as st

__all__ = ["Caller", "callers"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

#: Seconds after which a caller hangs up in any case.
PATIENCE = 600.0
#: Seconds by which pauses differ.
TENTH = 0.1


class Caller:
    """Somebody who calls: what they do, one thing after the other, and then hang up or stay.

    ``steps`` are verbs of `Call`: hear, press, says, say_nothing, and a hangup or wait at the end.
    After ``patience`` seconds they hang up in any case.
    """

    def __init__(self, steps: Sequence[Step], patience: float = PATIENCE) -> None:
        self.steps = tuple(steps)
        self.patience = patience

    def play(self, call: Call) -> None:
        """Be the caller of a call, up to its end and that of its handler.

        What is left to do when the call ends is not done, and a prompt that does not come is waited
        for no longer than `Call.hear` does. Raises what the verbs of `Call` raise: the handler's
        exception, and CallFailed if the handler goes on after the call's end.
        """
        for step in self._all_steps():
            if call.ended:
                return
            try:
                step.play(call)
            except CallFailed as error:
                if not self._goes_on(step, call) or type(error) is not CallFailed:
                    raise
        call.wait()

    @staticmethod
    def _goes_on(step: Step, call: Call) -> bool:
        """True if it is nobody's fault that a step can't be done."""
        has_ended = call.cause is not None
        return step.verb == "hear" or (has_ended and step.verb in DURING)

    def script(self, handler: str | Path) -> Script:
        """The same caller as a script for ``handler``, to keep.

        ``caller.script("ivr.py").dump()`` is YAML.
        """
        return Script(str(handler), [*self._all_steps()])

    def _all_steps(self) -> Iterator[Step]:
        yield Step("hangup_after", {"seconds": self.patience})
        yield from self.steps

    def __repr__(self) -> str:
        return f"Caller: {', '.join(map(said, self.steps))}"


#: What a caller does while the call is up.
DURING = frozenset({"press", "says", "say_nothing"})


def said(step: Step) -> str:
    """What a step is, in words."""
    options = step.options
    asked = " when asked" if options.get("when_asked") else ""
    if step.verb == "hear":
        return f"hears {options['prompt']} begin"
    if step.verb == "press":
        return f"presses {options['digits']}{asked}"
    if step.verb == "says":
        return f"says {options['words']!r}{asked}"
    if step.verb == "say_nothing":
        return f"says nothing for {options['seconds']:g} s"
    return {"hangup": "hangs up", "wait": "stays"}[step.verb]


def callers(
    *,
    keys: str = "0123456789*#",
    entries: Sequence[str] = (),
    answers: Mapping[str, Sequence[str]] = MappingProxyType({}),
    phrases: Sequence[str] = (),
    longest_pause: float = 30.0,
    most: int = 8,
    patience: float = PATIENCE,
) -> st.SearchStrategy[Caller]:
    """Draw callers, who do at most ``most`` things and then hang up or stay.

    They press one of ``keys``, or one of ``entries``, which are several keys in a row (PINs, say,
    and numbers); wait for a prompt in ``answers``, and press one of the entries that it has there;
    say one of ``phrases``; and say nothing for up to ``longest_pause`` seconds. They press and
    speak when asked, or at once, as people do who type ahead. They hang up after ``patience``
    seconds in any case, so that each call ends. Shrinks to fewer things, to earlier ones in these
    lists, and to shorter pauses.

    Raises ValueError for keys that no telephone has, and TypeError.
    """
    if not isinstance(keys, str):
        raise TypeError(f"callers: keys is a text, such as '12*', not {keys!r}")
    for entry in (*keys, *entries, *itertools.chain(*answers.values())):
        if not isinstance(entry, str) or not are_keys(entry):
            raise ValueError(f"callers: keys are 0-9, *, # and A-D, not {entry!r}")
    for text in (*phrases, *answers):
        check_text("callers: phrases and answers", text)
    check_seconds("callers: longest_pause", longest_pause)
    check_seconds("callers: patience", patience)
    things: list[st.SearchStrategy[list[Step]]] = [
        asked("press", "digits", each) for each in (entries, keys) if each
    ]
    things += [
        asked("press", "digits", each).map(partial(after, prompt))
        for prompt, each in answers.items()
        if each
    ]
    if phrases:
        things.append(asked("says", "words", phrases))
    if longest_pause >= TENTH:
        tenths = st.integers(1, int(longest_pause / TENTH))
        things.append(
            tenths.map(lambda each: [Step("say_nothing", {"seconds": round(each * TENTH, 1)})])
        )
    ends = st.sampled_from([Step("wait"), Step("hangup")])
    done = st.lists(st.one_of(things), max_size=most) if things else st.just([])
    return drawn(done, ends, patience)


@st.composite
def drawn(
    draw: st.DrawFn,
    done: st.SearchStrategy[list[list[Step]]],
    ends: st.SearchStrategy[Step],
    patience: float,
) -> Caller:
    """Draw what is done, and the end. (Composite, so that hypothesis shows a caller's own repr.)"""
    return Caller((*itertools.chain(*draw(done)), draw(ends)), patience)


def asked(verb: str, option: str, values: Sequence[str]) -> st.SearchStrategy[list[Step]]:
    """Draw a verb with one of the values; when asked, or at once."""

    def steps(value: str, when_asked: bool) -> list[Step]:
        options: Mapping[str, object] = {option: value}
        return [Step(verb, {**options, "when_asked": True} if when_asked else options)]

    return st.builds(steps, st.sampled_from(values), st.sampled_from([True, False]))


def after(prompt: str, steps: list[Step]) -> list[Step]:
    """The same, once a prompt has begun."""
    return [Step("hear", {"prompt": prompt, "start": True}), *steps]
