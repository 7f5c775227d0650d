"""Turns a recording into a caller's script: the prompts heard, the keys pressed, the end.

Times count from the last prompt, not from the start of the call, so the script plays the same
caller even if the handler becomes slower or a prompt longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from math import inf
from operator import attrgetter

from eslsync import Event, HangupCause
from eslsync.wire.declared import declared
from eslsync.wire.redaction import HIDDEN

from ..calling.call import GAP, without_suffix
from ..clockwork.threads import SECOND
from ..ladders.rungs import ANY_UUID, is_prompt, span
from ..ladders.transcript import Entry
from ..model.sounds import DEFAULT_LENGTH, FRAME
from ..scripts.script import Script, ScriptError
from ..scripts.shapes import DIAL_STRING
from ..scripts.steps import Step
from .reading import Recording, Sent
from .retelling import Retelling
from .speaking import Said, usual_seconds

__all__ = ["script_of"]

#: Seconds from a key press to its event; the switch looks every 20 ms.
FRAME_SECONDS = FRAME / SECOND
#: Times less than this many seconds apart count as the same.
SAME = 0.001
#: Maximum difference, in seconds, of the gaps between keys pressed in a row.
STEADY = 0.03
#: A longer gap between two keys, in seconds, is a pause.
IN_A_ROW = 2.0
#: Seconds assumed to remain of a prompt that was cut.
UNHEARD = 2.0


def script_of(recording: Recording, handler: str, name: str | None = None) -> Script:
    """The script of a recorded call, for a handler in a file.

    Raises ScriptError if the recording lacks data: its keys are redacted, or it is not of a call.
    """
    connect = recording.connect
    if connect is None:
        raise ScriptError("the recording is not of a call: it has no reply to connect")
    retelling = Retelling(recording)
    entries = retelling.entries
    call: dict[str, object] = {
        "caller": connect.get("Caller-Caller-ID-Number") or "1001",
        "destination": connect.get("Caller-Destination-Number") or "5000",
    }
    caller_name = connect.get("Caller-Caller-ID-Name")
    if caller_name and caller_name != call["caller"]:
        call["caller_name"] = caller_name
    _, _, words = connect.get("variable_current_application_data").partition(" ")
    if words != "async full":
        call["socket"] = words
    date = connect.get("Event-Date-Local")
    if date:
        call["start"] = datetime.fromisoformat(date).isoformat()
    prompts = lengths(entries, recording)
    if prompts:
        call["prompts"] = prompts
    far = far_ends(entries, recording)
    if far:
        call["endpoints"] = far
    recognizers = recording.circumstances.get("recognizers", retelling.understood)
    if recognizers is not None:
        call["recognizers"] = recognizers
    taken = list(steps(entries, retelling.said))
    return Script(handler, taken, name, call, expected(entries, recording))


@dataclass
class Act:
    """An action of the caller."""

    time: float
    text: str = ""
    said: Said | None = None

    @property
    def key(self) -> str | None:
        return self.text.removeprefix("presses ") if self.text.startswith("presses ") else None

    def hears(self, prompt: Entry) -> bool:
        """True if the caller hears this first; speech is placed to half a frame."""
        return prompt.time < self.time + (FRAME_SECONDS / 2 if self.said else 0.0)


def steps(entries: Sequence[Entry], said: Sequence[Said]) -> Iterator[Step]:
    acts = [
        Act(each.time, each.text)
        for each in entries
        if each.sender == "caller" and each.text.startswith(("presses ", "hangs up "))
    ]
    keys_at = [each.time for each in acts if each.key]
    acts += [Act(part.time, said=part) for each in said for part in each.between(keys_at)]
    acts.sort(key=attrgetter("time"))
    heard = [each for each in entries if is_prompt(each)]
    now = -1.0  # the moment to which the steps so far lead
    turns = list(rows(acts, heard))
    for (first, keys), following in zip_longest(turns, turns[1:]):
        before = [each for each in heard if now + SAME < each.time and first.hears(each)]
        told, moment = hearing(before)
        yield from told
        now = max(now, 0.0) if moment is None else moment
        pause = first.time - now - (FRAME_SECONDS if keys else 0.0)
        if pause > FRAME_SECONDS / 2:
            yield Step("say_nothing", {"seconds": round(pause, 3)})
        if first.said is not None:
            until = inf
            if following is not None:
                until = following[0].time - (FRAME_SECONDS if following[1] else 0.0)
            yield saying(first.said, until)
            now = min(first.time + first.said.seconds, until)
            continue
        if not keys:
            cause = first.text.removeprefix("hangs up ")
            yield Step("hangup", {} if cause == HangupCause.NORMAL_CLEARING else {"cause": cause})
            return
        digits = "".join(each.key or "" for each in keys)
        if HIDDEN in digits:
            raise ScriptError("the keys that were pressed are redacted in the recording")
        gap = keys[1].time - keys[0].time if len(keys) > 1 else GAP
        usual = abs(gap - GAP) < STEADY
        yield Step("press", {"digits": digits, **({} if usual else {"gap": round(gap, 3)})})
        now = keys[-1].time - FRAME_SECONDS
    told, _ = hearing([each for each in heard if each.time > now + SAME])
    yield from told
    yield Step("wait")


def saying(said: Said, until: float) -> Step:
    """The step that says something, until the caller does something else."""
    if HIDDEN in said.text:
        raise ScriptError("what the caller said is redacted in the recording")
    seconds = round(max(0.0, min(said.seconds, until - said.time)), 3)
    if not said.words:
        return Step("talk", {"seconds": seconds})
    usual = said.words == said.text and abs(seconds - usual_seconds(said.text)) < SAME
    return Step("says", {"words": said.words, **({} if usual else {"seconds": seconds})})


def rows(acts: list[Act], heard: Sequence[Entry]) -> Iterator[tuple[Act, list[Act]]]:
    """The acts one by one, with keys pressed in a row as one."""
    while acts:
        first, *acts = acts
        keys = [first] if first.key else []
        while keys and acts and acts[0].key:
            gap = acts[0].time - keys[-1].time
            steady = len(keys) < 2 or abs(gap - (keys[1].time - keys[0].time)) < STEADY
            between = any(keys[-1].time <= each.time <= acts[0].time for each in heard)
            if gap > IN_A_ROW or not steady or between:
                break
            keys.append(acts.pop(0))
        yield first, keys


def hearing(heard: Sequence[Entry]) -> tuple[list[Step], float | None]:
    """Steps that hear these prompts, the last at its end or beginning; and that moment."""
    steps: list[Step] = []
    moment: float | None = None
    changes = [each for each in heard if not each.text.startswith(("pauses ", "resumes "))]
    for entry in changes:
        verb, _, name = entry.text.partition(" ")
        if ANY_UUID.search(name) or (verb == "cuts" and len(pieces(name)) > 1):
            continue  # its name changes each time, or the file that was cut is unknown
        if verb in ("ends", "cuts"):
            steps.append(Step("hear", {"prompt": pieces(name)[-1]}))
            moment = entry.time
        elif entry is changes[-1]:
            steps.append(Step("hear", {"prompt": pieces(name)[0], "start": True}))
            moment = entry.time
    return steps, moment


def pieces(prompt: str) -> list[str]:
    """The files of a prompt, as the caller hears them one by one."""
    files = prompt.partition("file_string://")[2]
    return files.split("!") if files else [prompt]


def lengths(entries: Sequence[Entry], recording: Recording) -> dict[str, object]:
    """The lengths of prompts, except those of the default length."""
    known: dict[str, float] = {
        name: float(seconds) for name, seconds in recording.circumstances.get("prompts", {}).items()
    }
    played: dict[str, float] = {}
    since: dict[str, float] = {}
    for entry in entries:
        if not is_prompt(entry):
            continue
        verb, _, name = entry.text.partition(" ")
        if verb in ("plays", "resumes"):
            since[name] = entry.time
            if verb == "plays":
                played[name] = 0.0
        elif name in since:
            played[name] += entry.time - since.pop(name)
            if verb == "ends":
                known.setdefault(name, round(played[name] / FRAME_SECONDS) * FRAME_SECONDS)
            elif verb == "cuts" and played[name] > DEFAULT_LENGTH:
                known.setdefault(name, round(played[name] + UNHEARD))
    return {
        name: round(seconds, 2)
        for name, seconds in known.items()
        if len(pieces(name)) == 1
        and "://" not in name
        and abs(seconds - DEFAULT_LENGTH) > FRAME_SECONDS
    }


def far_ends(entries: Sequence[Entry], recording: Recording) -> dict[str, object]:
    """The behaviour of far ends, from their own events or from the results of bridges."""
    return {**bridged(recording), **called(entries)}


def called(entries: Sequence[Entry]) -> dict[str, object]:
    """The behaviour of far ends whose events arrived (`session.originate`, or a filter)."""
    found: dict[str, dict[str, object]] = {}
    since: dict[str, float] = {}  # the time of the call, later of the answer
    for entry in entries:
        where = span(entry)
        leg = where.end if where.text == "calls" else where.start
        if entry.message is not None or not DIAL_STRING.accepts(leg):
            continue
        if where.text == "calls":
            found[leg], since[leg] = {"answers_after": "never"}, entry.time
        elif leg not in since:
            continue
        elif where.text == "rings":
            found[leg]["rings"] = True
        elif where.text == "answers":
            found[leg]["answers_after"] = rounded(entry.time - since[leg])
            since[leg] = entry.time
        elif where.text.startswith("presses "):
            key = {
                "after": rounded(entry.time - since[leg] - FRAME_SECONDS),
                "digits": where.text[8:],
            }
            presses = found[leg].setdefault("presses", [])
            assert isinstance(presses, list)
            presses.append(key)
        elif where.text.startswith("hangs up "):
            found[leg]["hangs_up_after"] = rounded(entry.time - since[leg])
            cause = where.text.removeprefix("hangs up ")
            if cause != HangupCause.NORMAL_CLEARING:
                found[leg]["cause"] = cause
        elif where.text.startswith("rejects: "):
            found[leg] = {"rejects": where.text.removeprefix("rejects: ")}
    return dict(found)


def bridged(recording: Recording) -> dict[str, object]:
    """The behaviour of far ends that `bridge` called, from the caller's events only."""
    found: dict[str, object] = {}
    uuid = recording.connect.get("Unique-ID") if recording.connect else ""
    began: Sent | None = None
    answered: Sent | None = None
    parted: float | None = None
    hung_up: float | None = None
    for event in recording.switch:
        if event.lane != "event" or event.get("Unique-ID") != uuid:
            continue
        if event.name == "CHANNEL_HANGUP":
            hung_up = event.time
        elif event.name == "CHANNEL_BRIDGE":
            answered = event
        elif event.name == "CHANNEL_UNBRIDGE":
            parted = event.time
        elif event.get("Application") != "bridge":
            continue
        elif event.name == "CHANNEL_EXECUTE":
            began, answered, parted = event, None, None
        elif began is not None:
            by_itself = hung_up is None or (parted is not None and parted < hung_up)
            does = behaviour(began, answered, (parted or event.time) if by_itself else None, event)
            who = answered.get("Other-Leg-Channel-Name") if answered else ""
            for dial_string in dial_strings(began.get("Application-Data"), who):
                found[dial_string] = does
                if answered:
                    does = {"answers_after": "never"}  # the others
            began = None
    return found


def dial_strings(data: str, answered: str) -> list[str]:
    """The dial strings in a bridge's data, without variables; first the one that answered."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|<[^>]*>", "", data)
    found = [each for each in re.split(r":_:|[,|]", bare) if DIAL_STRING.accepts(each)]
    return sorted(found, key=lambda each: each.partition("/")[2] not in answered)


def behaviour(
    began: Sent, answered: Sent | None, parted: float | None, completed: Sent
) -> dict[str, object]:
    if answered is not None:
        does: dict[str, object] = {}
        if answered.time - began.time > 2 * FRAME_SECONDS:
            does["answers_after"] = rounded(answered.time - began.time - FRAME_SECONDS)
        if parted is not None:
            does["hangs_up_after"] = rounded(parted - answered.time - FRAME_SECONDS)
        return does
    said = completed.get("variable_originate_disposition")
    never = ("NO_ANSWER", "ORIGINATOR_CANCEL", "ALLOTTED_TIMEOUT", "")
    if said in never or said not in HangupCause.__members__:
        return {"answers_after": "never"}
    return {"rejects": said}


def rounded(seconds: float) -> float:
    return round(max(0.0, seconds), 2)


def expected(entries: Sequence[Entry], recording: Recording) -> dict[str, object]:
    """The script's expectations of the call."""
    expect: dict[str, object] = {}
    causes = [each.text.removeprefix("hangs up ") for each in entries if is_hangup(each)]
    if causes and causes[0] in HangupCause.__members__:
        expect["cause"] = causes[0]
    played = [
        each.text.removeprefix("plays ") for each in entries if each.text.startswith("plays ")
    ]
    said = {
        each.message.get("Application", "") for each in entries if isinstance(each.message, Event)
    }
    unsure = any(len(pieces(each)) > 1 or ANY_UUID.search(each) for each in played)
    if not unsure and not any(declared(each).untold for each in said):
        expect["heard"] = [without_suffix(each) for each in played]
    return expect


def is_hangup(entry: Entry) -> bool:
    return entry.text.startswith("hangs up ") and "caller" in (entry.sender, entry.receiver)
