"""Legs besides the one on the socket: originated, looked up, hung up when the handler ends."""

from __future__ import annotations

from collections.abc import Mapping

from ..wire.arguments import check_line, check_uuid, with_variables, word
from ..wire.exceptions import CommandError, ESLError, ProtocolError
from ..wire.message import Event
from .conversation import Conversation
from .job import result_of
from .leg import Leg

__all__ = ["AddedLegs"]

#: The variable that marks all legs called by one `originate`.
MARK = "eslsync_originate"


class AddedLegs:
    """The legs that a handler has added to its session."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._originated: list[Leg] = []

    @property
    def originated(self) -> frozenset[str]:
        """The uuids of those that were called. Any thread."""
        return frozenset(leg.uuid for leg in self._originated.copy())

    def originate(
        self, dial_string: str, variables: Mapping[str, str], timeout: float | None
    ) -> Leg:
        """Call somebody, and wait until they answer: see `Session.originate`."""
        conversation = self._conversation
        conversation.check_thread()
        conversation.subscription.check_any("the answer")
        deadline = conversation.deadline(timeout)
        if not dial_string:
            raise ValueError("originate: the dial string is empty; name an endpoint: user/1000")
        check_line(with_variables(variables, dial_string))
        leg = self._add(
            _named(conversation.commands.api("create_uuid", conversation.left(deadline)))
        )
        variables = {**variables, "origination_uuid": leg.uuid, MARK: leg.uuid}
        command = f"originate {word(with_variables(variables, dial_string))} &park()"
        self._originated.append(leg)
        try:
            job = conversation.jobs.start(command, conversation.left(deadline))
            uuid = result_of(job, deadline).removeprefix("+OK ")
        except CommandError:
            self._forget(leg)  # it was never created
            raise
        except BaseException:
            self._hang_up_rest(leg.uuid)
            raise
        if uuid != leg.uuid:  # of several called legs, only the first has our uuid
            self._forget(leg)
            leg = self._add(_named(uuid))
            self._originated.append(leg)
        self._look_at(leg)
        return leg

    def look_up(self, uuid: str) -> Leg:
        """The leg with this uuid: see `Session.leg`."""
        conversation = self._conversation
        conversation.check_thread()
        known = conversation.legs.get(uuid)
        if known is not None:
            return known
        conversation.subscription.check_any("its hangup")
        leg = self._add(check_uuid(uuid))
        try:
            self._look_at(leg)
        except CommandError:
            self._forget(leg)
            raise
        return leg

    def _add(self, uuid: str) -> Leg:
        """Let the leg's events through from now on, and file them under it.

        Forgets legs that have ended, so that a handler may call any number one after the other.
        """
        conversation = self._conversation
        filters = [f"filter Unique-ID {uuid}"]
        for ended in [each for each in conversation.legs.values() if self._is_over(each)]:
            filters.append(_no_filter(ended))
            self._drop(ended)
        if conversation.subscription.filtered:
            conversation.commands.say(filters, None)
        conversation.arrivals.read_recent()  # earlier events don't count for this leg
        leg = conversation.legs[uuid] = Leg(conversation, uuid, Event(b""))
        return leg

    def _is_over(self, leg: Leg) -> bool:
        """True for a leg whose last event has come, and has had its turn."""
        conversation = self._conversation
        return (
            not leg.is_own
            and conversation.ending.has_gone(leg)
            and all(event.uuid != leg.uuid for event in conversation.backlog)
        )

    def _forget(self, leg: Leg) -> None:
        self._drop(leg)
        if self._conversation.subscription.filtered:
            self._conversation.commands.run(_no_filter(leg))

    def _drop(self, leg: Leg) -> None:
        """Keep nothing of a leg; a channel that the handler has still tells how it ended."""
        conversation = self._conversation
        if leg in self._originated:
            self._originated.remove(leg)
        for each in leg.under_way:
            del conversation.under_way[each.uuid]
        conversation.callbacks.forget(leg.uuid)
        del conversation.legs[leg.uuid]

    def _look_at(self, leg: Leg) -> None:
        """Ask for the leg's state and variables, unless an event has given them."""
        if leg.hangup_event is None and not leg.latest.name:
            dump = self._conversation.commands.run(f"api uuid_dump {leg.uuid}")
            if not leg.latest.name:
                leg.begin(Event(dump.content.rstrip(b"\n")))

    def _hang_up_rest(self, mark: str) -> None:
        """Hang up every leg that an originate has called so far."""
        conversation = self._conversation
        try:
            command = f"api hupall NORMAL_CLEARING {MARK} {mark}"
            conversation.commands.exchange(command, timeout=conversation.ending.last_words())
        except ESLError as error:
            conversation.logger.debug("ringing legs could not be hung up: %s", error)

    def hang_up(self, uuid: str) -> None:
        """Hang up a leg if it is still up. Logs errors: the call is being left."""
        conversation = self._conversation
        try:
            last_words = conversation.ending.last_words()
            conversation.commands.exchange(f"api uuid_kill {uuid}", timeout=last_words)
        except ESLError as error:
            conversation.logger.debug("%s could not be hung up: %s", uuid, error)

    def break_off(self, leg: Leg, how: str = "") -> None:
        """End what plays on a leg; with ``"all"`` also what is queued. Logs errors."""
        conversation = self._conversation
        try:
            last_words = conversation.ending.last_words()
            if conversation.full:
                conversation.commands.exchange(
                    f"api uuid_break {leg.uuid} {how}".rstrip(), timeout=last_words
                )
            else:
                leg.start("break", timeout=last_words)
        except ESLError as error:
            conversation.logger.debug("what plays on %s is not ended: %s", leg.uuid, error)

    def leave(self) -> None:
        """Hang up every leg that we have called, unless it is bridged by now.

        End what plays on legs that go on.
        """
        conversation = self._conversation
        if len(conversation.legs) > 1:
            conversation.arrivals.pull()
        while self._originated:
            self._leave(self._originated.pop(0))
        for leg in conversation.legs.values():
            if not leg.is_own and _is_ours(leg) and leg.plays_on:
                self.break_off(leg)

    def _leave(self, leg: Leg) -> None:
        conversation, ending = self._conversation, self._conversation.ending
        try:
            if leg.hangup_event is not None or leg.transferred is not None:
                return
            if not leg.ask_variable("bridge_to", ending.last_words()):
                self.hang_up(leg.uuid)
                leg.sent_away = True
            elif leg.leaves_dialplan:
                command = f"uuid_setvar {leg.uuid} park_after_bridge false"
                conversation.commands.api(command, ending.last_words())
        except ESLError as error:  # it may have hung up meanwhile
            conversation.logger.debug("%s is left: %s", leg.uuid, error)


def _no_filter(leg: Leg) -> str:
    return f"filter delete Unique-ID {leg.uuid}"


def _is_ours(leg: Leg) -> bool:
    return leg.hangup_event is None and leg.transferred is None


def _named(uuid: str) -> str:
    """Return the uuid in a switch's answer. Raises ProtocolError if it can't be one."""
    try:
        return check_uuid(uuid)
    except ValueError:
        said = uuid.encode("utf-8", "replace")
        raise ProtocolError("the answer is not a channel's uuid", said) from None
