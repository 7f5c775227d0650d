"""FreeSWITCH's own vocabulary: channel states, hangup causes, digit sources."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

W = TypeVar("W", bound="Word")


class Word(str, Enum):
    """A member of one of FreeSWITCH's enumerations; equal to its text."""

    def __str__(self) -> str:
        return str(self._value_)

    @classmethod
    def known(cls: type[W], text: str | None) -> W | str | None:
        """The member with that value; unknown text stays text, and None or "" is None."""
        try:
            return cls._value2member_map_[text]  # type: ignore[return-value]
        except KeyError:
            return text or None


class ChannelState(Word):
    """A channel's state (switch_types.h, ``switch_channel_state_t``), in order.

    ``ChannelState.HANGUP`` and ``ChannelState.CS_HANGUP`` are the same.
    """

    NEW = CS_NEW = "CS_NEW"
    INIT = CS_INIT = "CS_INIT"
    ROUTING = CS_ROUTING = "CS_ROUTING"
    SOFT_EXECUTE = CS_SOFT_EXECUTE = "CS_SOFT_EXECUTE"
    EXECUTE = CS_EXECUTE = "CS_EXECUTE"
    EXCHANGE_MEDIA = CS_EXCHANGE_MEDIA = "CS_EXCHANGE_MEDIA"
    PARK = CS_PARK = "CS_PARK"
    CONSUME_MEDIA = CS_CONSUME_MEDIA = "CS_CONSUME_MEDIA"
    HIBERNATE = CS_HIBERNATE = "CS_HIBERNATE"
    RESET = CS_RESET = "CS_RESET"
    HANGUP = CS_HANGUP = "CS_HANGUP"
    REPORTING = CS_REPORTING = "CS_REPORTING"
    DESTROY = CS_DESTROY = "CS_DESTROY"
    NONE = CS_NONE = "CS_NONE"

    @property
    def is_hangup(self) -> bool:
        """True for the states of a call that has ended."""
        return self in (ChannelState.HANGUP, ChannelState.REPORTING, ChannelState.DESTROY)


class CallState(Word):
    """A call's state (switch_types.h, ``switch_channel_callstate_t``; Channel-Call-State)."""

    DOWN = "DOWN"
    DIALING = "DIALING"
    RINGING = "RINGING"
    EARLY = "EARLY"
    ACTIVE = "ACTIVE"
    HELD = "HELD"
    RING_WAIT = "RING_WAIT"
    HANGUP = "HANGUP"
    UNHELD = "UNHELD"


class AnswerState(Word):
    """Whether a call was answered (switch_channel.c, switch_channel_event_set_basic_data)."""

    HANGUP = "hangup"
    ANSWERED = "answered"
    EARLY = "early"
    RINGING = "ringing"


class DTMFSource(Word):
    """Where a digit came from (switch_types.h, ``switch_dtmf_source_t``; DTMF-Source)."""

    UNKNOWN = "UNKNOWN"
    INBAND_AUDIO = "INBAND_AUDIO"
    RTP = "RTP"
    ENDPOINT = "ENDPOINT"
    APP = "APP"


class DialStatus(Word):
    """The outcome of a bridge's dialling (switch_ivr_originate.c; variable DIALSTATUS).

    For any other outcome, the variable contains the hangup cause.
    """

    SUCCESS = "SUCCESS"
    BUSY = "BUSY"
    NOANSWER = "NOANSWER"
    CANCEL = "CANCEL"
    DONTCALL = "DONTCALL"
    INVALIDARGS = "INVALIDARGS"
    CHANUNAVAIL = "CHANUNAVAIL"
    CONGESTION = "CONGESTION"


class HangupDisposition(Word):
    """Who ended a SIP call, and how (mod_sofia.c; variable sip_hangup_disposition)."""

    RECV_BYE = "recv_bye"
    SEND_BYE = "send_bye"
    RECV_REFUSE = "recv_refuse"
    SEND_REFUSE = "send_refuse"
    RECV_CANCEL = "recv_cancel"
    SEND_CANCEL = "send_cancel"


class HangupCause(Word):
    """Why a call ended (switch_types.h, ``switch_call_cause_t``); equal to its own name.

    ``code`` is FreeSWITCH's number for it: Q.850's below 128, its own above.
    """

    _value_: str
    code: int

    # Type checkers take HangupCause("USER_BUSY") for a call of this, hence the default.
    def __new__(cls, name: str, code: int = -1) -> HangupCause:
        member = str.__new__(cls, name)
        member._value_ = name
        member.code = code
        return member

    NONE = "NONE", 0
    UNALLOCATED_NUMBER = "UNALLOCATED_NUMBER", 1
    NO_ROUTE_TRANSIT_NET = "NO_ROUTE_TRANSIT_NET", 2
    NO_ROUTE_DESTINATION = "NO_ROUTE_DESTINATION", 3
    CHANNEL_UNACCEPTABLE = "CHANNEL_UNACCEPTABLE", 6
    CALL_AWARDED_DELIVERED = "CALL_AWARDED_DELIVERED", 7
    NORMAL_CLEARING = "NORMAL_CLEARING", 16
    USER_BUSY = "USER_BUSY", 17
    NO_USER_RESPONSE = "NO_USER_RESPONSE", 18
    NO_ANSWER = "NO_ANSWER", 19
    SUBSCRIBER_ABSENT = "SUBSCRIBER_ABSENT", 20
    CALL_REJECTED = "CALL_REJECTED", 21
    NUMBER_CHANGED = "NUMBER_CHANGED", 22
    REDIRECTION_TO_NEW_DESTINATION = "REDIRECTION_TO_NEW_DESTINATION", 23
    EXCHANGE_ROUTING_ERROR = "EXCHANGE_ROUTING_ERROR", 25
    DESTINATION_OUT_OF_ORDER = "DESTINATION_OUT_OF_ORDER", 27
    INVALID_NUMBER_FORMAT = "INVALID_NUMBER_FORMAT", 28
    FACILITY_REJECTED = "FACILITY_REJECTED", 29
    RESPONSE_TO_STATUS_ENQUIRY = "RESPONSE_TO_STATUS_ENQUIRY", 30
    NORMAL_UNSPECIFIED = "NORMAL_UNSPECIFIED", 31
    NORMAL_CIRCUIT_CONGESTION = "NORMAL_CIRCUIT_CONGESTION", 34
    NETWORK_OUT_OF_ORDER = "NETWORK_OUT_OF_ORDER", 38
    NORMAL_TEMPORARY_FAILURE = "NORMAL_TEMPORARY_FAILURE", 41
    SWITCH_CONGESTION = "SWITCH_CONGESTION", 42
    ACCESS_INFO_DISCARDED = "ACCESS_INFO_DISCARDED", 43
    REQUESTED_CHAN_UNAVAIL = "REQUESTED_CHAN_UNAVAIL", 44
    PRE_EMPTED = "PRE_EMPTED", 45
    FACILITY_NOT_SUBSCRIBED = "FACILITY_NOT_SUBSCRIBED", 50
    OUTGOING_CALL_BARRED = "OUTGOING_CALL_BARRED", 52
    INCOMING_CALL_BARRED = "INCOMING_CALL_BARRED", 54
    BEARERCAPABILITY_NOTAUTH = "BEARERCAPABILITY_NOTAUTH", 57
    BEARERCAPABILITY_NOTAVAIL = "BEARERCAPABILITY_NOTAVAIL", 58
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE", 63
    BEARERCAPABILITY_NOTIMPL = "BEARERCAPABILITY_NOTIMPL", 65
    CHAN_NOT_IMPLEMENTED = "CHAN_NOT_IMPLEMENTED", 66
    FACILITY_NOT_IMPLEMENTED = "FACILITY_NOT_IMPLEMENTED", 69
    SERVICE_NOT_IMPLEMENTED = "SERVICE_NOT_IMPLEMENTED", 79
    INVALID_CALL_REFERENCE = "INVALID_CALL_REFERENCE", 81
    INCOMPATIBLE_DESTINATION = "INCOMPATIBLE_DESTINATION", 88
    INVALID_MSG_UNSPECIFIED = "INVALID_MSG_UNSPECIFIED", 95
    MANDATORY_IE_MISSING = "MANDATORY_IE_MISSING", 96
    MESSAGE_TYPE_NONEXIST = "MESSAGE_TYPE_NONEXIST", 97
    WRONG_MESSAGE = "WRONG_MESSAGE", 98
    IE_NONEXIST = "IE_NONEXIST", 99
    INVALID_IE_CONTENTS = "INVALID_IE_CONTENTS", 100
    WRONG_CALL_STATE = "WRONG_CALL_STATE", 101
    RECOVERY_ON_TIMER_EXPIRE = "RECOVERY_ON_TIMER_EXPIRE", 102
    MANDATORY_IE_LENGTH_ERROR = "MANDATORY_IE_LENGTH_ERROR", 103
    PROTOCOL_ERROR = "PROTOCOL_ERROR", 111
    INTERWORKING = "INTERWORKING", 127
    SUCCESS = "SUCCESS", 142
    ORIGINATOR_CANCEL = "ORIGINATOR_CANCEL", 487
    CRASH = "CRASH", 700
    SYSTEM_SHUTDOWN = "SYSTEM_SHUTDOWN", 701
    LOSE_RACE = "LOSE_RACE", 702
    MANAGER_REQUEST = "MANAGER_REQUEST", 703
    BLIND_TRANSFER = "BLIND_TRANSFER", 800
    ATTENDED_TRANSFER = "ATTENDED_TRANSFER", 801
    ALLOTTED_TIMEOUT = "ALLOTTED_TIMEOUT", 802
    USER_CHALLENGE = "USER_CHALLENGE", 803
    MEDIA_TIMEOUT = "MEDIA_TIMEOUT", 804
    PICKED_OFF = "PICKED_OFF", 805
    USER_NOT_REGISTERED = "USER_NOT_REGISTERED", 806
    PROGRESS_TIMEOUT = "PROGRESS_TIMEOUT", 807
    INVALID_GATEWAY = "INVALID_GATEWAY", 808
    GATEWAY_DOWN = "GATEWAY_DOWN", 809
    INVALID_URL = "INVALID_URL", 810
    INVALID_PROFILE = "INVALID_PROFILE", 811
    NO_PICKUP = "NO_PICKUP", 812
    SRTP_READ_ERROR = "SRTP_READ_ERROR", 813
    BOWOUT = "BOWOUT", 814
    BUSY_EVERYWHERE = "BUSY_EVERYWHERE", 815
    DECLINE = "DECLINE", 816
    DOES_NOT_EXIST_ANYWHERE = "DOES_NOT_EXIST_ANYWHERE", 817
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", 818
    UNWANTED = "UNWANTED", 819
    NO_IDENTITY = "NO_IDENTITY", 820
    BAD_IDENTITY_INFO = "BAD_IDENTITY_INFO", 821
    UNSUPPORTED_CERTIFICATE = "UNSUPPORTED_CERTIFICATE", 822
    INVALID_IDENTITY = "INVALID_IDENTITY", 823
    STALE_DATE = "STALE_DATE", 824
    REJECT_ALL = "REJECT_ALL", 825
