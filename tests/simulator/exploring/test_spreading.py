"""Calls made by other processes, and by executors of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring.reports import as_json
from tests.support.places import EXAMPLES


def hangs_up(session: Session) -> None:
    session.channel.hangup()


def test_a_function_cannot_be_loaded_elsewhere() -> None:
    with ThreadPoolExecutor(1) as executor, pytest.raises(TypeError, match="name the file or"):
        explore(hangs_up, executor=executor)


@contextmanager
def dask() -> Iterator[Executor]:
    distributed: Any = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)


EXECUTORS: dict[str, Callable[[], AbstractContextManager[Executor]]] = {
    "threads": lambda: ThreadPoolExecutor(2),
    "dask": dask,
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", EXECUTORS)
def test_the_report_is_the_same_whoever_makes_the_calls(name: str) -> None:
    alone = explore(EXAMPLES / "basic.py", keys="1", workers=1)
    with EXECUTORS[name]() as executor:
        together = explore(EXAMPLES / "basic.py", keys="1", executor=executor)
    assert as_json(together) == as_json(alone)
    assert str(together) == str(alone)


@pytest.mark.thorough
def test_a_handler_that_ends_its_process_does_not_end_the_executors(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os\n\ndef handler(session):\n    os.kill(os.getpid(), 9)\n",
        encoding="utf-8",
    )
    with ThreadPoolExecutor(1) as executor:
        exploration = explore(tmp_path / "app.py", executor=executor)
        assert executor.submit(int, "1").result() == 1
    assert exploration.stopped == "a worker process died"


@pytest.mark.thorough
def test_what_runs_of_an_imported_handler_is_noted_in_each_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its module is not loaded anew for each call, and has its probes until the process ends."""
    (tmp_path / "imported_for_spreading.py").write_text(
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    if session.channel.play_and_get_digits('menu') == '1':\n"
        "        session.channel.playback('one')\n"
        "    session.channel.hangup()\n",
        encoding="utf-8",
    )
    file = tmp_path / "app.py"
    file.write_text("from imported_for_spreading import handler\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    together, alone = (explore(file, keys="1", workers=workers) for workers in (2, 1))
    assert together.findings == alone.findings == []
    assert str(together) == str(alone)
