"""Commands in the background: `bgapi` and its job."""

from __future__ import annotations

import pytest

from eslsync import CommandError, Session
from tests.support.cases import for_each
from tests.support.peer import call, event, quiet_call, reply


def job_done(uuid: str, printed: str) -> bytes:
    return event({"Event-Name": "BACKGROUND_JOB", "Job-UUID": uuid}, printed)


def test_bgapi_waits_for_its_own_job_whichever_ends_first() -> None:
    def handler(session: Session) -> list[str]:
        first, second = session.bgapi("msleep 300"), session.bgapi("version")
        told = [second.wait(), str(second.done), str(first.done)]
        session.send("getvar x")
        return [*told, first.wait()]

    with call(handler) as peer:
        peer.handshake()
        # Our filter would hide the event.
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        jobs = [peer.serve("bgapi msleep 300"), peer.serve("bgapi version")]
        first, second = (job.get("Job-UUID") for job in jobs)
        assert first != second
        peer.say(job_done("of somebody else", "x"))
        peer.say(job_done(str(second), "FreeSWITCH 1.10\n"))
        peer.serve("getvar x")
        peer.say(job_done(str(first), "+OK\n"))
    assert peer.returned == ["FreeSWITCH 1.10", "True", "False", "+OK"]


def test_a_job_that_ends_before_its_reply_is_noticed() -> None:
    with call(lambda session: session.bgapi("version").wait()) as peer:
        peer.handshake()
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        uuid = peer.hear("bgapi version").get("Job-UUID")
        peer.say(job_done(str(uuid), "1.10"), reply("+OK Job-UUID: " + str(uuid)))
    assert peer.returned == "1.10"


def test_a_job_that_fails_raises_what_it_printed() -> None:
    with call(lambda session: session.bgapi("bogus").wait()) as peer:
        peer.handshake()
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        uuid = peer.serve("bgapi bogus").get("Job-UUID")
        peer.say(job_done(str(uuid), "-ERR bogus Command not found!\n"))
    assert isinstance(peer.raised, CommandError)
    assert peer.raised.text == "-ERR bogus Command not found!"


@for_each(
    ("before", "filters", "subscribes"),
    [
        ([], True, True),  # with none at all, every job of the switch would come
        (["filter Unique-ID x", "event plain all"], True, True),
        (["event plain all"], False, False),  # a first filter would hide all but our jobs
        (["myevents"], False, True),  # and so it would here (05i)
        (["event plain all", "nixevent BACKGROUND_JOB"], False, True),
        (["event plain all", "noevents"], True, True),
    ],
)
def test_bgapi_filters_for_its_jobs_only_where_that_hides_nothing(
    before: list[str], filters: bool, subscribes: bool
) -> None:
    def handler(session: Session) -> None:
        for command in before:
            session.send(command)
        session.bgapi("version")
        session.bgapi("status")

    with quiet_call(handler) as peer:
        peer.connect()
        for command in before:
            peer.serve(command)
        if filters:
            peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        if subscribes:
            peer.serve("event plain BACKGROUND_JOB")
        peer.serve("bgapi version")
        peer.serve("bgapi status")
    assert peer.raised is None


def test_a_job_that_was_refused_is_forgotten() -> None:
    def handler(session: Session) -> int:
        with pytest.raises(CommandError):
            session.bgapi("version")
        return len(session.channel.leg.conversation.jobs.running)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        peer.serve("bgapi version", "-ERR command not found")
    assert peer.returned == 0
