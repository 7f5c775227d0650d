"""Attended transfer: talk to a third party, and hand the call over by hanging up.

mod_dptools.c, att_xfer_function; recordings 250 to 257. The leg that executes it talks to the
third party while the leg that it is bridged to waits. A key cancels (``#``), hangs up and so
connects the other two (``*``), or connects all three (``0``). A `uuid_bridge` leads back to the
waiting leg, and leaves the running application, even a `socket`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..clockwork.threads import MILLISECOND, Steps, Thread
from ..model.far_legs import FarLeg
from ..model.states import State
from ..model.tables import application
from .bridge import OnKey, connect
from .originate import originate
from .uuid_bridge import uuid_bridge

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.digits import Digit

__all__: list[str] = []

#: Microseconds between the session thread's checks of the thread that does the work.
POLL = 100 * MILLISECOND


@application("att_xfer", recordings="251 253 256 35j 44d 44f 44m")
def att_xfer(channel: Channel, data: str) -> Steps[None]:
    began = channel.now
    consultation = _Consultation(channel, data)
    steps = consultation.run()
    leaves = channel.switch.races.leaves_att_xfer(channel.uuid)
    for until in steps:
        yield until
        if not channel.up and (
            leaves == "before" or (leaves == "after" and consultation.unbridged)
        ):
            consultation.alone = True  # the thread that does the work goes on
            scheduler = channel.switch.scheduler
            yield channel.now  # the other legs notice first
            scheduler.at(channel.now, Thread(scheduler, steps).run)
            return
    done = began + (channel.now - began) // POLL * POLL + POLL
    while channel.now < done:
        yield done


class _Consultation:
    """The work of the second thread (att_thread_run)."""

    def __init__(self, channel: Channel, data: str) -> None:
        self._channel = channel
        self._data = data
        self.alone = False  #: the leg's own thread has left it
        self.unbridged = False  #: the leg and the third party were bridged, and no longer are

    def run(self) -> Steps[None]:
        channel = self._channel
        waiting = channel.bonded
        bond = channel.bond
        channel.set("soft_holding_uuid", bond)
        keep = _keep(channel, waiting)
        outcome = yield from originate(channel, self._data)
        if isinstance(outcome, FarLeg):
            outcome.inner_bridge = channel.inner_bridge = True
            yield from connect(channel, outcome, on_key=_keys(channel, outcome))
            outcome.inner_bridge = channel.inner_bridge = False
            self.unbridged = True
            if not (channel.up or self.alone):
                yield channel.now  # the waiting leg notices first
        if bond or not isinstance(outcome, FarLeg) or not outcome.up:
            channel.set("signal_bond", bond)
        if bond and isinstance(outcome, FarLeg):
            _back(channel, outcome, bond)
        if keep in channel.when_down:
            channel.when_down.remove(keep)
        channel.set("soft_holding_uuid", None)


def _keep(channel: Channel, waiting: Channel | None) -> Callable[[], None]:
    """Keep the waiting leg from hanging up with the other one (tmp_hanguphook)."""

    def keep() -> None:
        if waiting is not None and waiting.up:
            waiting.redirected = True
            waiting.poke()

    channel.when_down.append(keep)
    return keep


def _keys(channel: Channel, peer: Channel) -> OnKey:
    """The keys of the leg that transfers (xfer_on_dtmf)."""

    def key(name: str, default: str) -> str:
        return channel.get(name) or peer.get(name) or default

    cancel, hang_up = key("attxfer_cancel_key", "#"), key("attxfer_hangup_key", "*")
    together = key("attxfer_conf_key", "0")

    def on_key(digit: Digit) -> bool:
        if digit.key == hang_up:
            channel.hangup("NORMAL_CLEARING")
        elif digit.key == cancel:
            peer.hangup("NORMAL_CLEARING")
        elif digit.key == together:
            _meet(channel, peer)
        else:
            return True
        return False

    return on_key


def _meet(channel: Channel, peer: Channel) -> None:
    """Let the third party join the call, or replace a waiting leg that has gone."""
    waiting = channel.switch.locate(channel.get("soft_holding_uuid") or "")
    application = "intercept" if waiting is not None and not waiting.is_ready() else "three_way"
    peer.run_extension([(application, channel.uuid)])

    def reset() -> Steps[None]:
        del peer.state_handlers[State.RESET]
        peer.set("call_uuid", peer.call_uuid)
        peer.state = State.EXECUTE
        yield from ()

    peer.state_handlers[State.RESET] = reset
    peer.move_to(State.RESET)
    channel.set("hangup_after_bridge", None)


def _back(channel: Channel, peer: Channel, bond: str) -> None:
    """Bridge the two remaining legs."""
    switch = channel.switch
    if peer.up and not channel.is_ready():
        peer.bridged = True  # its thread has not seen the end of the bridge yet
        _note_result(peer, uuid_bridge(switch, peer.uuid, bond))
        peer.bridged = False
        return
    waiting = switch.locate(bond)
    if peer.up and waiting is not None:
        waiting.set("xfer_uuids", f"{peer.uuid} {channel.uuid}")
        channel.set("xfer_uuids", f"{peer.uuid} {waiting.uuid}")
        for one, other in ((channel, waiting), (waiting, channel)):
            one.when_down.append(_join(peer, other))
    _note_result(channel, uuid_bridge(switch, channel.uuid, bond))


def _join(peer: Channel, other: Channel) -> Callable[[], None]:
    """When one of three hangs up, the other two are bridged (hanguphook)."""

    def join() -> None:
        uuid_bridge(peer.switch, peer.uuid, other.uuid)

    return join


def _note_result(channel: Channel, done: bool) -> None:
    channel.set("att_xfer_result", "success" if done else "failure")
