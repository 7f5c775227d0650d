"""Which processes have a socket open."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from eslsync.serving.holders import has_open, others_with

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def test_a_child_that_has_inherited_the_socket_holds_it() -> None:
    with socket.socket() as sock, socket.socket() as other:
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[sock.fileno()],
        )
        with child:
            assert child.stdout is not None
            assert child.stdin is not None
            child.stdout.readline()
            assert has_open(child.pid, sock)
            assert list(others_with(sock)) == [child.pid]
            assert not has_open(child.pid, other)
            child.stdin.write(b"\n")
        assert has_open(child.pid, sock) is False
        assert list(others_with(sock)) == []
        assert has_open(os.getpid(), sock)
