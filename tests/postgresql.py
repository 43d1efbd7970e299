"""A PostgreSQL server of our own, from Debian's binaries, that can be stopped and started."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path("/usr/lib/postgresql")


def is_installed() -> bool:
    return any(PROGRAMS.glob("*/bin/initdb"))


@dataclass(frozen=True)
class Cluster:
    """Lies in an empty `folder`, which a user `postgres` must be able to reach, and listens on a socket there."""

    folder: Path

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def create(self) -> None:
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
        self.start()

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=200"
        self._run("pg_ctl", "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self) -> None:
        """Connections are cut, as when the machine loses power; the next start recovers."""
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    @property
    def _user(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root

    def _run(self, program: str, *arguments: str) -> None:
        command = [sorted(PROGRAMS.glob("*/bin"))[-1] / program, "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, user=self._user, cwd=self.folder, stdout=subprocess.DEVNULL, timeout=60)
