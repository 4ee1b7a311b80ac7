"""Files that survive a crash: written whole, flushed, then renamed into place.

Whatever is written is born in `.tmp/` of its folder. A rename is atomic, so a reader sees a
file or folder whole or not at all, and what a killed process leaves behind lies in `.tmp/`.
"""

import errno
import fcntl
import os
import shutil
import socket
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goalscope.errors import UserError

TEMPORARY = ".tmp"
LOCK = ".lock"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


@contextmanager
def environment_errors(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into a `UserError` (exit code 4) about `path`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            raise UserError(
                f"no space left to write {path} ({reason}). Everything finished before is "
                "intact: free some space and run the same command again.",
                exit_code=4,
            ) from error
        raise UserError(
            f"cannot use {path}: {reason}. Choose a folder that can be written to, or "
            "repair this one; what was finished before is kept.",
            exit_code=4,
        ) from error


def write_new(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet, down to the disk.

    Raises:
        OSError: as the operating system reports it.
    """
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(path: Path) -> None:
    """Make the names in a folder durable, where the file system can.

    Raises:
        OSError: as the operating system reports it.
    """
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
    finally:
        os.close(handle)


@contextmanager
def temporary_folder(root: Path) -> Iterator[Path]:
    """Give a new folder below `root/.tmp`, removed at the end unless it was renamed away.

    Raises:
        OSError: as the operating system reports it.
    """
    path = root / TEMPORARY / f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def replace_file(root: Path, name: str, data: bytes) -> None:
    """Give `root/name` new content at once: readers see the old or the new, no mixture.

    Raises:
        UserError: exit code 4, if the disk is full or the folder cannot be written to; the
            old content is kept.
    """
    with environment_errors(root / name), temporary_folder(root) as folder:
        write_new(folder / "file", data)
        (folder / "file").replace(root / name)
        flush_folder(root)


def read_bytes(path: Path, *, at_most: int) -> bytes:
    """Return the content of a regular file; links, pipes and devices are refused.

    Raises:
        UserError: exit code 3, if it is missing, not a regular file, or larger than
            `at_most` bytes.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise UserError(f"{path} is not a regular file", exit_code=3)
            if status.st_size > at_most:
                size = f"{status.st_size} bytes, expected at most {at_most}"
                raise UserError(f"{path} is damaged: {size}", exit_code=3)
            return file.read(at_most + 1)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", exit_code=3) from None


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold a folder for this process and remove what killed ones left in its `.tmp/`.

    The lock is the kernel's (flock) and ends with the process, however it ends. Where the
    file system has no locks, nothing is held and nothing removed: two drivers then waste
    work, but cannot damage results.

    Raises:
        UserError: exit code 4, if another process holds it (with its host and number), or
            the folder cannot be written to.
    """
    with environment_errors(root / LOCK):
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(root / LOCK, flags, 0o666)
    try:
        if _acquired(handle, root):
            with environment_errors(root / LOCK):
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"process {os.getpid()} on {host_name()}".encode(), 0)
            shutil.rmtree(root / TEMPORARY, ignore_errors=True)
        yield
    finally:
        os.close(handle)


def _acquired(handle: int, root: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(handle, 200, 0).decode("utf-8", "replace")
        holder = "".join(filter(str.isprintable, text)) or "another process"
        raise UserError(
            f"{root} is in use by {holder}. Wait until it ends, or stop it first.",
            exit_code=4,
        ) from None
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        raise
    return True


def host_name() -> str:
    """Return what this machine calls itself."""
    return socket.gethostname()[:100] or "this host"
