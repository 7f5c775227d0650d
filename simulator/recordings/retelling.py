"""Turns a recording into a transcript: its events show what the caller did and heard.

A caller's action is placed by the event's own date, the event itself by its arrival. That may be
much later, since a blocking ``api``, or a sync socket, holds events back.
"""

from __future__ import annotations

import re

from eslsync.protocol import CommandParser

from ..calling.call import without_suffix
from ..clockwork.threads import SECOND
from ..ladders.transcript import CALLER, Entry, Party, describe
from .reading import Recording, Sent
from .speaking import Said, Speaking

__all__ = ["Retelling", "retell"]

#: The part of a sound file's path that gives its sampling rate.
RATE = re.compile(r"/(8|16|32|48)000/")
#: Seconds that an event may take to arrive; the listener checks every 20 ms.
ON_ITS_WAY = 0.1
#: Seconds within which one leg's hangup may follow from another's.
FOLLOWS = 0.15
#: Commands that hang up a leg, at once or later.
HANGS_UP = re.compile(
    r"^(execute )?(sched_)?hangup|uuid_kill|hupall|fsctl|transfer"
    r"|^execute (redirect|respond|limit .* !)"
)
#: Commands that subscribe to the events of prompts.
TELLS_PROMPTS = re.compile(r"^event \w+ .*(all|PLAYBACK_START)", re.IGNORECASE | re.MULTILINE)
#: A leg that the app calls under a uuid that it chose, and its dial string.
NAMED = re.compile(r"origination_uuid=([\w-]+)[^}\]]*[}\]]([^\s|,]+)")
#: Causes with which the switch itself hangs up a leg.
OF_THE_SWITCH = (
    "ALLOTTED_TIMEOUT",
    "ATTENDED_TRANSFER",
    "BLIND_TRANSFER",
    "DESTINATION_OUT_OF_ORDER",
    "LOSE_RACE",
    "MANAGER_REQUEST",
    "MEDIA_TIMEOUT",
    "NO_ROUTE_DESTINATION",
    "NO_ANSWER",
    "ORIGINATOR_CANCEL",
    "PICKED_OFF",
    "SYSTEM_SHUTDOWN",
)
#: Events of other legs, in the words that `simulator.ladders.rungs` reads.
OTHERS = {
    "CHANNEL_OUTGOING": "calls {}",
    "CHANNEL_ORIGINATE": "calls {}",
    "CHANNEL_PROGRESS": "{} rings",
    "CHANNEL_PROGRESS_MEDIA": "{} has early media",
    "CHANNEL_ANSWER": "{} answers",
}


def retell(recording: Recording) -> list[Entry]:
    """The entries of a recording's transcript."""
    return Retelling(recording).entries


class Retelling:
    """Turns a recording into entries of a transcript."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.entries: list[Entry] = []
        self.legs: dict[str, str] = {}  # names of legs, by uuid
        self._playing: list[str] = []  # prompts that the caller hears; the innermost last
        self._told: set[tuple[str, str]] = set()  # notes about other legs
        self._hung_up: dict[str, float] = {}  # times of hangups, by uuid
        self._told_off: set[str] = set()  # legs that the app has hung up
        self._base = self._clock()
        # Requested executions; and the moment before which no event was fired.
        self._asked: list[tuple[float, str]] = []
        self._since = 0.0
        self._said = "".join((data or b"").decode("latin-1") for _, data, _ in recording.app)
        self._words = set(re.split(r"[\s!=,|'\"]+", self._said.replace("file_string://", "")))
        self._prefix = ""  # of prompts' names, by FreeSWITCH
        if recording.connect and recording.connect.get("variable_sound_prefix"):
            self._prefix = f"{recording.connect.get('variable_sound_prefix')}/"
        # True if prompts have events (with myevents they have none).
        self._tells_prompts = TELLS_PROMPTS.search(self._said) is not None
        for uuid, dial_string in NAMED.findall(self._said):
            self._name(uuid, dial_string)
        connect = recording.connect
        self.uuid = connect.get("Unique-ID") if connect else ""
        if connect:
            self.legs[self.uuid] = CALLER
        if recording.circumstances.get("mode") == "outbound":
            called = recording.circumstances.get("destination", "")
            if connect:
                called = connect.get("Caller-Destination-Number")
            self._note(0.0, "caller", "switch", f"calls {called}")
        self._speaking = Speaking()
        self._go_through()
        #: What the caller said: by the one who made the recording, or as events tell.
        self.said = [
            Said(action["at"], action["talk"], action.get("words", ""))
            for action in recording.circumstances.get("actions", [])
            if "talk" in action and "at" in action
        ] or self._speaking.said
        for each in self.said:
            told = f"says {each.text}" if each.text else f"talks for {round(each.seconds, 2):g} s"
            self._note(each.time, "caller", "switch", told)
        self.entries.sort(key=lambda entry: entry.time)

    @property
    def understood(self) -> dict[str, dict[str, list[str]]] | None:
        """What recognizers understood, by engine and grammar; None if none was asked."""
        return self._speaking.understood

    def _clock(self) -> float:
        """The switch's clock at the recording's start, by the event that arrived quickest."""
        return max(
            (
                int(date) / SECOND - each.time
                for each in self.recording.switch
                if (date := each.get("Event-Date-Timestamp")).isdigit()
            ),
            default=0.0,
        )

    def _go_through(self) -> None:
        said = CommandParser()
        app = list(self.recording.app)
        for message in [*self.recording.switch, None]:
            while app and (message is None or app[0][2] <= message.order):
                time, data, _ = app.pop(0)
                if data is None and self.recording.watched is not None:
                    self._note(time, "app", "app", "is killed")
                elif data is None:
                    self._note(time, "app", "switch", "closes the connection")
                for command in said.feed(data or b""):
                    text = describe(command)
                    self._note(time, "app", "switch", text, command)
                    self._asked.append((time, command.get("execute-app-name") or ""))
                    if HANGS_UP.search(text):
                        self._told_off |= {each for each in self.legs if each in text} or {
                            self.uuid
                        }
            if message is not None:
                self._switch(message)
        if self.recording.watched is not None:
            for message in self.recording.watched.switch:
                self._switch(message, watched=True)
        if self.recording.closed:
            self._note(self.recording.ended, "switch", "app", "closes the connection")
        elif self.recording.truncated:
            self._note(self.recording.ended, "app", "app", f"cut here: {self.recording.truncated}")

    def _note(
        self, time: float, sender: Party, receiver: Party, text: str, message: object = None
    ) -> None:
        self.entries.append(Entry(time, sender, receiver, text, message, self.legs))  # type: ignore[arg-type]

    # From the switch

    def _switch(self, message: Sent, *, watched: bool = False) -> None:
        """Tell what a message means, to the app or to another client that watches."""
        if watched and message.name == "CHANNEL_EXECUTE_COMPLETE":
            if message.get("Application") == "socket":
                self._told_off.add(self.uuid)  # by the dialplan, if it is hung up
        if message.lane in ("others", "early") or message.message is None:
            return
        if message.lane == "event":
            fired = self._fired(message)
            uuid = message.get("Unique-ID")
            if uuid == self.uuid:
                self._on_our_leg(message, fired)
            elif uuid:
                self._on_another(message, fired, uuid)
        if not watched:
            self._note(message.time, "switch", "app", describe(message.message), message.message)

    def _fired(self, event: Sent) -> float:
        """The time when an event was fired: that of its arrival, unless it was held back."""
        date = event.get("Event-Date-Timestamp")
        fired = int(date) / SECOND - self._base if date.isdigit() else event.time
        if event.name == "CHANNEL_EXECUTE":
            for asked in self._asked:
                if asked[1] == event.get("Application"):
                    self._since = asked[0]
                    self._asked.remove(asked)
                    break
        return max(fired, self._since) if event.time - fired > ON_ITS_WAY else event.time

    def _on_our_leg(self, event: Sent, fired: float) -> None:
        name = event.name
        self._speaking.note(event, fired)
        if name == "CHANNEL_ANSWER":
            self._caller(fired, "answers")
        elif name == "DTMF" and event.get("DTMF-Source") != "APP":
            self._note(fired, "caller", "switch", f"presses {event.get('DTMF-Digit')}")
        elif name == "PLAYBACK_START":
            self._plays(fired, self._prompt(event.get("Playback-File-Path")))
        elif name == "PLAYBACK_STOP":
            cut = event.get("Playback-Status") == "break" or self.uuid in self._hung_up
            self._stops(fired, self._prompt(event.get("Playback-File-Path")), cut)
        elif event.get("Application") == "playback" and not self._tells_prompts:
            if name == "CHANNEL_EXECUTE":
                self._plays(fired, event.get("Application-Data"))
            elif name == "CHANNEL_EXECUTE_COMPLETE":
                played = event.get("Application-Response") == "FILE PLAYED"
                self._stops(fired, event.get("Application-Data"), cut=not played)
        elif name == "CHANNEL_BRIDGE":
            self._caller(fired, f"bridged to {self._partner(event)}")
        elif name == "CHANNEL_HANGUP":
            cause = event.get("Hangup-Cause")
            if self._is_the_callers(event, fired):
                self._note(fired, "caller", "switch", f"hangs up {cause}")
            else:
                self._caller(fired, f"hangs up {cause}")
            self._hung_up[self.uuid] = fired

    def _caller(self, time: float, text: str) -> None:
        self._note(time, "switch", "caller", text)

    def _is_the_callers(self, event: Sent, fired: float) -> bool:
        """True if the caller hung up. The event doesn't say; earlier messages do."""
        by_sip = event.get("variable_sip_hangup_disposition")
        if by_sip:
            return by_sip.startswith("recv")
        if any("hangup" in each for each in self.recording.circumstances.get("actions", [])):
            return True
        if self.uuid in self._told_off:
            return False
        cause = event.get("Hangup-Cause")
        of_a_bridge = ("variable_originate_disposition", "variable_bridge_hangup_cause")
        if cause != "ORIGINATOR_CANCEL" and cause in OF_THE_SWITCH:
            return False
        if cause != "NORMAL_CLEARING" and cause in map(event.get, of_a_bridge):
            return False
        return all(fired - time > FOLLOWS for time in self._hung_up.values())

    def _on_another(self, event: Sent, fired: float, uuid: str) -> None:
        leg = self._name(uuid, short(event.get("Channel-Name")))
        name, cause = event.name, event.get("Hangup-Cause")
        if name == "CHANNEL_HANGUP":
            followed = any(fired - time < FOLLOWS for time in self._hung_up.values())
            if followed or uuid in self._told_off or cause in OF_THE_SWITCH:
                self._tell(fired, f"hangs up {leg} {cause}")
            elif (uuid, "{} answers") in self._told:
                self._tell(fired, f"{leg} hangs up {cause}")
            else:
                self._tell(fired, f"{leg} rejects: {cause}")
            self._hung_up[uuid] = fired
        elif name == "DTMF" and event.get("DTMF-Source") != "APP":
            self._tell(fired, f"{leg} presses {event.get('DTMF-Digit')}")
        elif name == "PLAYBACK_START":
            self._tell(fired, f"{leg} hears {self._prompt(event.get('Playback-File-Path'))}")
        elif name == "CHANNEL_BRIDGE" and event.get("Other-Leg-Unique-ID") != self.uuid:
            self._tell(fired, f"{leg} is bridged to {self._partner(event)}")
        elif name in OTHERS and (uuid, OTHERS[name]) not in self._told:
            if event.get("Call-Direction") == "outbound" or name != "CHANNEL_OUTGOING":
                self._told.add((uuid, OTHERS[name]))
                self._tell(fired, OTHERS[name].format(leg))

    def _tell(self, time: float, text: str) -> None:
        self._note(time, "switch", "switch", text)

    def _partner(self, event: Sent) -> str:
        """The name of the leg at the other end of a bridge."""
        pair = {event.get("Bridge-A-Unique-ID"), event.get("Bridge-B-Unique-ID")}
        uuid = next(iter(pair - {event.get("Unique-ID")}), "")
        return self._name(uuid, short(event.get("Other-Leg-Channel-Name")) or "another")

    def _name(self, uuid: str, name: str) -> str:
        """A leg's name; further legs of the same name are numbered."""
        if uuid not in self.legs:
            others = sum(each.partition(" (")[0] == name for each in self.legs.values())
            self.legs[uuid] = f"{name} ({others + 1})" if others else name
        return self.legs[uuid]

    # Prompts

    def _plays(self, time: float, prompt: str) -> None:
        if self._playing:
            self._caller(time, f"pauses {self._playing[-1]}")
        self._playing.append(prompt)
        self._caller(time, f"plays {prompt}")

    def _stops(self, time: float, prompt: str, cut: bool) -> None:
        if prompt not in self._playing:
            return
        innermost = self._playing[-1] == prompt
        del self._playing[len(self._playing) - 1 - self._playing[::-1].index(prompt)]
        self._caller(time, f"{'cuts' if cut else 'ends'} {prompt}")
        if innermost and self._playing and self.uuid not in self._hung_up:
            self._caller(time, f"resumes {self._playing[-1]}")

    def _prompt(self, path: str) -> str:
        """A prompt's name as the app gave it, from FreeSWITCH's path."""
        path = RATE.sub("/", path)
        parts = path.split("/")
        for start in range(len(parts)):
            name = "/".join(parts[start:])
            for each in (name, without_suffix(name)):
                mentioned = each in self._words or (" " in each and each in self._said)
                if mentioned and re.search("[a-zA-Z]", each):
                    self._prefix = "/".join([*parts[:start], ""])
                    return each
        return path.removeprefix(self._prefix)


def short(channel: str) -> str:
    """A channel's name, without the suffix for the half of a loopback."""
    return re.sub(r"-[ab]$", "", channel) if channel.startswith("loopback/") else channel
