"""Reads and writes small files where another program may have put a pipe, a device or a link instead."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path


def read_small(path: Path, limit: int) -> bytes:
    """Returns the bytes of a regular file.

    Raises:
        OSError: It cannot be read, is no regular file, or has more than `limit` bytes.
    """
    # Opening a pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        data = b""
        while len(data) <= limit and (part := os.read(descriptor, limit + 1 - len(data))):
            data += part
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit // 1024} KiB", str(path))
    return data


def write_small(path: Path, text: str) -> None:
    """Puts a text into a file that only its owner can read. Nobody sees it half written.

    Raises:
        OSError: It cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
