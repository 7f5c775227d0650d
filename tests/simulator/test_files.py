"""Files are written whole, or stay as they were."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from simulator.files import write


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "map.svg"
    write(path, "one")
    path.chmod(0o640)
    write(path, "Jürgen \ud800")
    assert path.read_bytes() == "Jürgen \\ud800".encode()
    assert path.stat().st_mode & 0o777 == 0o640 or os.name != "posix"
    assert [each.name for each in tmp_path.iterdir()] == ["map.svg"]


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.svg"
    write(path, "one")

    def half(self: Path, content: bytes) -> int:
        with open(self, "wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match=r"No space left on device: '.*map\.svg'"):
        write(path, "another")
    assert path.read_text() == "one"
    assert [each.name for each in tmp_path.iterdir()] == ["map.svg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system")
def test_a_link_and_a_device_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write(tmp_path / "link", "one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "one"
    write(Path("/dev/null"), "one")
    assert not Path("/dev/null").is_file()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        write(tmp_path / "missing" / "file", "one")
