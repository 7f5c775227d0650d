"""The steps that lead a caller into the situation just reached."""

from __future__ import annotations

from ..calling.call import same_prompt, without_suffix
from ..calling.line import HeardPrompt, Line
from ..clockwork.threads import MILLISECOND, SECOND
from ..model.playing import sound_prefix
from ..scripts.steps import Step
from .actions import Approach
from .situations import Situation

__all__ = ["SHORT", "approach"]

#: Microseconds below which a pause does not count as waiting: commands and their replies.
SHORT = 100 * MILLISECOND
#: Seconds above which a caller's step must say how long to wait (see `Call.hear`).
LONG = 40.0


def approach(
    line: Line,
    situation: Situation,
    playing: HeardPrompt | None,
    *,
    now: int,
    since: int,
    measured: bool,
    past_question: bool,
) -> Approach:
    """The steps from ``since``, the end of the last one, to the situation just reached.

    ``measured``: the lengths of prompts are known, and may exceed the wait of `Call.hear`.
    ``past_question``: the caller has let a question pass since then.
    """
    passed = (now - since) / SECOND
    late = {"timeout": round(passed) + 600} if passed > LONG or measured else {}
    at: tuple[Step, ...] | None = None
    out: tuple[Step, ...] | None = None
    ends = True
    if playing is not None:
        name = _first(line, playing)
        if name is not None and playing.heard.started >= now - SHORT:
            at = (Step("hear", {"prompt": name, "start": True, **late}),)
        last = _last(line, playing)
        ends = _ends(line, playing)
        if last is not None and not situation.background and ends:
            out = (Step("hear", {"prompt": last, **late}),)
    if at is None and situation.application in line.channel.switch.applications:
        began = [name for at_, name in line.fired if at_ > line.mark]
        if began.count(situation.application) == 1:
            at = (Step("expect", {"what": situation.application, **late}),)
    if at is None:
        seconds = (now - since + SHORT // 2) / SECOND
        at = (Step("say_nothing", {"seconds": seconds}),)
    endless = not ends and not situation.background
    return Approach(at, out, endless=endless, past_question=past_question)


def _ends(line: Line, playing: HeardPrompt) -> bool:
    """False for a sound without an end, such as music on hold."""
    channel = line.channel
    sound = channel.switch.media.open(playing.name, sound_prefix(channel))
    return sound is None or sound.samples is not None


def _first(line: Line, playing: HeardPrompt) -> str | None:
    """The first file of it that the caller hears, unless its name occurred since the last step."""
    mine = [each for each in line.prompts if each.began >= playing.began]
    heard = next((each for each in mine if each.told), None)
    if heard is None:
        return None
    for each in line.prompts:
        if each.began > line.mark and same_prompt(each.name, heard.name):
            return without_suffix(heard.name) if each is heard else None
    return None


def _last(line: Line, playing: HeardPrompt) -> str | None:
    """The last file that the caller hears of a prompt that has just begun."""
    pieces = playing.heard.pieces
    names = [name for name, _ in pieces.starts] if pieces is not None else []
    if names:
        last = names[-1]
        if any(same_prompt(name, last) for name in names[:-1]):
            return None
    else:
        told = [each for each in line.prompts if each.began >= playing.began and each.told]
        if not told:
            return None
        last = told[-1].name
    for each in line.prompts:
        if each.began > playing.began or each is playing:
            continue
        if same_prompt(each.name, last) and (each.ended is None or each.ended > line.mark):
            return None
    return without_suffix(last)
