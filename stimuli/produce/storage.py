"""Where a stimulus set is kept: a folder, or an object store that fsspec knows (`s3://bucket/prefix`).

Both hold files by name, the name being a path relative to the set, and both take a file whole or not at all.
"""

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from stimuli.errors import StorageError

HALF_WRITTEN = r"(?:.*/)?\.[^/]+\.\d+\.\d+\.part"  # a file that `Folder` has not finished


class Storage(Protocol):
    """Files by name. `read` raises FileNotFoundError where there is none; all that goes wrong else is StorageError."""

    def read(self, name: str) -> bytes:
        """Return the bytes of the file."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Make each file hold its content or, whatever happens, what it held before; when this returns they are safe.

        Threads may write at once, also the same file with the same content.
        """

    def names(self) -> set[str]:
        """Return the names of all files, those that a killed run left half-written included."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove the files; one that is not there is removed already."""

    def is_intact(self, name: str, sha256: str) -> bool:
        """Whether the file, which is there, still has this hash."""


def storage_at(location: Path | str) -> Storage:
    """The folder at a path, or the object store at a URL.

    Raises StorageError for a URL that holds credentials, or whose service or its library is not there.
    """
    return Folder(location) if isinstance(location, Path) else ObjectStore(location)


class Folder:
    """A folder of this machine; it is made with the first file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes:
        with _explained(f"read {self._path / name}"):
            return (self._path / name).read_bytes()

    def write(self, files: Mapping[str, bytes]) -> None:
        with _explained(f"write {self._path}"):
            halves = {self._half(name): self._path / name for name in files}
            try:
                for (half, file), content in zip(halves.items(), files.values(), strict=True):
                    file.parent.mkdir(parents=True, exist_ok=True)
                    half.write_bytes(content)
                for half in halves:  # the first one takes most of the others along
                    _reach_the_disk(half)
                for half, file in halves.items():
                    half.replace(file)
            finally:
                for half in halves:
                    half.unlink(missing_ok=True)

    def _half(self, name: str) -> Path:
        file = self._path / name
        return file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}.part")

    def names(self) -> set[str]:
        return {file.relative_to(self._path).as_posix() for file in self._path.rglob("*") if file.is_file()}

    def remove(self, names: Iterable[str]) -> None:
        folders = set()
        with _explained(f"remove files in {self._path}"):
            for name in names:
                file = self._path / name
                file.unlink(missing_ok=True)
                folders |= {self._path / folder for folder in Path(name).parents[:-1]}
            for folder in sorted(folders, reverse=True):  # the innermost first
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()

    def is_intact(self, name: str, sha256: str) -> bool:
        return hashlib.sha256(self.read(name)).hexdigest() == sha256


class ObjectStore:
    """Objects under a URL's prefix. The service shows an object when all of it has arrived, and checks what arrived.

    Credentials and the service's address are found by its own library, in the environment or its files.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        if "@" in urlsplit(url).netloc:  # the URL is not repeated: messages are kept in logs
            raise StorageError("stimuli.output holds credentials; put them into the environment (AWS_ACCESS_KEY_ID, …)")
        self._url = url.rstrip("/")
        try:
            self._files, self._root = fsspec.core.url_to_fs(self._url)
        except ImportError as error:
            raise StorageError(
                f"{url} cannot be reached without an extra package ({error});"
                " for S3: pip install -r requirements-s3.txt"
            ) from error
        except ValueError as error:
            raise StorageError(f"{url} cannot be used: {error}; give a folder or s3://bucket/prefix") from error

    def read(self, name: str) -> bytes:
        with _explained(f"read {self._url}/{name}"):
            return self._files.cat_file(f"{self._root}/{name}")

    def write(self, files: Mapping[str, bytes]) -> None:
        with _explained(f"write {self._url}"):
            try:
                self._files.pipe({f"{self._root}/{name}": content for name, content in files.items()})
            except FileNotFoundError as error:
                raise OSError("there is no such bucket; make it first") from error

    def names(self) -> set[str]:
        with _explained(f"list {self._url}"):
            self._files.invalidate_cache()
            try:
                return {found[len(self._root) + 1 :] for found in self._files.find(self._root)}
            except FileNotFoundError:
                return set()

    def remove(self, names: Iterable[str]) -> None:
        with _explained(f"remove files in {self._url}"):
            self._files.invalidate_cache()
            if paths := [f"{self._root}/{name}" for name in names]:
                self._files.rm(paths)

    def is_intact(self, name: str, sha256: str) -> bool:
        return True


def _reach_the_disk(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(attempt: str) -> Iterator[None]:
    """Whatever a file system or a service's library raises, but for a missing file, as StorageError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise StorageError(
            f"cannot {attempt}: {reason}; when that is mended, start again: finished pictures are kept"
        ) from error
