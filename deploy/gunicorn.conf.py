# gunicorn: several processes that serve calls on one port, replaced without losing a call.
#   pip install 'eslsync[gunicorn]'; gunicorn -c gunicorn.conf.py ivr:app
# ivr:app is an Outbound, or a handler. See docs/guides/production.md, "Several processes".

worker_class = "eslsync.gunicorn.Worker"
# The port that the dialplan's `socket` names. `allow` of the Outbound says who may call.
bind = "0.0.0.0:5000"
# One a core: a Python process uses one. Calls go to the worker that has the fewest.
workers = 4
# A worker whose threads hang for so many seconds is replaced. A handler may take for ever.
timeout = 30
# When all stops, workers are killed after so many seconds; calls have 10 s less.
graceful_timeout = 60
# After a reload (HUP), calls on the old code have so many seconds.
raw_env = ["ESLSYNC_DRAIN=3600"]

# Metrics of all workers, by an endpoint in the arbiter (extra `prometheus`). The folder is there
# and empty when gunicorn starts, as those of RuntimeDirectory= are.
# raw_env += ["PROMETHEUS_MULTIPROC_DIR=/run/ivr"]
#
#
# def when_ready(server):
#     from eslsync.prometheus import Endpoint
#
#     server.metrics = Endpoint("127.0.0.1:9100")
#
#
# def child_exit(server, worker):
#     from prometheus_client.multiprocess import mark_process_dead
#
#     mark_process_dead(worker.pid)

# Where `kill -HUP $(cat ...)` finds the arbiter.
pidfile = "/run/ivr/gunicorn.pid"
# After so many calls a worker is replaced as soon as it has none; not all at the same time.
# max_requests = 100_000
# max_requests_jitter = 10_000

# All lines go to standard error, those of a call with its uuid.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"call": {"()": "eslsync.logs.CallFilter"}},
    "formatters": {
        # One JSON object a line (extra `json`):
        # "line": {"()": "eslsync.json_logs.JsonFormatter"},
        "line": {"format": "%(asctime)s %(process)d %(levelname)s %(uuid)s %(message)s"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["call"], "formatter": "line"}
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}},
}
