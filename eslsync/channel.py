"""A channel: a call leg with FreeSWITCH's dialplan applications as its methods."""

from __future__ import annotations

from .applications.bridging import BridgingApplications
from .applications.control import ControlApplications
from .applications.digits import DigitApplications
from .applications.recording import RecordingApplications
from .applications.variables import VariableApplications

__all__ = ["Channel"]


class Channel(
    ControlApplications,
    DigitApplications,
    RecordingApplications,
    BridgingApplications,
    VariableApplications,
):
    """A call leg, and the applications of the dialplan that can be executed on it.

    The one that is on the socket is ``session.channel``; others are given by
    `Session.originate` and `Session.leg`. A method that is named as an application executes it,
    waits until it has completed, and returns what it is for. The text that it is handed is
    taken as it is: nothing in it is expanded. What has no method is executed by `execute`.
    """
