"""Files that grow and are rotated: nothing is lost, nothing comes twice."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nodeobs.logfile.follow import GRACE, FollowedFile


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Writer:
    """A log and who writes to it: appends numbered lines, in pieces if need be."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "api.log"
        self._file = self.path.open("ab", buffering=0)
        self._half = b""
        self.written: list[bytes] = []

    def line(self, length: int = 8) -> None:
        text = b"%05d" % len(self.written) + b"x" * length
        self._file.write(self._half + text + b"\n" if not self._half else b"\n")
        if self._half:
            self._half = b""
        else:
            self.written.append(text)

    def half(self) -> None:
        """The beginning of a line, whose end the next `line` is."""
        if not self._half:
            self._half = b"%05d half" % len(self.written)
            self.written.append(self._half)
            self._file.write(self._half)

    def rename(self) -> None:
        """As logrotate's `create`; the writer goes on with the old file until `reopen`."""
        self._shift()
        self.path.rename(self.path.with_name("api.log.1"))
        self.path.touch()

    def reopen(self) -> None:
        if self._half:
            self.line()
        self._file.close()
        self._file = self.path.open("ab", buffering=0)

    def copy_and_truncate(self) -> None:
        self._shift()
        shutil.copyfile(self.path, self.path.with_name("api.log.1"))
        os.truncate(self.path, 0)

    def _shift(self) -> None:
        for number in range(8, 0, -1):
            old = self.path.with_name(f"api.log.{number}")
            if old.exists():
                old.rename(self.path.with_name(f"api.log.{number + 1}"))

    def close(self) -> None:
        self._file.close()


def lines_of(followed: FollowedFile) -> list[bytes]:
    return b"".join(followed.pieces()).splitlines()


OPERATIONS = st.sampled_from(["line", "line", "half", "look", "look", "rename", "reopen", "copy"])


@settings(max_examples=150, deadline=None)
@given(st.lists(OPERATIONS, max_size=40))
@example(["line", "look", "line", "copy", "line", "look"])
@example(["line", "look", "half", "copy", "line", "look"])
@example(["line", "look", "rename", "line", "look", "reopen", "line", "look"])
@example(["half", "look", "rename", "line", "reopen", "line", "look"])
def test_nothing_is_lost_or_doubled(operations: list[str]) -> None:
    with TemporaryDirectory() as directory:
        writer = Writer(Path(directory))
        clock = Clock()
        followed = FollowedFile(str(writer.path), clock=clock)
        seen: list[bytes] = []
        renamed = copied = False
        for operation in operations:
            if operation == "line":
                writer.line()
            elif operation == "half":
                writer.half()
            elif operation == "look":
                seen += lines_of(followed)
                renamed = copied = False
            elif operation == "rename" and not (renamed or copied):
                # Once between two looks: of a file that came and went nothing can be known.
                writer.rename()
                renamed = True
            elif operation == "reopen":
                writer.reopen()
            elif operation == "copy" and not (renamed or copied):
                writer.reopen()  # by copying alone a writer is never left behind
                # A copy is known by what has been read before.
                writer.line()
                seen += lines_of(followed)
                writer.line()
                writer.copy_and_truncate()
                copied = True
            clock.now += 0.1
        seen += lines_of(followed)
        seen += b"".join(followed.close()).splitlines()
        writer.close()
        assert sorted(seen) == sorted(writer.written)


def test_a_renamed_file_is_read_for_a_while(tmp_path: Path) -> None:
    writer, clock = Writer(tmp_path), Clock()
    followed = FollowedFile(str(writer.path), clock=clock)
    writer.line()
    writer.rename()
    assert len(lines_of(followed)) == 1
    writer.line()  # by a writer that has not heard of it
    assert lines_of(followed) == writer.written[1:]
    clock.now += GRACE
    writer.half()
    assert lines_of(followed) == writer.written[2:]  # as it stands: the file is let go
    writer.reopen()
    writer.line()
    assert lines_of(followed) == writer.written[3:]
    assert list(followed.close()) == []
    writer.close()


def test_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    followed = FollowedFile(str(path), last=10)
    assert followed.missing
    assert lines_of(followed) == []
    path.write_bytes(b"one\ntwo")
    assert lines_of(followed) == [b"one"]
    assert not followed.missing
    path.unlink()
    assert lines_of(followed) == []
    assert b"".join(followed.close()) == b"two\n"


def test_the_last_lines_come_first(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_bytes(b"".join(b"%d\n" % number for number in range(1000)))
    followed = FollowedFile(str(path), last=2)
    assert lines_of(followed) == [b"998", b"999"]
    # Truncated and grown beyond where it was.
    path.write_bytes(b"".join(b"new %d\n" % number for number in range(1000)))
    assert lines_of(followed)[:2] == [b"new 0", b"new 1"]
    list(followed.close())


def test_the_hole_of_a_writer_that_does_not_append(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    with path.open("wb", buffering=0) as out:
        out.write(b"before\n" * 100_000)
        followed = FollowedFile(str(path), last=1)
        assert lines_of(followed) == [b"before"]
        path.with_name("api.log.1").write_bytes(path.read_bytes())
        os.truncate(path, 0)
        out.write(b"after\n")
        assert path.stat().st_size > 700_000
        assert lines_of(followed) == [b"after"]
        out.write(b"and on\n")
        assert lines_of(followed) == [b"and on"]
    list(followed.close())


def test_what_cannot_be_followed(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        FollowedFile(str(tmp_path))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="no regular file"):
        FollowedFile(str(tmp_path / "fifo"))


def test_a_new_file_that_cannot_be_read_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_bytes(b"old\n")
    followed = FollowedFile(str(path))
    path.rename(tmp_path / "api.log.1")
    path.mkdir()
    assert lines_of(followed) == [b"old"]
    assert isinstance(followed.trouble, IsADirectoryError)
    path.rmdir()
    path.write_bytes(b"new\n")
    assert lines_of(followed) == [b"new"]
    assert followed.trouble is None
    list(followed.close())
