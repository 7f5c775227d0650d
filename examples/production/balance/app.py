"""What is served: the dialogue, its database, its metrics and traces.

    eslsync serve balance.app:app
    gunicorn -k eslsync.gunicorn.Worker -c gunicorn.conf.py balance.app:app

DATABASE_URL names the database, SWITCHES the networks whose FreeSWITCH may call. (`eslsync serve`
has ESLSYNC_ALLOW as well, which replaces SWITCHES; gunicorn has nothing like it.)
"""

from __future__ import annotations

import os

from eslsync import Outbound, Session
from eslsync.opentelemetry import Traces
from eslsync.prometheus import Metrics

from .accounts import Accounts
from .ivr import tell_balance

accounts = Accounts(os.environ.get("DATABASE_URL", "sqlite://balance.db"))


def handler(session: Session) -> None:
    tell_balance(session.channel, accounts)


app = Outbound(
    handler,
    allow=os.environ.get("SWITCHES", "127.0.0.1").split(","),
    max_calls=500,
    max_call_duration=1800,
    observers=[Metrics(), Traces()],
)


@app.on_start
def open_database() -> None:
    accounts.open()


@app.on_stop
def close_database() -> None:
    accounts.close()
