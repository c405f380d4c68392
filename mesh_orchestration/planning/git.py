"""What git knows of the mesh: which commit to compare with, which files differ from it, what stood in them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings

_TIMEOUT = 120  # seconds
_REDIRECTS = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"})
_REMOTE = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master")
_LOCAL = ("refs/heads/main", "refs/heads/master")
_GIVE = "or say what to compare with: mesh plan --against REF"
_SYMLINK = "120000"


@dataclass(frozen=True)
class Base:
    """The commit that the working tree is compared with; ``said`` names it for a person."""

    commit: str
    said: str

    @property
    def short(self) -> str:
        return self.commit[:10]


@dataclass(frozen=True)
class Blob:
    """A file of a commit: what it holds, and whether it is a symbolic link to there."""

    content: bytes
    link: bool = False


@dataclass(frozen=True)
class Commit:
    """One step of a history: its author's date (ISO 8601), and of each changed file git's id and mode, empty when
    it went."""

    commit: str
    at: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Repository:
    """The git repository around a mesh; every path in and out is relative to the mesh ``root``, with ``/``.
    ``prefix`` is where the root is within the repository, empty or with a ``/`` at its end."""

    root: Path
    environ: Mapping[str, str]
    prefix: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Repository:
        """The repository that the mesh is in; raises SettingsError when there is none, or no git."""
        # What a hook's git says about its own repository must not lead to another one than the mesh's.
        environ = {name: value for name, value in settings.environ.items() if name not in _REDIRECTS}
        repository = cls(settings.root, {**environ, "LC_ALL": "C"})
        done = repository._run("rev-parse", "--is-inside-work-tree", "--show-prefix")
        inside, _, prefix = done.stdout.partition(b"\n")
        if done.returncode or inside != b"true":
            raise SettingsError(
                f"{settings.root} cannot be compared with git: {_said(done) or 'it is not a work tree'}; "
                "put the mesh into a repository: git init && git add . && git commit"
            )
        return replace(repository, prefix=os.fsdecode(prefix.rstrip(b"\n")))

    def base(self, against: str | None = None) -> Base:
        """The commit named ``against`` (``REF...`` for the merge base with REF), or, when None, the merge base
        with the main branch. Raises SettingsError when there is no such commit."""
        if against is not None:
            return self._given(against)
        if not self._commit("HEAD"):
            return Base(self._text("hash-object", "-t", "tree", "--stdin"), "nothing, no commit yet")
        trunks = self._trunks()
        if not trunks:
            return Base(self._commit("HEAD"), "the last commit") if self._on_trunk else self._lost("no branch main")
        return self._merge_base(trunks)

    def changed(self, base: Base, folders: Sequence[str]) -> frozenset[str]:
        """The files below ``folders`` that are not as in the commit, new ones too, unless git ignores them."""
        differs = ("--name-only", "--no-renames", "--no-ext-diff", "--relative", "-z", base.commit, "--", *folders)
        found = self._paths("diff", *differs) | self._paths(
            "ls-files", "--others", "--exclude-standard", "-z", "--", *folders
        )
        return frozenset(found)

    def files(self, base: Base, folders: Sequence[str]) -> Mapping[str, str]:
        """The files below ``folders`` in the commit, each with git's id and mode of what it holds."""
        listed = self._bytes("ls-tree", "-r", "-z", base.commit, "--", *(f"{folder}/" for folder in folders))
        found = {}
        for line in filter(None, listed.split(b"\0")):
            about, _, path = line.partition(b"\t")
            mode, kind, identity = about.decode().split()
            if kind == "blob":
                found[os.fsdecode(path)] = f"{identity} {mode}"
        return found

    def read(self, files: Mapping[str, str]) -> Mapping[str, Blob]:
        """What ``files`` (as ``files()`` gave them) hold, all in one call of git."""
        asked = "".join(f"{said.split()[0]}\n" for said in files.values()).encode()
        rest = self._bytes("cat-file", "--batch", stdin=asked) if files else b""
        found = {}
        for path, said in files.items():
            head, _, rest = rest.partition(b"\n")
            size = int(head.split()[-1])
            found[path] = Blob(rest[:size], said.endswith(_SYMLINK))
            rest = rest[size + 1 :]
        return found

    def history(self, folders: Sequence[str], until: str = "HEAD") -> tuple[Commit, ...]:
        """The commits up to ``until`` that changed files below ``folders``, oldest first; a merge is one step."""
        if not self._commit(until):
            return ()
        shown = ("--first-parent", "-m", "--reverse", "--raw", "--no-abbrev", "--no-renames", "--relative", "-z")
        told = self._bytes("log", *shown, "--format=%x01%H %aI", until, "--", *folders)
        found = []
        for step in filter(None, told.split(b"\x01")):
            head, *rest = step.strip(b"\0").split(b"\0")
            commit, at = head.decode().split()
            files = {}
            for about, path in zip(rest[::2], rest[1::2], strict=True):
                _, mode, _, identity, kind = about.decode().strip().lstrip(":").split()
                files[os.fsdecode(path)] = "" if kind == "D" else f"{identity} {mode}"
            found.append(Commit(commit, at, files))
        return tuple(found)

    @property
    def shallow(self) -> bool:
        """Whether this clone lacks the older part of the history."""
        return self._text("rev-parse", "--is-shallow-repository") == "true"

    def _given(self, against: str) -> Base:
        name, dots, _ = against.partition("...")
        commit = "" if name.startswith("-") or not name else self._commit(name)
        if not commit:
            raise SettingsError(
                f"'{against}' is not a commit, branch or tag here{self._shallow_hint()}; "
                "see git branch --all, or fetch it first: git fetch origin"
            )
        return self._merge_base((name,)) if dots else Base(commit, name)

    def _merge_base(self, names: Sequence[str]) -> Base:
        done = self._run("merge-base", "HEAD", *names)
        if done.returncode:
            return self._lost(f"HEAD and {names[0]} have no commit in common")
        return Base(done.stdout.decode().strip(), f"the merge base with {names[0]}")

    def _lost(self, why: str) -> Base:
        raise SettingsError(f"there is nothing to compare with: {why}{self._shallow_hint()}; {_GIVE}")

    def _shallow_hint(self) -> str:
        if not self.shallow:
            return ""
        return (
            ", and this clone is shallow; fetch all of it: git fetch --unshallow origin "
            "(fetch-depth: 0 in GitHub Actions, GIT_DEPTH: 0 in GitLab CI)"
        )

    def _trunks(self) -> tuple[str, ...]:
        """The main branch at origin and here, as far as they are there; not the one that is checked out."""
        listed = self._text("for-each-ref", "--format=%(refname) %(symref)", *_REMOTE, *_LOCAL).splitlines()
        known = {line.split()[0]: line.split()[-1] for line in listed}
        remote = next((known[name] for name in _REMOTE if name in known), "")
        local = next((name for name in _LOCAL if name in known and not self._on_trunk), "")
        return tuple(name.removeprefix("refs/remotes/").removeprefix("refs/heads/") for name in (remote, local) if name)

    @property
    def _on_trunk(self) -> bool:
        return self._run("symbolic-ref", "-q", "HEAD").stdout.decode().strip() in _LOCAL

    def _commit(self, name: str) -> str:
        return self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").stdout.decode().strip()

    def _paths(self, *words: str) -> set[str]:
        return {os.fsdecode(path) for path in self._bytes(*words).split(b"\0") if path}

    def _text(self, *words: str, stdin: bytes = b"") -> str:
        return self._bytes(*words, stdin=stdin).decode().strip()

    def _bytes(self, *words: str, stdin: bytes = b"") -> bytes:
        done = self._run(*words, stdin=stdin)
        if done.returncode:
            raise SettingsError(f"git {words[0]} failed in {self.root}: {_said(done)}")
        return done.stdout

    def _run(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["git", "--no-optional-locks", "--literal-pathspecs", "-C", str(self.root), *words]
        try:
            return subprocess.run(command, input=stdin, capture_output=True, env=dict(self.environ), timeout=_TIMEOUT)
        except FileNotFoundError:
            raise SettingsError("git is not installed, and a plan compares with a git commit; install git") from None
        except subprocess.TimeoutExpired:
            raise SettingsError(f"git {words[0]} did not answer in {_TIMEOUT} s in {self.root}") from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else ""
