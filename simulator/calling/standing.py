"""What calls stand on: the evidence for everything in FreeSWITCH that they used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from difflib import get_close_matches
from typing import Any, Literal

from eslsync import HangupCause

from ..model.channel import Channel
from ..model.evidence import Basis, Evidence, Part, StandsOn
from ..model.known_events import note_subclass
from ..model.known_variables import NOT_MODELLED
from ..model.spelling import misspelt
from ..model.switch import Switch
from ..model.tables import ApiCommand, Application
from .apps import Apps
from .call import NotModelled, Refused, failed
from .line import Line
from .other_legs import OtherLegs

__all__ = ["Standing", "allowable", "dumped", "loaded", "whole_run"]

#: The answer to an api command for a leg that is not there.
NO_SUCH = ("-ERR No such channel", "-ERR invalid", "-ERROR")

#: What all calls of this process stood on.
whole_run = StandsOn()


def dumped(stands_on: StandsOn) -> list[tuple[Any, ...]]:
    """Its parts as plain values, for another process."""
    return [astuple(part) for part in stands_on.parts]


def loaded(parts: Iterable[Sequence[Any]]) -> Iterator[Part]:
    """The parts that `dumped` made plain values of."""
    for kind, name, evidence, where in parts:
        recordings, *more = evidence
        yield Part(kind, name, Evidence(tuple(recordings), *more), where)


def allowable(
    applications: Mapping[str, Application], api_commands: Mapping[str, ApiCommand]
) -> frozenset[str]:
    """The names that `allow_unmodelled` is for: of what is known to FreeSWITCH and not modelled."""
    parts = [each.part for table in (applications, api_commands) for each in table.values()]
    return NOT_MODELLED | {part.name for part in parts if not part.evidence.modelled}


#: What a channel may be hung up for.
Unknown = Literal["application", "extension"]


class Standing:
    """Notes what calls use; fails a call that uses what is neither modelled nor allowed.

    ``fired`` are the subclasses of CUSTOM that were fired.
    """

    def __init__(
        self, legs: OtherLegs, apps: Apps, allowed: Collection[str], fired: Collection[str]
    ) -> None:
        self._legs = legs
        self._apps = apps
        self._allowed = frozenset(name.lower() for name in allowed)
        self.stands_on = StandsOn()  #: what all calls used
        self._awaited: dict[str, Line | None] = {}  # subclasses, and the first call that waits
        self._fired = fired
        self._met: set[str] = set()  # of what is allowed

    def awaited(self, subclass: str, channel: Channel | None) -> None:
        """Note a subclass of CUSTOM that is waited for, and that no module of FreeSWITCH fires."""
        self._awaited.setdefault(subclass, self._legs.owner(channel))

    def expected(self, line: Line, what: str) -> None:
        """Note what a handler waits for, has a callback for, or looks at (see `Session.watch`)."""
        name, _, rest = what.partition(" ")
        if name == "CUSTOM" and rest:
            note_subclass(line.channel.switch, line.channel, rest)
        elif name in ("BACKGROUND_JOB", "ALL"):
            line.jobs_seen.add(rest)

    def failed_job(self, job: str, command: str, answer: str, channel: Channel | None) -> None:
        """Note a background job that printed an error."""
        line = self._legs.owner(channel)
        if line is not None and not _a_fate(command, answer, line.channel.switch):
            line.failed_jobs[job] = command.strip(), answer.strip()

    def served(self, line: Line) -> None:
        """Tell which jobs failed without their handler having looked, at its end."""
        for job, (command, answer) in line.failed_jobs.items():
            if not {job, ""} & line.jobs_seen:
                nobody = "the handler has not looked at its Job, whose wait() raises that"
                if line.wire is not None:
                    nobody = "the app asks for no BACKGROUND_JOB, so it can't know"
                why = f"{answer}; {nobody}"
                line.channel.switch.refused(f"bgapi {command}", line.channel, why)
        line.failed_jobs.clear()

    def look_back(self, known: Callable[[], frozenset[str]]) -> None:
        """Tell which events never came and which jobs failed late, at the end of all calls.

        And fail for a name that is allowed, that nothing used, and that is probably one of those
        that are ``known``, misspelt.
        """
        unused = self._allowed - self._met
        for name in sorted(unused - known()) if unused else ():
            meant = misspelt(name, known(), shortest=4)
            if meant is not None:
                why = f"allow_unmodelled names {name!r}, which nothing used"
                self._apps.fail(failed(None, f"{why} (did you mean {meant!r}?)"))
        for served in self._legs.lines:
            self.served(served)
        for subclass, line in self._awaited.items():
            if line is None or subclass in self._fired:
                continue
            line.tell(f"never came: CUSTOM {subclass}")
            meant = misspelt(subclass, self._fired)
            if meant is not None and f"custom {subclass}".lower() not in self._allowed:
                why = f"nothing fires it; CUSTOM {meant} was fired"
                part = Part("argument", f"CUSTOM {subclass}", Evidence(refused=True), why)
                line.lacks(part)
                self._apps.fail(failed(line, _why(part), Refused))

    def unknown(self, kind: Unknown, name: str, channel: Channel) -> None:
        """Note that a channel is hung up because of something that does not exist."""
        line = self._legs.owner(channel)
        if line is not None and (kind == "application" or channel.switch.extensions):
            line.tell(f"no {kind} {name!r}")
            self._met.add(name.lower())
            if kind == "application" and name.lower() not in self._allowed:
                close = get_close_matches(name.lower(), channel.switch.applications, n=1)
                line.unknown[name] = close[0] if close else ""

    def used(self, part: Part, channel: Channel | None) -> None:
        """Note a part that a channel, or nobody's channel, uses."""
        line = self._legs.owner(channel)
        first = self.stands_on.use(part)
        if line is not None:
            first = line.stands_on.use(part)
        if not first or part.has_effect:
            return
        refused = part.basis is Basis.REFUSED
        if line is not None:
            line.tell(f"refused: {part.name}" if refused else f"not modelled: {part}")
        self._met.add(part.name.lower())
        if part.name.lower() in self._allowed:
            return
        if line is not None:
            line.lacks(part)
        self._apps.fail(failed(line, _why(part), Refused if refused else NotModelled))


def _a_fate(command: str, answer: str, switch: Switch) -> bool:
    """True if a job failed as it may in any call: nobody answered, or a leg had ended before."""
    _, _, said = answer.strip().partition(" ")
    if said.upper() in HangupCause.__members__:
        return True
    words = command.split()
    return answer.startswith(NO_SUCH) and len(words) > 1 and words[1] in switch.gone


def _why(part: Part) -> str:
    allow = f"FreeSwitch(allow_unmodelled=[{part.name!r}])"
    if part.basis is Basis.REFUSED:
        return f"{part.lack}; if it is meant so, {allow}"
    if part.kind == "application":
        return f"{part.lack}: model it, FreeSwitch(applications={{{part.name!r}: ...}}), or {allow}"
    if part.kind == "api command":
        return f"{part.lack}: model it, FreeSwitch(api_commands={{{part.name!r}: ...}}), or {allow}"
    return f"{part.lack}: if the call does not depend on it, {allow}"
