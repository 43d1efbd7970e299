"""A PostgreSQL server of our own, from Debian's programs or those of PyPI's `pgserver`, that can be stopped and started."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url

DEBIANS = Path("/usr/lib/postgresql")
ASKED = "asked"  # name of a user whom our server asks for a password
WANTED = "no PostgreSQL: `apt-get install postgresql` or `pip install pgserver`"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; None where there is none."""
    found = sorted(DEBIANS.glob("*/bin/initdb"))
    if package := importlib.util.find_spec("pgserver"):
        found.insert(0, Path(package.origin).parent / "pginstall" / "bin" / "initdb")
    return found[-1].parent if found else None


@dataclass(frozen=True)
class Cluster:
    """Lies in an empty `folder`, which a user `postgres` must be able to reach, and listens on a socket there.

    Unless it `is_durable`, it does not wait for the disk, which takes most of the time to make and drop a database.
    """

    folder: Path
    is_durable: bool = True

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def create(self) -> None:
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all {ASKED} scram-sha-256\n{rules.read_text()}")
        self.start()

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=200"
        if not self.is_durable:
            options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
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


def new_database(server_url: str, template: str = "template1") -> str:
    """URL of a database of a new name, made like `template`."""
    url, name = make_url(server_url), f"discern_{os.urandom(6).hex()}"
    _order(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    return url.set(database=name).render_as_string(hide_password=False)


def drop_database(url: str, server_url: str) -> None:
    _order(server_url, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def database_behind_a_password(server_url: str, password: str) -> str:
    """URL of an empty database whose owner is asked for this password."""
    url = make_url(new_database(server_url))
    quoted = password.replace("'", "''").replace("%", "%%")  # the driver's own sign too
    _order(server_url, f"DO $$BEGIN CREATE ROLE {ASKED} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$")
    _order(server_url, f"ALTER ROLE {ASKED} PASSWORD '{quoted}'")
    _order(server_url, f"ALTER DATABASE {url.database} OWNER TO {ASKED}")
    return url.set(username=ASKED, password=password).render_as_string(hide_password=False)


def _order(server_url: str, statement: str) -> None:
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(statement)
    server.dispose()
