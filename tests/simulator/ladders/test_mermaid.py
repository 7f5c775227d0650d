"""Ladders as Mermaid."""

from __future__ import annotations

from examples.ivr import handler as ivr
from tests.support.calls import play, press_1


def test_a_call_is_drawn_as_mermaid() -> None:
    assert (
        play(ivr, press_1).ladder("mermaid")
        == """\
---
title: "1001 calls 5000"
---
sequenceDiagram
    participant p0 as caller
    participant p1 as switch
    participant p2 as app
    p0->>p1: 0.000  calls 5000
    p2->>p1: connect, linger, filter, event
    p2->>p1: answer
    p1->>p0: 0.020  answers
    p1->>p2: answer completed
    p2->>p1: playback ivr/ivr-welcome
    p1-)+p0: 0.040  ivr/ivr-welcome
    Note over p0,p2: 2.0 s
    Note right of p0: 2.040  end of ivr/ivr-welcome
    deactivate p0
    p1->>p2: playback completed: FILE PLAYED
    p0->>p1: presses 1
    p1->>p2: 2.060  DTMF 1
    p2->>p1: playback ivr/ivr-option-1
    p1-)+p0: 2.080  ivr/ivr-option-1
    Note over p0,p2: 2.0 s
    Note right of p0: 4.080  end of ivr/ivr-option-1
    deactivate p0
    p1->>p2: playback completed: FILE PLAYED
    p2->>p1: hangup NORMAL_CLEARING
    p1->>p0: 4.100  hangs up NORMAL_CLEARING
    p1->>p2: CHANNEL_HANGUP NORMAL_CLEARING
    p1->>p2: CHANNEL_HANGUP_COMPLETE NORMAL_CLEARING
"""
    )
