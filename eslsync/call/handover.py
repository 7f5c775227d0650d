"""Takes a call from the switch before the handler begins, and gives it back afterwards."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Literal

from ..logs import in_call
from ..numbers import whole_seconds
from ..wire.enums import ChannelState, HangupCause
from ..wire.event_names import parse_event
from ..wire.exceptions import ESLError, Hangup, ProtocolError, TimeoutError
from ..wire.message import ConnectReply, Format
from .added_legs import AddedLegs
from .arrivals import Late
from .conversation import Conversation
from .ending import LINGER, Stage
from .left_behind import last_words, look
from .observed import how_it_ended

__all__ = ["Became", "Handover", "event_list"]

#: What becomes of a call when its handler has ended: it has hung up, the dialplan goes on, it was
#: left to its bridge, somebody else has taken it away, or its connection was lost.
Became = Literal["hung up", "given back", "bridged", "taken away", "lost"]

#: Seconds for the peer to answer ``connect``, and again for the rest of the handshake.
HANDSHAKE_TIMEOUT = 10.0

#: Events that blocking calls and the end of a call need, whatever ``events=[...]`` names.
NEEDED_EVENTS = ("CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "DTMF")


def _is_id(text: str) -> bool:
    """True for what can be a channel's id (switch_types.h, SWITCH_UUID_FORMATTED_LENGTH)."""
    return 0 < len(text) <= 256 and text.isprintable()


class Handover:
    """Takes one call and gives it back. Used in the handler's thread, except for `leave`."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        #: The legs besides the call's own.
        self.added_legs = AddedLegs(conversation)
        #: When the call was taken, by the session's clock.
        self.began = conversation.clock.now()
        #: What has become of the call, once it is closed; "lost": nobody knows.
        self.became: Became = "lost"
        #: Why it has hung up; None if it has not, or the switch never said.
        self.cause: HangupCause | str | None = None
        self._limited = False  # the switch will hang up at a limit that we can lift
        self._claimed = threading.Lock()  # taken for good by whoever gives it back

    # Taking it

    def connect(self) -> None:
        """Take the call.

        Raises Disconnected if the peer closes the connection (a health check), ProtocolError if
        it is not a switch.
        """
        conversation = self._conversation
        try:
            reply = conversation.commands.run("connect", timeout=HANDSHAKE_TIMEOUT)
        except TimeoutError:
            ignored = conversation.connection.ignored
            if ignored is not None:
                raise ProtocolError(f"it was not read any more after {ignored}") from None
            raise
        ids = (reply.get("Unique-ID", ""), reply.get("Event-Sequence", "0"))
        if not isinstance(reply, ConnectReply) or not all(map(_is_id, ids)):
            what = "the reply to connect is not a channel's data"
            raise ProtocolError(what, conversation.redact.data(reply.head))
        conversation.context = reply
        conversation.own.uuid = ids[0]
        conversation.own.begin(reply)
        conversation.legs[ids[0]] = conversation.own
        conversation.commands.ids = "/".join(ids)
        conversation.full = reply.late_header("Control") == "full"
        subscription = conversation.subscription
        subscription.uuid, subscription.full = ids[0], conversation.full
        subscription.is_async = reply.late_header("Socket-Mode") == "async"
        facts = {
            "uuid": ids[0],
            "caller": self._shown(reply, "Caller-Caller-ID-Number"),
            "destination": self._shown(reply, "Caller-Destination-Number"),
        }
        conversation.logger.extra = facts
        in_call(facts)

    def _shown(self, reply: ConnectReply, header: str) -> str:
        """The value of a header, for the log."""
        return self._conversation.redact.value(header, reply.get(header, ""))

    def prepare(
        self,
        events: bool | Sequence[str],
        linger: bool | float,
        format: Format,
        max_duration: float | None,
    ) -> None:
        """Before the handler begins: have the switch linger, send events, and limit the call."""
        conversation = self._conversation
        conversation.subscription.format = format
        deadline = conversation.deadline(HANDSHAKE_TIMEOUT)
        commands = []
        if linger is not False and conversation.full:
            conversation.ending.linger = (
                LINGER if linger is True else whole_seconds("linger", linger)
            )
            commands.append(f"linger {conversation.ending.linger}")
        if events is not False:
            commands += self._asking_for(() if events is True else [*events, *NEEDED_EVENTS])
        conversation.commands.say(commands, deadline)
        if max_duration is not None:
            self._limit(max_duration, conversation.left(deadline))
        cut_by = conversation.connection.cut_by
        if cut_by is not None:  # no need for the handler to begin
            raise type(cut_by)(*cut_by.args)

    def _asking_for(self, events: Sequence[str]) -> list[str]:
        """The commands that subscribe to these events, or to all.

        The filter keeps the events of other calls away; those that were named, and may be about
        no channel, pass it.
        """
        conversation = self._conversation
        subscription = conversation.subscription
        if not conversation.full:
            # without ``full``, `event` is refused but myevents is not (recording 08c)
            return [subscription.myevents]
        openings = dict.fromkeys(map(subscription.opening, one_by_one(events)))
        return [
            f"filter Unique-ID {conversation.uuid}",
            *(opening for opening in openings if opening is not None),
            subscription.event(event_list(events) if events else "all"),
        ]

    def _limit(self, seconds: float, timeout: float | None) -> None:
        """Have the switch hang up after ``seconds``, whatever the handler does by then.

        The switch's own clock decides, so even a stuck handler can't hold its caller. A task due
        in N seconds runs N - 1 to N + 0.5 seconds from now (recording 27c).
        """
        conversation = self._conversation
        when, cause = f"+{math.ceil(seconds) + 1}", HangupCause.ALLOTTED_TIMEOUT
        if conversation.full:
            # In a separate group: sched_hangup uses the channel's, which others use as well.
            kill = f"uuid_kill {conversation.uuid} {cause}"
            conversation.commands.api(f"sched_api {when} {self._limit_group} {kill}", timeout)
        else:
            conversation.own.start("sched_hangup", f"{when} {cause}", timeout)
        self._limited = conversation.full

    def _lift_limit(self) -> None:
        """Lift the limit, which must not apply to the dialplan that follows."""
        if self._limited:
            self._limited = False
            conversation = self._conversation
            try:
                last_words = conversation.ending.last_words()
                conversation.commands.exchange(
                    f"api sched_del {self._limit_group}", timeout=last_words
                )
            except ESLError as error:  # at the limit, it finds no channel
                conversation.logger.debug(
                    "the limit of the call's duration was not cancelled: %s", error
                )

    @property
    def _limit_group(self) -> str:
        return f"eslsync/{self._conversation.uuid}"

    def refuse(self, cause: HangupCause) -> None:
        """Hang up, and let the switch close: our close could overtake the hangup (14b2)."""
        conversation = self._conversation
        last_words = conversation.ending.last_words()
        deadline = conversation.deadline(last_words)
        headers = (("call-command", "hangup"), ("hangup-cause", str(cause)))
        conversation.commands.run("sendmsg", headers, last_words)
        try:
            while conversation.ending.failure is None:
                conversation.arrivals.collect(deadline)
        except Late:
            pass

    # Giving it back

    def claim(self) -> bool:
        """True for the first who asks: the one to give the call back, and to tell of its end."""
        return self._claimed.acquire(blocking=False)

    def leave(self) -> bool:
        """Give the call back in place of a handler that is stuck; False if that does so itself.

        Waits for nothing (left_behind.py). Another thread's: the handler's finds, whenever it goes
        on, that the connection has ended.
        """
        if not self.claim():
            return False
        conversation = self._conversation
        observed, own = conversation.observed, conversation.own
        known = look(conversation)
        gone, words, bridged = own.uuid in known.gone, b"", False
        if not gone and own.transferred is None:
            limit = self._limit_group if self._limited else ""
            words, bridged = last_words(conversation, known, limit, self.added_legs.originated)
        up = conversation.connection.leave(words)
        if gone:
            self.became, self.cause = "hung up", known.cause
            if observed is not None:
                observed.note_hangup(known.cause)
        elif own.transferred is not None:
            self.became = "taken away"
        elif up:
            self.became = "bridged" if bridged else "given back"
            if observed is not None:
                observed.tell("given_back")
        return True

    def close(self) -> None:
        """Give the call back if it is still up, and close in order, after the handler."""
        conversation = self._conversation
        conversation.callbacks.clear()
        for leg in conversation.legs.values():
            leg.digit_handlers.clear()
        conversation.ending.note_leaving()
        try:
            self.give_back(breaks_off=not conversation.ending.exiting)
        except Hangup as hangup:
            self.became, self.cause = "hung up", hangup.cause
            if conversation.observed is not None:
                conversation.observed.note_hangup(hangup.cause)
            self._tell_hangup()
        except ESLError as error:
            conversation.logger.debug("the call could not be given back: %s", error)
        except Exception as error:  # noqa: BLE001 - an on_hangup callback's, which is logged already
            self.became, self.cause = "hung up", conversation.ending.cause
            self._tell_failed(error)
        finally:
            conversation.connection.close()

    def _tell_hangup(self) -> None:
        try:
            self._conversation.turns.tell_hangup()
        except Exception as error:  # noqa: BLE001 - logged already, and the handler has returned
            self._tell_failed(error)

    def _tell_failed(self, error: Exception) -> None:
        observed = self._conversation.observed
        if observed is not None and how_it_ended(error) == "failed":
            observed.tell("failed", error)

    def give_back(self, *, breaks_off: bool) -> None:
        """Give the call back to the dialplan. Raises Hangup if it has ended instead.

        With ``breaks_off``, applications that still run don't hold the caller (`_break_off`);
        otherwise FreeSWITCH finishes them first, and those that are queued (12c, 12k), unless one
        of them would never end.
        """
        self._lift_limit()
        self.added_legs.leave()
        conversation = self._conversation
        own, ending = conversation.own, conversation.ending
        if ending.stage is not Stage.OVER or own.hangup_event is None:
            conversation.arrivals.pull()
        if ending.stage is Stage.OVER or own.hangup_event is not None:
            if conversation.turns.hangup_callbacks:
                conversation.until("the end of the call", lambda _: None, None, wanted=())
            raise conversation.hangup()
        conversation.raise_if_over()
        own.digit_handlers.clear()
        if own.transferred is not None:
            self.became = "taken away"
            return
        parked = own.state is ChannelState.PARK  # by park_after_bridge, outside of the dialplan
        if "socket_resume" in conversation.context.variables:
            self._take_back_resume()
        if own.left_socket and (own.leaves_dialplan or parked):
            self._leave_bridged()
            return
        if (breaks_off or own.plays_for_ever) and not own.left_socket:
            self._break_off()
        own.borrowed.put_back(ending.last_words())
        self._make_safe_to_leave()
        self.became = "given back"
        self._tell_given_back()

    def _break_off(self) -> None:
        """Have the dialplan go on at once, though an application still runs, such as music.

        ``resume`` cuts it as the connection ends (recording 12q), and a break ends it now. Callers
        who talk to others, in a bridge for instance, are left there: only what runs inside is
        broken off.
        """
        conversation, own = self._conversation, self._conversation.own
        last_words = conversation.ending.last_words
        if own.sent_away or not own.plays_on:
            return
        running = [each.facts for each in own.under_way]
        if any(each.joins for each in running):
            self.added_legs.break_off(own, "all")
        elif conversation.subscription.is_async:
            if any(each.records for each in running):
                self._end_recording()
            conversation.commands.exchange("resume", timeout=last_words())
            if "socket_resume" not in conversation.context.variables:
                own.start("unset", "socket_resume", last_words())  # not for later sockets

    def _take_back_resume(self) -> None:
        """Unset the dialplan's ``socket_resume``, which is for apps that die, where it would harm.

        It cuts a bridge, in which the caller may stay (recording 50m), and leaves a call of a
        socket without ``async`` in CS_RESET for ever (51b).
        """
        conversation, own = self._conversation, self._conversation.own
        last_words, is_async = conversation.ending.last_words(), conversation.subscription.is_async
        joined = own.left_socket or any(each.facts.joins for each in own.under_way)
        if is_async and not joined:
            return
        if conversation.full:
            command = f"uuid_setvar {own.uuid} socket_resume false"
            conversation.commands.api(command, last_words)
        else:
            # Set after the end of the connection, it would leave the caller in CS_RESET, too.
            own.do("set", "socket_resume=false", last_words)

    def _end_recording(self) -> None:
        """Break off what records, and what runs inside, the innermost first.

        A recording that is cut hangs the channel up (mod_dptools.c, record_function).
        """
        conversation, own = self._conversation, self._conversation.own
        deadline = conversation.deadline(conversation.ending.last_words())
        while any(each.facts.records for each in own.under_way):
            running = [each for each in own.under_way if each.application != "break"]
            locked = next((each for each in running if each.lock), None)
            if locked is None:
                own.start("break", timeout=conversation.left(deadline))
            elif conversation.full:  # a break would wait behind the lock
                self.added_legs.break_off(own)
            else:
                return
            (locked or running[-1]).wait(deadline)

    def _leave_bridged(self) -> None:
        """Let the call end with its bridge, or now: it has left the dialplan.

        Otherwise it would stay parked, with nobody in control.
        """
        conversation = self._conversation
        own, ending = conversation.own, conversation.ending
        command = f"uuid_setvar {own.uuid} park_after_bridge false"
        conversation.commands.api(command, ending.last_words())
        if not own.ask_variable("bridge_to", ending.last_words()):
            self.added_legs.hang_up(own.uuid)
            deadline = conversation.deadline(ending.last_words())
            conversation.until("the end of the call", lambda _: None, deadline, wanted=())
        self.became = "bridged"
        self._tell_given_back()

    def _tell_given_back(self) -> None:
        observed = self._conversation.observed
        if observed is not None:
            observed.tell("given_back")

    def _make_safe_to_leave(self) -> None:
        conversation = self._conversation
        own, last_words = conversation.own, conversation.ending.last_words
        if own.has_completed:
            return
        # A close within a moment of connect leaves the caller parked for ever, with nobody in
        # control (recording 14b2). A completed application proves that this moment is over.
        if not conversation.subscription.completions:
            events = self._asking_for(["CHANNEL_EXECUTE_COMPLETE"])
            conversation.commands.say(events, conversation.deadline(last_words()))
        own.do("set", "eslsync_gave_back=true", last_words())


def one_by_one(events: Sequence[str]) -> list[str]:
    """The events, each once; ``"CUSTOM <subclass> <subclass>"`` names several."""
    names: list[str] = []
    for event in events:
        word, *subclasses = event.split() or [""]
        several = word == "CUSTOM" and subclasses
        names += [f"{word} {each}" for each in subclasses] if several else [event]
    return list(dict.fromkeys(names))


def event_list(names: Sequence[str]) -> str:
    """Write the arguments of ``event``: each name once, subclasses last, after one CUSTOM."""
    events = [parse_event(name) for name in one_by_one(names)]
    plain = [name for name, _ in events if name != "CUSTOM"]
    custom = [subclass for name, subclass in events if name == "CUSTOM"]
    return " ".join([*plain, *(["CUSTOM", *filter(None, custom)] if custom else [])])
