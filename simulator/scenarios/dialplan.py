"""The dialplan that a user's switch needs: a context whose numbers say what they do.

`context` writes it as one file, to be copied into the switch's configuration; `far_ends` and
`extensions` say of the same numbers, in the words of a recording, what they do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from .scenario import Pairs, Scenario

__all__ = ["CONTEXT", "NUMBERS", "context", "extensions", "far_ends", "number_of", "phrases"]

CONTEXT = "eslsync"

ANSWER = ("answer", "")
RING = ("ring_ready", "")
BYE = ("hangup", "NORMAL_CLEARING")
SILENCE = ("playback", "silence_stream://-1")
#: What the far end hears while it plays that ends it.
UNTIL_STAR = {"hangs_up_on": "*"}
#: A key doesn't end a sleep.
DEAF = ("set", "sleep_eat_digits=true")


@dataclass(frozen=True)
class Number:
    """What a number does: its applications, in which ``$1`` is a group of its pattern.

    ``far_end`` says the same of a far end that is called by it, in the words of a recording; None
    if they have none for it.
    """

    applications: Pairs
    far_end: Callable[[re.Match[str]], dict[str, Any]] | None = None


def _seconds(milliseconds: str) -> float:
    return int(milliseconds) / 1000


#: The numbers, by regular expression. Their own numbers are milliseconds.
NUMBERS: dict[str, Number] = {
    r"^hold$": Number((ANSWER, SILENCE), lambda dialled: {"answers_after": 0, **UNTIL_STAR}),
    r"^park$": Number((ANSWER, ("park", ""))),
    r"^bye(\d+)$": Number(
        (DEAF, ANSWER, ("sleep", "$1"), BYE),
        lambda dialled: {"answers_after": 0, "hangs_up_after": _seconds(dialled[1])},
    ),
    r"^busy$": Number((("hangup", "USER_BUSY"),), lambda dialled: {"rejects": "USER_BUSY"}),
    r"^reject-([A-Z_]+)$": Number((("hangup", "$1"),), lambda dialled: {"rejects": dialled[1]}),
    r"^noanswer$": Number(
        (RING, ("sleep", "3600000")), lambda dialled: {"rings": True, "answers_after": None}
    ),
    r"^ring(\d+)$": Number(
        (RING, ("sleep", "$1"), ANSWER, SILENCE),
        lambda dialled: {"rings": True, "answers_after": _seconds(dialled[1]), **UNTIL_STAR},
    ),
    r"^ring(\d+)bye(\d+)$": Number(
        (DEAF, RING, ("sleep", "$1"), ANSWER, ("sleep", "$2"), BYE),
        lambda dialled: {
            "rings": True,
            "answers_after": _seconds(dialled[1]),
            "hangs_up_after": _seconds(dialled[2]),
        },
    ),
    r"^early(\d+)$": Number((("pre_answer", ""), ("sleep", "$1"), ANSWER, SILENCE)),
    r"^press-(\d+)-([0-9*#A-D]+)$": Number(
        (ANSWER, ("sleep", "$1"), ("send_dtmf", "$2@200"), SILENCE),
        lambda dialled: {
            "answers_after": 0,
            "presses": [[_seconds(dialled[1]), dialled[2]]],
            **UNTIL_STAR,
        },
    ),
    r"^talk(\d+)-(\d+)$": Number(
        (
            ANSWER,
            ("playback", "silence_stream://$1"),
            ("playback", "tone_stream://%($2,0,500)"),
            SILENCE,
        )
    ),
}

#: The options of the application socket, for which there is a number.
SOCKETS = ("async full", "async", "full", "")

TO_US = re.compile(rf"loopback/([^/\s,|:\]\}}]+)/{CONTEXT}\b")


def number_of(scenario: Scenario, port: int) -> str:
    """The number that is dialled to reach an app at that port."""
    if scenario.before or scenario.after:
        return f"{_stem(scenario)}-{port}"
    return "-".join(["socket", str(port), *scenario.socket.split()])


def extensions(scenario: Scenario, sent: str) -> dict[str, list[list[str]]]:
    """Our extensions that the text of a scenario's commands names, as a recording has them."""
    ours = {pattern: number.applications for pattern, number in NUMBERS.items()}
    words = set(re.findall(r"[\w#*-]+", sent))
    return {
        pattern: [list(pair) for pair in pairs]
        for pattern, pairs in {**ours, **scenario.dialplan}.items()
        if any(re.search(pattern, word) for word in words)
    }


def far_ends(scenario: Scenario, sent: str) -> dict[str, dict[str, Any]]:
    """The far ends in our context that the text of a scenario's commands calls."""
    found: dict[str, dict[str, Any]] = {}
    for match in TO_US.finditer(sent):
        found.setdefault(match[0], _far_end(scenario, match[1]))
    return found


def _far_end(scenario: Scenario, dialled: str) -> dict[str, Any]:
    own = {pattern: Number(pairs) for pattern, pairs in scenario.dialplan.items()}
    for pattern, number in {**NUMBERS, **own}.items():
        match = re.search(pattern, dialled)
        if match is not None and number.far_end is not None:
            return number.far_end(match)
        if match is not None:
            return {
                "dialplan": [[name, _filled(data, match)] for name, data in number.applications]
            }
    return {"no_route": True}


def context(scenarios: Iterable[Scenario] = (), listen: str = "127.0.0.1") -> str:
    """The context as a file for the switch's folder ``dialplan``.

    It has the numbers above, and those that ``scenarios`` need beside them. The app is reached at
    the address ``listen``.
    """
    lines = [
        "<include>",
        "  <!-- Written by eslsync record-switch. Calls enter this context only by its name. -->",
        f"  <context name={quoteattr(CONTEXT)}>",
    ]
    for options in SOCKETS:
        pattern = "-".join(["^socket", r"(\d+)", *options.split()]) + "$"
        lines += _extension(pattern, (("socket", f"{listen}:$1 {options}".rstrip()),))
    for pattern, number in NUMBERS.items():
        lines += _extension(pattern, number.applications)
    for scenario in scenarios:
        if scenario.before or scenario.after:
            socket = ("socket", f"{listen}:$1 {scenario.socket}".rstrip())
            pairs = (*scenario.before, socket, *scenario.after)
            lines += _extension(rf"^{re.escape(_stem(scenario))}-(\d+)$", pairs)
        for pattern, pairs in scenario.dialplan.items():
            if pattern not in NUMBERS:
                lines += _extension(pattern, pairs)
    return "\n".join([*lines, "  </context>", "</include>"])


def phrases(scenarios: Iterable[Scenario]) -> str:
    """The phrase macros of scenarios as a file for the switch's folder ``lang/en/demo``."""
    lines = ["<include>", "  <!-- Written by eslsync record-switch. -->"]
    for name, pairs in {name: each for s in scenarios for name, each in s.phrases.items()}.items():
        lines += [
            f"  <macro name={quoteattr(name)}>",
            '    <input pattern="^(.*)$">',
            "      <match>",
            *(
                f"        <action function={quoteattr(function)} data={quoteattr(data)}/>"
                for function, data in pairs
            ),
            "      </match>",
            "    </input>",
            "  </macro>",
        ]
    return "\n".join([*lines, "</include>"])


def _extension(pattern: str, pairs: Pairs) -> list[str]:
    name = re.sub(r"\W+", "-", pattern).strip("-")
    return [
        f"    <extension name={quoteattr(name)}>",
        f'      <condition field="destination_number" expression={quoteattr(pattern)}>',
        *(
            f"        <action application={quoteattr(app)} data={quoteattr(data)}/>"
            for app, data in pairs
        ),
        "      </condition>",
        "    </extension>",
    ]


def _stem(scenario: Scenario) -> str:
    """A scenario's name, as a number may have it."""
    return re.sub(r"[^\w-]", "_", scenario.name, flags=re.ASCII)


def _filled(data: str, match: re.Match[str]) -> str:
    """An application's data, with the number's groups in place of ``$1`` and so on."""
    return re.sub(r"\$(\d)", lambda group: match[int(group[1])], data)
