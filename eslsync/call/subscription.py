"""The events that the switch has been asked for, and those that its filters let through."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from .. import forks
from ..clock import check_may_wait, here
from ..wire.enums import ChannelState
from ..wire.event_names import EVENT_NAMES, OF_A_CHANNEL, OF_NO_CHANNEL, parse_event
from ..wire.message import Format

__all__ = ["Subscription", "unknown_event"]

#: For all calls; an empty set takes 216 bytes.
NO_NAMES: frozenset[str] = frozenset()
NO_EVENTS: tuple[tuple[str, str | None], ...] = ()
#: The most events that are `Subscription.sure`; others are checked again. (A set of one takes 216
#: bytes.)
MOST_SURE = 16

#: The events that ``myevents`` brings (mod_event_socket.c; recording 05a).
MYEVENTS = frozenset(
    """
    CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA
    CHANNEL_DESTROY CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP
    CHANNEL_HANGUP_COMPLETE CHANNEL_ORIGINATE CHANNEL_UUID CHANNEL_OUTGOING CHANNEL_PARK
    CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_STATE CHANNEL_UNBRIDGE CHANNEL_UNPARK
    DETECTED_SPEECH DTMF NOTALK TALK
    """.split()
)

#: Events that tell a state besides CHANNEL_STATE, which tells them all. Hangup states always end
#: a wait.
TOLD_BY = {
    ChannelState.EXECUTE: "CHANNEL_EXECUTE",
    ChannelState.EXCHANGE_MEDIA: "CHANNEL_BRIDGE",
    ChannelState.PARK: "CHANNEL_PARK",
}

#: Headers by which events are filtered out that are not of a session's channels.
JOBS = ("job-owner-uuid", "job-uuid")


class Subscription:
    """Which events arrive, derived from the commands that the switch accepted in any thread."""

    __slots__ = (
        "_filters",
        "_lock",
        "_mine",
        "_names",
        "_nixed",
        "_subclasses",
        "bridges",
        "changes",
        "completions",
        "format",
        "full",
        "hangups",
        "is_async",
        "on",
        "sure",
        "uuid",
    )

    def __init__(self) -> None:
        self._lock = forks.lock()
        self._names = NO_NAMES  # with "ALL": every subclass as well
        self._subclasses = NO_NAMES  # of CUSTOM
        self._nixed: frozenset[str] | None = None  # after ALL, which names all others
        self._filters: list[tuple[str, str]] = []  # header, in lower case, and value
        #: The number of commands that have changed it.
        self.changes = 0
        #: Events, and the channels that they are about (None: any or none), for which `needed` and
        #: `check` have found nothing to do since the last of these commands.
        self.sure = NO_EVENTS
        self._mine = False  # after myevents, only the events of our channel come
        #: The uuid of the call's own channel.
        self.uuid = ""
        #: The format of events.
        self.format: Format = "plain"
        #: True if every command may be sent.
        self.full = False
        #: True for an async socket. On a sync one, a hangup's last event never comes (06a).
        self.is_async = False
        #: True while any events arrive.
        self.on = False
        #: True while CHANNEL_EXECUTE_COMPLETE arrives, which blocking calls need.
        self.completions = False
        #: True while CHANNEL_HANGUP_COMPLETE arrives, the last sign of a hangup.
        self.hangups = False
        #: True while CHANNEL_BRIDGE of the call's own leg arrives.
        self.bridges = False

    # What the switch was told

    def note(self, line: str) -> None:
        """Note a command that the switch has accepted.

        It compares only the beginning of a command (mod_event_socket.c, parse_command), so that
        ``events plain all`` subscribes as well.
        """
        verb = line[:8].lower()
        if not verb.startswith(("event", "nixevent", "noevents", "filter ", "myevents")):
            return
        check_may_wait()
        with here.busy, self._lock:
            self.changes += 1
            self.sure = NO_EVENTS
            if verb.startswith("filter "):
                self._note_filter(line[7:].lstrip(" "))
            elif verb.startswith("event"):
                names, subclasses = _names_in(line)
                self._names = self._names | names if self._names else names
                if subclasses:
                    self._subclasses = self._subclasses.union(subclasses)
                if "ALL" in names:
                    self._nixed = NO_NAMES
                self.on = True
            elif verb == "nixevent":
                self._note_nixed(*_names_in(line))
            elif verb == "noevents":
                self._names = self._subclasses = NO_NAMES
                self._nixed = None
                self.on = False
            else:
                self._names |= MYEVENTS
                self._mine = self.on = True
            self.completions = self._lets_through("CHANNEL_EXECUTE_COMPLETE", "", self.uuid)
            self.hangups = self.is_async and self._lets_through(
                "CHANNEL_HANGUP_COMPLETE", "", self.uuid
            )
            self.bridges = self._lets_through("CHANNEL_BRIDGE", "", self.uuid)

    def _note_nixed(self, names: frozenset[str], subclasses: Iterable[str]) -> None:
        self._subclasses = self._subclasses.difference(subclasses)
        if self._nixed is not None:
            self._nixed = self._nixed.union(subclasses)
        if "ALL" in names:
            self._names = NO_NAMES
        elif names != {"CUSTOM"}:
            if "ALL" in self._names:
                self._names |= EVENT_NAMES
            self._names -= {*names, "ALL"} - {"CUSTOM"}

    def _note_filter(self, text: str) -> None:
        header, space, value = text.partition(" ")
        if header.lower() == "delete" and space:
            header, space, value = value.partition(" ")
            header = header.lower()
            if header == "all":
                self._filters.clear()
            self._filters = [
                each for each in self._filters if each[0] != header or (space and each[1] != value)
            ]
            return
        if header.lower() == "add":
            header, _, value = value.partition(" ")
        self._filters.append((header.lower(), value))

    # Commands to tell it

    @property
    def filtered(self) -> bool:
        """True while filters let only some events through."""
        return bool(self._filters)

    @property
    def myevents(self) -> str:
        """The command that subscribes to the events of the channel that the switch chooses."""
        return "myevents" if self.format == "plain" else f"myevents {self.format}"

    def event(self, names: str) -> str:
        """The command that subscribes to these events."""
        return f"event {self.format} {names}"

    def opening(self, event: str) -> str | None:
        """The filter that lets through an event that may be about no channel; None for others."""
        name, subclass = parse_event(event)
        if name in OF_A_CHANNEL or name == "ALL":
            return None
        if name == "BACKGROUND_JOB":  # only our own jobs (09g)
            return f"filter Job-Owner-UUID {self.uuid}"
        return f"filter Event-Subclass {subclass}" if subclass else f"filter Event-Name {name}"

    def needed(self, event: str) -> str | None:
        """As `opening`, but None if that was sent, or could not help."""
        opening = self.opening(event)
        if opening is None:
            return None
        _, header, value = opening.split(" ")
        name, subclass = parse_event(event)
        let = {(header.lower(), value), ("event-name", name)}
        check_may_wait()
        with here.busy, self._lock:
            passes = not self._filters or not let.isdisjoint(self._filters)
            helps = self._asked_for(name, subclass) and not self._mine
            return opening if helps and not passes else None

    def missing(self, *names: str) -> set[str]:
        """The events among these that have not been asked for yet."""
        check_may_wait()
        with here.busy, self._lock:
            return set() if "ALL" in self._names else set(names) - self._names

    # What arrives

    def trust(self, event: str, uuid: str | None, changes: int) -> None:
        """Note that the event is `sure`, unless a command has changed that since ``changes``."""
        check_may_wait()
        with here.busy, self._lock:
            if changes == self.changes:
                self.sure = ((event, uuid), *self.sure[: MOST_SURE - 1])

    def check(self, event: str, uuid: str | None = None) -> None:
        """Raise RuntimeError if a wait for an event would last as long as the call.

        ``uuid`` names the channel that it has to be about, None for any or none.
        """
        name, subclass = parse_event(event)
        check_may_wait()
        with here.busy, self._lock:
            asked = self._asked_for(name, subclass)
            passes = self._lets_through(name, subclass, uuid)
        if passes:
            return
        if uuid is not None and name in OF_NO_CHANNEL:
            why = "it is about no channel; use the session's wait, on or events"
        elif not self.on:
            why = (
                "the call was taken with events=False (or events were switched off), and no "
                "`event` command has been sent since"
            )
        elif not asked and not self.full:
            why = (
                "without `full` only the events of `myevents` come: write "
                '"full" behind the address in the dialplan, as in host:port async full'
            )
        elif not asked:
            why = f"it was not subscribed to; name it in Outbound(events=[..., {event!r}])"
        elif self._mine:
            why = "after `myevents` only events of this call's channel come"
        else:
            why = f"the filters hide it: {', '.join(' '.join(each) for each in self._filters)}"
        raise RuntimeError(f"{event} would never arrive: {why}")

    def check_any(self, what: str) -> None:
        """Raise RuntimeError if no events arrive at all, and so not ``what``."""
        if not self.on:
            raise RuntimeError(
                f"{what} would never arrive: the call was taken with events=False, and no "
                "`event` command has been sent since"
            )

    def check_state(self, state: ChannelState, uuid: str) -> None:
        """Raise RuntimeError if no event would tell that a channel has reached this state."""
        check_may_wait()
        with here.busy, self._lock:
            told = self.on and any(
                self._lets_through(name, "", uuid)
                for name in ("CHANNEL_STATE", TOLD_BY.get(state, "CHANNEL_STATE"))
            )
        if not told and not state.is_hangup:
            raise RuntimeError(
                f"nothing would tell that {state} is reached: CHANNEL_STATE was not subscribed to"
            )

    def arrives(self, name: str) -> bool:
        """True while events of that name may arrive."""
        check_may_wait()
        with here.busy, self._lock:
            return self._lets_through(name, "", None)

    def _asked_for(self, name: str, subclass: str) -> bool:
        names = self._names
        if name == "ALL":
            return self.on
        if "ALL" in names or (name in names and not subclass):
            return True
        known = self._nixed is not None and subclass not in self._nixed
        return name in names and (known or subclass in self._subclasses)

    def _lets_through(self, name: str, subclass: str, uuid: str | None) -> bool:
        """False if such an event can't arrive."""
        if not (self.on and self._asked_for(name, subclass)) or (
            uuid is not None and name in OF_NO_CHANNEL
        ):
            return False
        if self._mine and (name in OF_NO_CHANNEL and name != "BACKGROUND_JOB"):
            return False
        if name == "ALL" or not self._filters:
            return True
        passes = False
        for header, value in self._filters:
            wanted = value.lstrip("+- ")
            excludes = "-" in value[: len(value) - len(wanted)]
            if excludes and (header, wanted.upper()) == ("event-name", name):
                return False
            passes = passes or (not excludes and _may_pass(header, wanted, name, subclass, uuid))
        return passes


def _may_pass(header: str, value: str, name: str, subclass: str, uuid: str | None) -> bool:
    """True unless a filter certainly doesn't match such an event (recording 14e)."""
    if header in JOBS:
        return name == "BACKGROUND_JOB"
    if value.startswith("/"):
        return True
    if header == "event-name":
        return value.upper() == name
    if header == "event-subclass":
        return name == "CUSTOM" and (not subclass or value.lower() == subclass.lower())
    if header == "unique-id":
        return name not in OF_NO_CHANNEL and (uuid is None or value.lower() == uuid.lower())
    return True


def unknown_event(line: str) -> str:
    """Why a command names no event that FreeSWITCH knows, for an error; "" if nobody can tell."""
    for word in line.split()[1:]:
        try:
            if word.lower() not in ("plain", "json", "xml"):
                parse_event(word)
        except ValueError as error:
            return str(error)
    return ""


@lru_cache(maxsize=256)  # and so one set for all calls that subscribe to the same
def _names_in(line: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The events that a command names, and the subclasses, which follow CUSTOM."""
    words = line.partition(" ")[2].split(" ")
    names: list[str] = []
    for at, word in enumerate(words):
        name = word.upper()
        if name[13:] in EVENT_NAMES:  # "SWITCH_EVENT_" (switch_event.c, switch_name_event)
            name = name[13:]
        if name in EVENT_NAMES:
            names.append(name)
        if name == "CUSTOM":
            return frozenset(names), tuple(words[at + 1 :])
    return frozenset(names), ()
