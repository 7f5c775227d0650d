"""A channel: a call leg with FreeSWITCH's dialplan applications as its methods."""

from __future__ import annotations

from .applications.bridging import BridgingApplications
from .applications.control import ControlApplications
from .applications.digits import DigitApplications
from .applications.recording import RecordingApplications
from .applications.speech import SpeechApplications
from .applications.variables import VariableApplications

__all__ = ["Channel"]


class Channel(
    ControlApplications,
    DigitApplications,
    RecordingApplications,
    SpeechApplications,
    BridgingApplications,
    VariableApplications,
):
    """A call leg, and the applications of the dialplan that can be executed on it.

    ``session.channel`` is the one on the socket; `Session.originate` and `Session.leg` return
    others. A method named after an application executes it, waits until it has completed, and
    returns its result. FreeSWITCH expands nothing in the method's arguments. For an application
    without a method, use `execute`.

    Many methods have these parameters, and say where they mean something else. ``timeout``: raise
    TimeoutError after so many seconds (None: wait as long as it takes); what runs then continues.
    ``lock``: True to have what is sent meanwhile, by callbacks for instance, wait until this has
    completed, instead of interrupting it. ``block``: False to return an `Execution` at once.
    ``name`` is a variable's, ``dialplan`` and ``context`` are those of an ``extension`` (None: as
    the channel has them), and ``leg`` is one of two that are bridged, unless told otherwise.
    """
