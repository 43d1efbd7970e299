"""A PostgreSQL server of our own, from Debian's programs or those of PyPI's `pgserver`, that can be stopped and started."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

DEBIANS = Path("/usr/lib/postgresql")
WANTED = "no PostgreSQL: `apt-get install postgresql` or `pip install pgserver`"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; None where there is none."""
    found = sorted(DEBIANS.glob("*/bin/initdb"))
    if package := importlib.util.find_spec("pgserver"):
        found.insert(0, Path(package.origin).parent / "pginstall" / "bin" / "initdb")
    return found[-1].parent if found else None


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
        """PostgreSQL refuses to run as root."""
        if os.geteuid():
            return None
        return "postgres" if "postgres" in {user.pw_name for user in pwd.getpwall()} else "nobody"

    def _run(self, program: str, *arguments: str) -> None:
        command = [programs() / program, "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, user=self._user, cwd=self.folder, stdout=subprocess.DEVNULL, timeout=60)
