"""Checks the simulated switch against the real one: `check` compares it with a recording.

The recording drives the model, and the model's messages are compared with the recorded ones, one
by one.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from pathlib import Path

from ..clockwork.threads import SECOND
from ..model.races import FirstStates, Leaves, Races
from ..model.sounds import FRAME
from ..model.states import State
from .comparison import RACE, Comparison, Mismatch, Report
from .driving import Drive
from .reading import Recording, Sent

__all__ = ["LEFT_OUT", "check", "compare"]

#: Everything that is not compared, with the reason.
LEFT_OUT = {
    "CHANNEL_PARK at the start": (
        "the event is fired at about the time of the first commands, and whether the subscription "
        "comes before it is a race"
    ),
    "events from before the connection": (
        "they wait in the switch's queue, and on a busy switch an app that subscribes at once "
        "still receives them"
    ),
    "the tail without linger": (
        "the listener closes as soon as it sees the hangup, and events that have not reached it "
        "by then are lost"
    ),
    "replies among events": (
        "the listener looks at its socket and its events every 20 ms, and events take a moment to "
        "reach it: messages closer together than that come in either order"
    ),
    "the notices among events": (
        "as for replies; the linger notice comes with the listener's next look"
    ),
    "the legs among each other": (
        "each leg has its own thread, and which of two is first is a race; the events of each leg "
        "are compared in their order"
    ),
    "a heartbeat beside another event": (
        "frames are counted for it, and which of two within a few frames comes first is a race"
    ),
    "the end of listening in on a leg that hung up": (
        "the listener's thread removes its media bug (MEDIA_BUG_STOP) while the leg's own thread "
        "ends it"
    ),
    "the first states of a leg": (
        "a far end that answers at once may do so before the leg's own thread has begun: both "
        "outcomes are right"
    ),
    "the first of two far ends": (
        "one refuses at once and another one answers at once: the switch sees either first"
    ),
    "times": "compared to within a fraction of a second, not to the microsecond",
    "Event-Sequence": "counts the events of the whole switch; it must grow",
    "Core-UUID": "differs with each start of a switch",
    "Event-Calling-*": "the line of FreeSWITCH's source that made the event; apps don't use it",
    "how far a cut playback got": "compared to within a few frames",
    "how much a recording got": (
        "a frame is recorded once both sides have sent one, which an idle channel does not"
    ),
    "numbers of `api status` and strftime": "the uptime and the build of the switch, and the date",
    "sip_* and rtp_* variables": (
        "they come from SIP messages and packet counts; there is no SIP here"
    ),
    "a leg's call as its bridge begins or ends": (
        "the leg that bridges notes the call of both (Channel-Call-UUID), the time, and where the "
        "other leg goes, and whether that leg's events come before or after that is a race"
    ),
    "loopback_leg": (
        "the leg's own thread sets it, and a far end that answers or refuses at once may do so "
        "before"
    ),
    "numbers that the switch counts on": (
        "sessions and members of conferences are numbered for the whole switch, and another call "
        "may take a number in between: each must stand for the same leg throughout"
    ),
    "last_bridge_hangup_cause of a caller who hung up": (
        "which of the two legs of a bridge is hung up first is a race"
    ),
    "the counters of HEARTBEAT": "the load of the switch since its start",
    "last_sched_id": "counts the tasks of the whole switch",
    "log/data": "the switch's own log is not modelled",
    "the display of the leg that calls": (
        "the Caller-Callee-ID of a bridged leg changes to the caller's some time after the answer"
    ),
    "the first ring and the ringback": (
        "an instant_ringback begins at about the time at which the far end rings, and whether its "
        "CODEC event already has the time of that is a race"
    ),
    "what a leg that hung up in att_xfer knows": (
        "the thread that does its work changes soft_holding_uuid, signal_bond and bridge_to, and "
        "sets att_xfer_result, while the leg's own thread ends its applications"
    ),
    "what others do": (
        "events of the other half of a loopback, of the leg that placed the call, and of other "
        "callers are not part of the call, and the circumstances don't describe them"
    ),
    "how keys were pressed": (
        "a recording doesn't say whether the caller's keys passed the filters of digits, as those "
        "of uuid_recv_dtmf do, and whether far ends that stay play something, which * ends: all of "
        "them, or none"
    ),
    "what is known of a bridge's end": (
        "the threads of both legs set bridge_hangup_cause and call_uuid, so their place among the "
        "variables, and whether the hangup of a leg already has the cause, is a race"
    ),
    "what a killed app had not read": ("it was sent, but nobody has recorded it"),
    "loops of about half a second": (
        "an execution shorter than 0.5 s ends its loops, and a file of 0.5 s takes that long give "
        "or take a frame: both outcomes are right"
    ),
}

#: What a leg knows of the end of its bridge, if it was not left by it.
TOLD = ("variable_last_bridge_hangup_cause", "variable_last_bridge_role")
#: What takes digits before an application gets them.
_FILTERS = re.compile(rb"bind_meta_app|bind_digit_action|block_dtmf|deduplicate_dtmf")
#: The first events of a leg's own thread, and then CHANNEL_STATE; and those of its far end.
FIRST_STEPS = ("CHANNEL_CREATE", "CHANNEL_ORIGINATE")
FIRST_SIGNS = ("CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_HANGUP")
#: What a leg has gone through, by the number of its first events.
GONE_THROUGH: tuple[FirstStates, ...] = ("never", "created", "created", "before")


def check(path: str | Path) -> Report:
    """Compare the model with a recording in a file.

    Raises OSError if it can't be read, and ValueError, KeyError or TypeError if it is not a
    recording.
    """
    path = Path(path)
    return compare(path.stem, Recording.read(path))


def compare(name: str, recording: Recording) -> Report:
    """Compare the model with a recording."""
    report = _check(name, recording)
    commands = b"".join(data or b"" for _, data, _ in recording.app)
    if not report.conforms and b"loops:" in commands:
        other = _check(name, recording, shortest_loop=Races.shortest_loop + FRAME)
        if other.conforms:
            other.left_out["loops of about half a second"] += 1
            return other
    if not report.conforms and _FILTERS.search(commands):
        other = _check(name, _far_ends_play(recording), unfiltered=True)
        if other.conforms:
            other.left_out["how keys were pressed"] += 1
            return other
    return report


def _far_ends_play(recording: Recording) -> Recording:
    """The recording, with far ends that answer at once and stay until they hear ``*``."""
    stays = {"answers_after": 0}
    endpoints = {
        target: {**stays, "hangs_up_on": "*"} if behaviour == stays else behaviour
        for target, behaviour in recording.circumstances.get("endpoints", {}).items()
    }
    return replace(recording, circumstances={**recording.circumstances, "endpoints": endpoints})


def _check(
    name: str,
    recording: Recording,
    *,
    shortest_loop: int = Races.shortest_loop,
    unfiltered: bool = False,
) -> Report:
    report = Report(name)
    races = RecordedRaces(recording.told, shortest_loop)
    if races.count:
        report.left_out["the first states of a leg"] += races.count
    drive = Drive(recording, races, unfiltered=unfiltered)
    found = drive.run()
    unread = _unread(recording, found)
    if unread:
        report.left_out["what a killed app had not read"] += len(unread)
        found = [each for each in found if each not in unread]
    if races.unusual:
        report.left_out["the first of two far ends"] += races.unusual
    report.expected, report.found = recording.switch, found
    comparison = Comparison(report, recording)
    comparison.roles.update(drive.roles)
    comparison.run(recording.switch, found)
    watched = recording.watched
    if watched is not None:
        seen = Report(name, expected=watched.switch, found=drive.watched)
        comparison.of(seen, watched).run(watched.switch, drive.watched)
        report.add(seen)
    if not (recording.app or recording.switch or recording.closed):
        report.differences.append(
            Mismatch("the recording", "a conversation", "its first line only", "end")
        )
    if recording.closed and not drive.closed:
        report.differences.append(Mismatch("the end", "the switch closes", "it does not", "end"))
    return report


def _unread(recording: Recording, found: list[Sent]) -> list[Sent]:
    """What the model has sent to an app that was killed, and had no time to read it."""
    if not recording.reset:
        return []
    last = max((each.time for each in recording.switch), default=0.0)
    return [each for each in found if each.time > last + RACE]


class RecordedRaces(Races):
    """Repeats the outcomes of races in the recording, one after the other, for each leg."""

    def __init__(self, messages: list[Sent], shortest_loop: int) -> None:
        self.shortest_loop = shortest_loop
        legs, peers = _races(messages)
        self._legs = {leg: deque(outcomes) for leg, outcomes in legs.items()}
        self._media_first = _media_first(messages)
        self._leaves = _leaves_att_xfer(messages)
        self.unusual = 0  # the legs that were seen first or last, as they usually are not
        hangups = [each for each in messages if each.name == "CHANNEL_HANGUP"]
        self._refused = {m.get("Unique-ID"): m.get("Hangup-Cause") != "LOSE_RACE" for m in hangups}
        self._peers = {leg: deque(outcomes) for leg, outcomes in peers.items()}
        self.count = sum(map(len, legs.values())) + sum(map(len, peers.values()))

    def first_states(self, leg: str, usual: FirstStates) -> FirstStates:
        recorded = self._legs.get(leg)
        return recorded.popleft() if recorded else usual

    def refuses_first(self, leg: str, usual: bool) -> bool:
        recorded = self._refused.get(leg, usual)
        self.unusual += recorded is not usual
        return recorded

    def media_ends_first(self, leg: str) -> bool:
        return self._media_first

    def leaves_att_xfer(self, leg: str) -> Leaves:
        return self._leaves.get(leg, super().leaves_att_xfer(leg))

    def consumes_media(self, peer: str) -> bool:
        recorded = self._peers.get(peer)
        return recorded.popleft() if recorded else False


def _media_first(messages: list[Sent]) -> bool:
    """True if a leg was left by what played or was bridged to it right before the hangup.

    A playback failed in a leg that was up, or the other side of its bridge had no cause yet.
    """
    failed = False
    for message in messages:
        if message.name == "CHANNEL_HANGUP":
            bridged = message.get("Channel-State") == "CS_EXCHANGE_MEDIA"
            told = any(map(message.get, TOLD))
            return failed or (bridged and not told)
        if message.name == "CHANNEL_EXECUTE_COMPLETE":
            error = message.get("Application-Response") == "PLAYBACK ERROR"
            failed = error and message.get("Channel-State-Number") == str(int(State.EXECUTE))
        elif message.name == "CHANNEL_STATE":
            failed = False
    return False


def _leaves_att_xfer(messages: list[Sent]) -> dict[str, Leaves]:
    """When each leg that hung up in `att_xfer` left it."""
    leaves: dict[str, Leaves] = {}
    hung_up: dict[str, float] = {}
    unbridged: set[str] = set()
    for message in messages:
        leg = message.get("Unique-ID")
        if message.name == "CHANNEL_HANGUP":
            hung_up[leg] = message.time
        elif leg in hung_up and message.name == "CHANNEL_UNBRIDGE":
            unbridged.add(leg)
        elif leg in hung_up and message.get("Application") == "att_xfer":
            at_once = message.time - hung_up[leg] < FRAME / SECOND
            leaves[leg] = "later" if not at_once else "after" if leg in unbridged else "before"
    return leaves


def _races(messages: list[Sent]) -> tuple[dict[str, list[FirstStates]], dict[str, list[bool]]]:
    """The outcomes of the races between a leg's thread and those that call or bridge it, by leg.

    They are the moments of its first states, and whether a peer reached CS_CONSUME_MEDIA before
    it was bridged. (Only legs whose uuids the app chose can be distinguished.)
    """
    legs: dict[str, list[FirstStates]] = {}
    peers: dict[str, list[bool]] = {}
    steps: dict[str, int] = {}  # that a leg has gone through, while nothing else was heard of it
    state: dict[str, str] = {}
    for message in messages:
        leg = message.get("Unique-ID")
        now, before = message.get("Channel-State"), state.get(leg, "")
        routed = message.name == "CHANNEL_STATE" and now == "CS_ROUTING"
        if message.name == "CHANNEL_OUTGOING":
            legs.setdefault(leg, []).append("never")
            steps[leg] = 0
        elif leg in steps and (message.name in FIRST_STEPS or routed):
            steps[leg] += 1
            legs[leg][-1] = GONE_THROUGH[steps[leg]]
        elif leg in steps and message.name in FIRST_SIGNS:
            del steps[leg]
        if message.name == "CHANNEL_STATE":
            if now == "CS_CONSUME_MEDIA" and steps.pop(leg, None) is not None:
                legs[leg][-1] = "before"
            if routed and before == "CS_INIT" and legs.get(leg, [""])[-1] == "never":
                legs[leg][-1] = "after"
            if before == "CS_SOFT_EXECUTE":
                if now in ("CS_CONSUME_MEDIA", "CS_EXCHANGE_MEDIA"):
                    peers.setdefault(leg, []).append(now == "CS_CONSUME_MEDIA")
            state[leg] = now
    return legs, peers
