"""The events that a connection wants: its subscriptions, filters, and format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.protocol import EVENT_NAMES, Format

from ..model.patterns import search

if TYPE_CHECKING:
    from ..model.events import SwitchEvent
    from ..model.switch import Switch

__all__ = ["Selection", "unknown_events"]

#: The events that `myevents` subscribes to (mod_event_socket.c).
MYEVENTS = frozenset(
    """
    CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA
    CHANNEL_DESTROY CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP
    CHANNEL_HANGUP_COMPLETE CHANNEL_ORIGINATE CHANNEL_UUID CHANNEL_OUTGOING CHANNEL_PARK
    CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_STATE CHANNEL_UNBRIDGE CHANNEL_UNPARK
    DETECTED_SPEECH DTMF NOTALK TALK
    """.split()
)


class Selection:
    """The events that one connection wants. Its commands return their replies."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self.format: Format = "plain"
        #: Pairs of header and value; a value that begins with a slash is a regular expression.
        self.filters: list[tuple[str, str]] = []
        self.wants_heartbeat = False  #: True once HEARTBEAT was subscribed to by name
        self._names: set[str] = set()
        self._subclasses: set[str] = set()  # of CUSTOM
        self._nixed: set[str] | None = None  # after ALL, which names all others (set_all_custom)
        self._listens = False  # LFLAG_EVENTS
        self._mine: str | None = None  # the uuid that `myevents` is about

    # --- events

    def wants(self, event: SwitchEvent, passes: bool = False) -> bool:
        """True if the event is subscribed to, and passes the filters (event_handler).

        With ``passes``, it is known to pass them.
        """
        if event.name not in self._names:
            return False
        if (
            event.name == "CUSTOM"
            and event.subclass is not None
            and "ALL" not in self._names
            and event.subclass not in self._subclasses
            and (self._nixed is None or event.subclass in self._nixed)
        ):
            return False
        if not passes and self.filters and not self._passes(event):
            return False
        if self._mine is None:
            return True
        mine = self._mine
        return event.get("Unique-ID") == mine or event.get("Job-Owner-UUID") == mine

    def _passes(self, event: SwitchEvent) -> bool:
        """True if a filter matches, and none that begins with a minus sign (recording 14e)."""
        sent = False
        for name, value in self.filters:
            found = event.get(name)
            if found is None:
                continue
            positive, pattern = True, value
            while pattern and pattern[0] in "+- ":
                if pattern[0] != " ":
                    positive = pattern[0] == "+"
                pattern = pattern[1:]
            if sent and positive:
                continue
            if value.startswith("/"):
                matches = search(self._switch, None, pattern, found) is not None
            else:
                matches = found.lower() == pattern.lower()
            if matches:
                if not positive:
                    return False
                sent = True
        return sent

    # --- commands

    def event(self, words: list[str]) -> str:
        """``event [plain|json|xml] <name>... [CUSTOM <subclass>...]``."""
        if words[0].lower() in ("plain", "json", "xml"):
            word = words.pop(0).lower()
            self.format = "json" if word == "json" else "xml" if word == "xml" else "plain"
        names, subclasses = _event_names(words)
        self._subclasses |= subclasses
        if not names:
            return "-ERR no keywords supplied"
        self._names |= EVENT_NAMES if "ALL" in names else names
        if "ALL" in names:
            self._nixed = set()
        self._listens = True
        self.wants_heartbeat = self.wants_heartbeat or "HEARTBEAT" in names
        return f"+OK event listener enabled {self.format}"

    def nixevent(self, words: list[str]) -> str:
        """``nixevent <name>... [CUSTOM <subclass>...]``."""
        names, subclasses = _event_names(words)
        self._subclasses -= subclasses
        if self._nixed is not None:
            self._nixed |= subclasses
        if not names:
            return "-ERR no keywords supplied"
        if "ALL" in names:
            self._names.clear()
        elif names != {"CUSTOM"}:
            self._names -= names - {"CUSTOM"}
            self._names.discard("ALL")
        self._listens = True
        return "+OK events nixed"

    def noevents(self) -> str:
        """``noevents``."""
        if not self._listens:
            return "-ERR not listening for events"
        self._listens = False
        self._names.clear()
        self._subclasses.clear()
        self._nixed = None
        return "+OK no longer listening for events"

    def filter(self, text: str) -> str:
        """``filter [add] <header> <value>``, ``filter delete <header> [<value>]``."""
        name, space, value = text.lstrip(" ").partition(" ")
        if name.lower() == "delete" and space:
            name, space, value = value.partition(" ")
            if name.lower() == "all":
                self.filters.clear()
            else:
                self.filters = [
                    pair
                    for pair in self.filters
                    if pair[0].lower() != name.lower() or (space and pair[1] != value)
                ]
            return f"+OK filter deleted. [{name}][{value}]"
        if not space:
            return "-ERR invalid syntax"
        if name.lower() == "add":
            name, _, value = value.partition(" ")
        self.filters.append((name, value))
        return f"+OK filter added. [{name}]=[{value}]"

    @property
    def has_myevents(self) -> bool:
        return self._mine is not None

    def myevents(self, uuid: str, line: str) -> str:
        """``myevents [<uuid>] [json|xml]``."""
        self._names |= MYEVENTS
        self._mine = uuid
        self._listens = True
        for format in ("xml", "json"):
            if format in line or format.upper() in line:
                self.format = "xml" if format == "xml" else "json"
        return "+OK Events Enabled"


def _event_names(words: list[str]) -> tuple[set[str], set[str]]:
    """The event names in a command, and the subclasses, which follow CUSTOM."""
    names: set[str] = set()
    subclasses: set[str] = set()
    for word in words:
        name = word.upper()
        if name[13:] in EVENT_NAMES:  # "SWITCH_EVENT_" or any 13 letters (switch_name_event)
            name = name[13:]
        if "CUSTOM" in names:
            subclasses.add(word)
        elif name in EVENT_NAMES:
            names.add(name)
    return names, subclasses


def unknown_events(words: list[str]) -> tuple[list[str], list[str]]:
    """The words of ``event`` that name no event, and are therefore skipped; and the subclasses."""
    words = [word for word in words[words[0].lower() in ("plain", "json", "xml") :] if word]
    unknown: list[str] = []
    for at, word in enumerate(words):
        names, _ = _event_names([word])
        if "CUSTOM" in names:
            return unknown, words[at + 1 :]
        if not names:
            unknown.append(word)
    return unknown, []
