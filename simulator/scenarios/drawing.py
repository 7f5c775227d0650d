"""Draws random scenarios with hypothesis, from what the model claims to know of FreeSWITCH.

    @given(scenarios())
    def test(scenario): ...

They are conversations of the kinds that production has, in random order: prompts, menus, queues,
ring groups with their variables, hooks, recordings, scheduled things, conferences, calls by others,
transfers, and commands of any kind in odd states; with a share of mistakes. What happens by itself
and what is done are kept apart in time where that is easy, since a race shows nothing.

Every scenario has a key of its own, which is in all its uuids and names: `renamed` gives it another
one, so that several performances on one switch don't meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eslsync.extras import needs_extra

from .scenario import (
    Api,
    App,
    Close,
    Hangup,
    Press,
    Scenario,
    Send,
    Sleep,
    Step,
    Until,
)
from .vocabulary import (
    ANSWER,
    AT_ONCE,
    AWAY,
    CONFERENCE,
    DIGITS,
    FOR_A_WHILE,
    FOR_ALL,
    FOR_ONE,
    MESSAGES,
    NOBODY,
    OF_THE_SWITCH,
    PRESS,
    PROMPTS,
    REFUSE,
    SOCKET,
    SOUNDS,
    TO_A_LEG,
    VARIABLES,
)

with needs_extra("hypothesis", "simulator.scenarios.drawing"):
    from hypothesis import strategies as st

__all__ = ["renamed", "scenarios"]

#: Seconds that a scenario lasts at most, as far as that can be foreseen.
LONGEST = 10.0
#: Seconds between two steps.
PAUSES = (0.26, 0.37, 0.58, 0.89, 1.31)


class Plot:
    """A scenario in the making."""

    def __init__(self, draw: st.DrawFn, key: str) -> None:
        self.draw = draw
        self.key = key
        self.steps: list[Step] = []
        self.legs: list[str] = []
        self.length = 0.0  # seconds, as far as that is known

    # Choosing

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def often(self, tenths: int) -> bool:
        return self.draw(st.integers(0, 9)) < tenths

    def text(self, *choices: str) -> str:
        """One of the texts, with uuids and names in the place of its words."""
        text = self.one_of(*choices).replace("KEY", self.key)
        if "LEG" in text:
            legs = self.legs * 3
            text = text.replace("LEG", self.one_of(*["{{uuid}}"] * 3, *legs, NOBODY))
        return text

    def new_leg(self) -> str:
        self.legs.append(f"{self.key}-0000-4000-8000-{len(self.legs) + 1:012}")
        return self.legs[-1]

    # Adding steps

    def add(self, step: Step, pause: float | None = None) -> None:
        self.steps.append(step)
        self.sleep(self.draw(st.sampled_from(PAUSES)) if pause is None else pause)

    def sleep(self, seconds: float) -> None:
        self.steps.append(Sleep(seconds))
        self.length += seconds

    def run(self, application: str, pause: float | None = None, *, wait: bool = False) -> None:
        lock = not wait and self.often(2)
        self.add(App(application.rstrip(), lock=lock, wait=wait), pause)

    def command(self, command: str) -> None:
        """An api command, of the app or of others."""
        how = self.one_of("api", "api", "bgapi", "others")
        if how == "others":
            self.add(Api(command))
        else:
            self.add(Send(f"{how} {command}"))

    def press(self, keys: str) -> None:
        for key in keys:
            self.add(Press(key, int(self.one_of("200", "200", "100"))), 0.41)

    def keys(self) -> str:
        return "".join(self.draw(st.lists(st.sampled_from("0123456789*#"), min_size=1, max_size=3)))


def topic(plot: Plot) -> None:
    """What an app does next, and what happens to it meanwhile."""
    TOPICS[plot.one_of(*TOPICS)](plot)


def play(plot: Plot) -> None:
    for _ in range(plot.draw(st.integers(1, 3))):
        sound, lock = plot.text(*SOUNDS), plot.often(3)
        loops = plot.draw(st.sampled_from((1, 1, 1, 2, 3)))
        plot.add(App(f"playback {sound}", lock=lock, loops=loops, wait=False))


def prepare(plot: Plot) -> None:
    for _ in range(plot.draw(st.integers(1, 3))):
        variable = plot.text(*VARIABLES)
        plot.run(f"{plot.one_of('set', 'set', 'set', 'export', 'push')} {variable}", 0.15)


def collect(plot: Plot) -> None:
    asking = plot.text(*DIGITS)
    plot.run(asking)
    if plot.often(7):
        plot.press(plot.keys())
    plot.steps.append(Until("CHANNEL_EXECUTE_COMPLETE", {"Application": asking.split()[0]}))
    plot.sleep(0.3)


def ring(plot: Plot) -> None:
    """Call far ends, and meddle."""
    if plot.often(5):
        plot.run(f"set {plot.text('continue_on_fail=true', *VARIABLES[:40])}", 0.15)
    dialled = _phones(plot) if plot.often(4) else _phone(plot)
    for leg in plot.legs[-2:]:
        if plot.often(6):
            plot.add(Send(f"filter Unique-ID {leg}"), 0.1)
    plot.run(f"bridge {dialled}", 1.43)
    meddle(plot)


def _phone(plot: Plot) -> str:
    options = [f"origination_uuid={plot.new_leg()}"]
    if plot.often(2):
        options.append(plot.text(*FOR_ONE))
    far = plot.one_of(*ANSWER, *ANSWER, *PRESS, *REFUSE)
    return f"[{','.join(options)}]loopback/{far}/eslsync"


def _phones(plot: Plot) -> str:
    dialled = _phone(plot)
    for _ in range(plot.draw(st.integers(0, 2))):
        dialled += plot.one_of(",", "|") + _phone(plot)
    if plot.often(1):
        dialled += plot.one_of(",error/NO_ANSWER", "|error/USER_BUSY", "|nosuch/1", ",")
    if plot.often(5):
        options = plot.draw(st.lists(st.sampled_from(FOR_ALL), min_size=1, max_size=2))
        dialled = "{" + plot.text(",".join(options)) + "}" + dialled
    return dialled


def meddle(plot: Plot) -> None:
    """Do something to the legs, or have the caller do something."""
    for _ in range(plot.draw(st.integers(0, 2))):
        if plot.often(2):
            plot.press(plot.keys())
        elif plot.often(1):
            plot.add(Hangup(plot.one_of("NORMAL_CLEARING", "USER_BUSY")))
        else:
            plot.command(plot.text(*TO_A_LEG))


def others_call(plot: Plot) -> None:
    """Somebody else's leg, and what joins it."""
    leg = plot.new_leg()
    far = plot.one_of("hold", "hold", "bye2270", "park")
    does = plot.one_of("park()", "park()", "playback(asked/long.wav)", "echo()")
    plot.add(Api(f"originate {{origination_uuid={leg}}}loopback/{far}/eslsync &{does}"), 0.93)
    if plot.often(6):
        plot.add(Send(f"filter Unique-ID {leg}"), 0.15)
    if plot.often(6):
        pair = plot.one_of(f"{{{{uuid}}}} {leg}", f"{leg} {{{{uuid}}}}")
        plot.command(f"uuid_bridge {pair}")
    else:
        plot.run(f"{plot.one_of('eavesdrop', 'intercept', 'three_way')} {leg}", 1.13)
    meddle(plot)


def consult(plot: Plot) -> None:
    """An attended transfer, out of a bridge."""
    plot.run(f"bridge {_phone(plot)}", 1.43)
    plot.run(f"att_xfer {_phone(plot)}", 1.43)
    meddle(plot)


def confer(plot: Plot) -> None:
    for _ in range(plot.draw(st.integers(1, 2))):
        plot.run(plot.text(*(each for each in FOR_A_WHILE if each.startswith("conf"))), 1.07)
        for _ in range(plot.draw(st.integers(1, 3))):
            plot.command(f"conference c{plot.key} {plot.text(*CONFERENCE)}")
        if plot.often(6):
            plot.command(f"conference c{plot.key} kick all")


def listen(plot: Plot) -> None:
    """Ask the event socket for something."""
    message = plot.text(*SOCKET, *SOCKET[:8], *MESSAGES)
    if "\n" in message:
        plot.add(Send(message))
    else:
        plot.add(Send(message), 0.31)


TOPICS: dict[str, Callable[[Plot], None]] = {
    "play": play,
    "play, more": play,
    "prepare": prepare,
    "prepare, more": prepare,
    "collect": collect,
    "ring": ring,
    "ring, more": ring,
    "others call": others_call,
    "consult": consult,
    "confer": confer,
    "listen": listen,
    "meddle": meddle,
    "answer": lambda plot: plot.run(plot.one_of("answer", "pre_answer", "ring_ready")),
    "at once": lambda plot: plot.run(plot.text(*AT_ONCE), 0.33),
    "at once, more": lambda plot: plot.run(plot.text(*AT_ONCE), 0.33),
    "for a while": lambda plot: plot.run(plot.text(*FOR_A_WHILE)),
    "away": lambda plot: plot.run(plot.text(*AWAY), 0.91),
    "press": lambda plot: plot.press(plot.keys()),
    "command": lambda plot: plot.command(plot.text(*OF_THE_SWITCH)),
}

#: How a conversation ends.
ENDS: dict[str, tuple[Step, ...]] = {
    "hangup": (App("hangup", wait=False),),
    "hangup busy": (App("hangup USER_BUSY", wait=False),),
    "caller": (Hangup(),),
    "kill": (Send("api uuid_kill {{uuid}}"),),
    "exit": (Send("exit"),),
    "close": (Close(),),
}


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Scenarios. All that they draw is valid, and most of it makes sense."""
    key = f"{draw(st.integers(1 << 28, (1 << 32) - 1)):08x}"
    plot = Plot(draw, key)
    socket = plot.one_of(*["async full"] * 6, "full", "async")
    plot.steps.append(Send("connect"))
    if "full" not in socket:
        plot.steps.append(Send("myevents"))
    else:
        lingers = plot.one_of(*["linger 2"] * 4, "")
        plot.steps += [Send(lingers)] if lingers else []
        events = plot.one_of(*["event plain all"] * 5, "event json all", "myevents")
        plot.steps += [Send("filter Unique-ID {{uuid}}")] if events != "myevents" else []
        plot.steps.append(Send(events))
    if plot.often(8):
        plot.run("answer", 0.31, wait="full" in socket)
    for _ in range(draw(st.integers(2, 6))):
        topic(plot)
        if plot.length > LONGEST:
            break
    end = ENDS[plot.one_of(*ENDS)]
    plot.steps += end
    if end[0] != Close():
        plot.steps.append(Sleep(0.5))
    return Scenario(
        name=f"drawn_{key}",
        steps=tuple(plot.steps),
        socket=socket,
        prompts=PROMPTS,
        patience=3.0,
    )


def renamed(scenario: Scenario, key: str) -> Scenario:
    """The same scenario with another key (eight hexadecimal digits)."""
    old = scenario.name.removeprefix("drawn_")
    return Scenario.parse(re.sub(re.escape(old), key, scenario.dump()))
