"""Builds a stage of the Dockerfile without a container engine: its steps as the file has them, in a folder.

The folder plays the root file system: absolute paths in the steps are those below it. All stages are built in the same
place, one after the other, so that paths written into an environment hold in the stage that copies it. The interpreter
is the one that runs the tests; Debian packages are looked up by name and not installed, and no user is added.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ABSOLUTE = re.compile(r"(?:(?<=[\s='\":])|^)/(?=\w)")
OWN_SETTINGS = ("DISCERN_", "PYTHON", "PYTEST", "MAKE", "VIRTUAL_ENV", "OMP_")
APT_GET = """#!/bin/sh
[ "$1" = install ] || exit 0
for word; do
  case $word in install | -*) ;; *) apt-cache show "$word" >/dev/null || exit 1 ;; esac
done
"""
CHOWN = """#!/bin/sh
[ "$(id -u)" != 0 ] || exec /bin/chown {user} "$2"
"""


@dataclass(frozen=True)
class Stage:
    """One `FROM`: the name of its base, an image or an earlier stage, and its instructions as (word, rest)."""

    base: str
    steps: list[tuple[str, str]]


def stages(text: str) -> dict[str, Stage]:
    """Of a Dockerfile by their names, in its order; comments and continued lines as Docker reads them."""
    found: dict[str, Stage] = {}
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = current = Stage(base, [])
        elif word:
            current.steps.append((word, rest.strip()))
    return found


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore's patterns leave this path out; the last one that fits it, or a folder above, decides."""
    above = [path, *(str(one) for one in Path(path).parents)][:-1]
    result = False
    for pattern in patterns:
        fits = re.compile(_expression(pattern.removeprefix("!").strip("/")))
        if any(fits.fullmatch(one) for one in above):
            result = not pattern.startswith("!")
    return result


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part) or re.escape(part) for part in parts)


@dataclass
class Image:
    """A stage that is being built, or has been: its root folder, and what the instructions set."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = ""
    words: dict[str, str] = field(default_factory=dict)

    def inside(self, text: str) -> str:
        """With absolute paths as they are on this machine."""
        return ABSOLUTE.sub(f"{self.root}/", text)

    def listed(self, word: str) -> list[str]:
        """The words of `ENTRYPOINT`, `CMD` or `HEALTHCHECK … CMD`."""
        listed: list[str] = json.loads(self.words[word][self.words[word].index("[") :])
        return listed

    @property
    def here(self) -> Path:
        return Path(self.inside(self.folder))


class Builder:
    """Builds stages of the checkout's Dockerfile below `place`, each once."""

    def __init__(self, checkout: Path, place: Path) -> None:
        self.checkout, self.place = checkout, place
        self.root = place / "root"
        self.stages = stages((checkout / "Dockerfile").read_text())
        self.patterns = [
            line
            for line in (checkout / ".dockerignore").read_text().split("\n")
            if line and not line.lstrip().startswith("#")
        ]

    def build(self, name: str) -> Image:
        """The stage, with its files in `root`."""
        needed = self._needed(name)
        for one in needed:
            if one != name and not (self.place / one).exists():
                self.build(one)
                self.root.rename(self.place / one)
        image = self._own_base(self.stages[name].base)
        for word, rest in self.stages[name].steps:
            self._step(image, word, rest)
        return image

    def _needed(self, name: str) -> list[str]:
        """Stages from which this one or a stage below it copies."""
        chain = self._chain(name)
        steps = [rest for stage in chain for word, rest in stage.steps if word == "COPY"]
        return [one for rest in steps for one in re.findall(r"--from=(\S+)", rest)]

    def _chain(self, name: str) -> list[Stage]:
        """The stage and those on which it is built."""
        stage = self.stages[name]
        return [stage, *(self._chain(stage.base) if stage.base in self.stages else [])]

    def _own_base(self, base: str) -> Image:
        if base in self.stages:
            return self.build(base)
        image = Image(self.root, {"PATH": f"{self.place}/programs:{self.root}/usr/local/bin:{PROGRAMS}"})
        copy_interpreter(self.root / "usr/local")
        image.environment["LD_LIBRARY_PATH"] = f"{self.root}/usr/local/lib"
        for folder, mode in (("root", 0o700), ("tmp", 0o1777), ("var/lib/apt/lists", 0o755)):
            (self.root / folder).mkdir(parents=True)
            (self.root / folder).chmod(mode)
        return image

    def _step(self, image: Image, word: str, rest: str) -> None:
        if word == "ENV":
            for name, value in (setting.split("=", 1) for setting in shlex.split(rest)):
                image.environment[name] = image.inside(value).replace("$PATH", image.environment["PATH"])
        elif word == "WORKDIR":
            image.folder = rest
            image.here.mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            self._copy(image, shlex.split(rest))
        elif word == "RUN":
            self._run(image, rest)
        elif word == "USER":
            image.user = rest
        else:
            image.words[word] = rest

    def _copy(self, image: Image, words: list[str]) -> None:
        *sources, target = (word for word in words if not word.startswith("--"))
        to = image.here / image.inside(target)
        if words[0].startswith("--from="):
            stage = self.place / words[0].removeprefix("--from=")
            shutil.copytree(stage / sources[0].lstrip("/"), to, symlinks=True, copy_function=os.link)
            return
        for source in sources:
            if source == ".":
                shutil.copytree(self.checkout, to, ignore=self._left_out, symlinks=True, dirs_exist_ok=True)
            for path in self.checkout.glob(source) if source != "." else ():
                shutil.copy(path, to)

    def _left_out(self, folder: str, names: list[str]) -> list[str]:
        inside = Path(folder).relative_to(self.checkout)
        return [name for name in names if ignored(str(inside / name), self.patterns)]

    def _run(self, image: Image, command: str) -> None:
        self._stand_ins()
        outside = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
        settings = outside | {"HOME": f"{self.root}/root"} | image.environment
        done = subprocess.run(
            ["/bin/sh", "-c", image.inside(command)],
            cwd=image.here,
            env=settings,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, f"RUN {command} ended with {done.returncode}:\n{done.stdout[-3000:]}"

    def _stand_ins(self) -> None:
        """Programs that would change the machine do here what can be done to a folder."""
        users = [rest for stage in self.stages.values() for word, rest in stage.steps if word == "USER"]
        programs = self.place / "programs"
        programs.mkdir(exist_ok=True)
        for name, text in (("apt-get", APT_GET), ("useradd", "#!/bin/sh\n"), ("chown", CHOWN.format(user=users[0]))):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)


def copy_interpreter(to: Path) -> None:
    """The one that runs the tests, with its own modules: another user may not be able to reach it where it is."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix)
    left_out = shutil.ignore_patterns("site-packages", "dist-packages", "test", "__pycache__", "config-*")
    shutil.copytree(prefix / "lib" / version, to / "lib" / version, ignore=left_out)
    for library in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy(library, to / "lib")
    (to / "bin").mkdir()
    shutil.copy(Path(sys.base_prefix) / "bin" / version, to / "bin" / version)
    (to / "bin" / "python3").symlink_to(version)


def size(folder: Path) -> int:
    """Bytes of the files below a folder; links are not followed."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_symlink() or file.is_file())
