"""The part of ``mesh up`` that decides: what to start again and when, what to load anew, what to say."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.server import health, watch
from mesh_orchestration.server.family import CATALOG, WEB, ZYGOTE, Child, Family, Plan, Ports
from mesh_orchestration.server.lock import tell
from mesh_orchestration.settings import Settings

Progress = Callable[[str], None]

_STEADY_SECONDS = 60.0
_LONGEST_BACKOFF = 30.0
_TICK = 0.25
_CHECK_EVERY = 2.0
_TOLERATED = 3


class Supervisor:
    """Runs a family of processes until it is told to stop."""

    def __init__(self, settings: Settings, plan: Plan, *, ports: Ports, on_progress: Progress) -> None:
        self.settings, self.say = settings, on_progress
        self.family = Family(settings, plan, ports)
        self.patience = float(settings.integer("MESH_START_SECONDS", 120))
        self.watching = settings.get("MESH_WATCH", "on").lower() not in {"off", "0", "no", "false"}
        self.signals = 0
        self.started = self.checked = self.scanned = 0.0
        self.announced = False
        self.restarts = 0
        self.misses: dict[str, int] = {}
        self.turn = 0
        self.files = watch.fingerprint(settings) if self.watching else {}
        self._last: watch.Fingerprint = {}

    def run(self) -> None:
        """Start everything, keep it running until SIGINT or SIGTERM, and stop everything.

        Raises SettingsError when the home cannot be prepared.
        """
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._start()
            while not self.signals:
                for event in self.family.events(_TICK if self.announced else 0.05):
                    self._take(event)
                self._tick(time.monotonic())
            self.say("stopping the web UI, the daemon, the code locations and their runs")
        finally:
            self.family.stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.signals += 1
        if self.signals > 1:
            self.family.kill()  # the second Ctrl-C is impatience

    def _start(self) -> None:
        self.started, self.announced = time.monotonic(), False
        self.family.start()

    def _take(self, event: dict[str, Any]) -> None:
        if "failed" in event:
            if not self.announced:
                raise SettingsError(event["failed"])
            self.say(event["failed"])
            return
        name = event.get("forked") or event.get("exited") or event["name"]
        if name == ZYGOTE:
            return
        child = self.family.children[name]
        if "forked" in event:
            child.pid, child.waiting = event["pid"], False
        elif "exited" in event:
            self._exited(child, event["pid"], event["code"])
        elif "reload" in event:
            self._reload([child])
        elif event["pid"] not in child.retiring:
            child.pid, child.waiting = event["pid"], False  # it may report before the zygote does
            self._loaded(child, event)

    def _loaded(self, child: Child, event: dict[str, Any]) -> None:
        child.ready, child.error = event["loaded"], event["error"]
        took = time.monotonic() - child.started
        if child.error:
            lines = child.error.strip().splitlines() or ["unknown error"]
            more = f" (and {len(lines) - 1} more lines in the web UI)" if len(lines) > 1 else ""
            self.say(f"{child.name} does not load, the other locations are not affected: {lines[0]}{more}")
        else:
            self.say(f"{child.name} loaded in {took:.1f} s")
        for pid in child.retiring:
            self.family.signal(pid, signal.SIGTERM)  # it ends when its runs have

    def _exited(self, child: Child, pid: int, code: int) -> None:
        if pid in child.retiring:
            child.retiring.discard(pid)
            return
        if pid != child.pid:
            return
        child.pid, child.ready = 0, False
        steady = time.monotonic() - child.started > _STEADY_SECONDS
        child.failures = 1 if steady else child.failures + 1
        delay = min(_LONGEST_BACKOFF, 0.5 * 2 ** (child.failures - 1))
        child.due = time.monotonic() + delay
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        log = self.settings.home / "logs" / f"{child.name}.log"
        self.say(f"{child.name} {ended}; starting it again in {delay:g} s (log: {log})")

    def _reload(self, children: list[Child]) -> None:
        for child in children:
            if child.pid and not child.waiting:
                self.family.fork(child)

    def _tick(self, now: float) -> None:
        if self.family.zygote_is_gone:
            self._begin_again()
            return
        for child in self.family.children.values():
            if child.due is not None and child.due <= now:
                self.family.fork(child)
        catalog = self.family.children[CATALOG]
        if catalog.pid and not catalog.ready:
            self._catalog_answers(catalog)
        if not self.family.gate_is_open:
            self._maybe_open(now)
        elif not self.announced:
            self._maybe_announce(now)
        elif now - self.checked > _CHECK_EVERY:
            self.checked = now
            self._check_next()
        if self.watching and self.announced and now - self.scanned > 1:
            self.scanned = now
            self._scan()

    def _begin_again(self) -> None:
        """The zygote is gone: without it nothing can be started, so everything is."""
        self.restarts = 1 if time.monotonic() - self.started > _STEADY_SECONDS else self.restarts + 1
        delay = min(_LONGEST_BACKOFF, 0.5 * 2 ** (self.restarts - 1))
        log = self.settings.home / "logs" / f"{ZYGOTE}.log"
        self.say(f"all processes are gone; starting them again in {delay:g} s (log: {log})")
        self.family.stop()
        deadline = time.monotonic() + delay
        while not self.signals and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _TICK))
        self._start()

    def _maybe_open(self, now: float) -> None:
        slow = [child.name for child in self.family.locations if not child.settled]
        if slow and now - self.started < self.patience:
            return
        if slow:
            self.say(f"{', '.join(slow)} not loaded after {self.patience:g} s; the others go on without")
        self.family.open_gate()

    def _maybe_announce(self, now: float) -> None:
        web = self.family.children[WEB]
        if not health.web_answers(self.family.url):
            if now - self.started > self.patience * (1 + web.failures):
                log = self.settings.home / "logs" / f"{WEB}.log"
                raise SettingsError(f"the web UI does not answer at {self.family.url}; its log is {log}")
            return
        states = health.location_states(self.family.url)
        loaded = sum(state == "LOADED" for state in states.values())
        self.announced, self.checked = True, now
        tell(self.settings, url=self.family.url, catalog=self.family.catalog_url)
        self.say(
            f"web UI at {self.family.url}: {loaded} of {len(states)} locations loaded after {now - self.started:.1f} s;"
            " schedules, sensors and automation are on; Ctrl-C stops everything"
        )

    def _check_next(self) -> None:
        """Ask one process, in turn, whether it answers; one that is silent three times is killed, and so
        started again."""
        asked = [self.family.children[WEB], self.family.children[CATALOG], *self.family.locations]
        child = asked[self.turn % len(asked)]
        self.turn += 1
        if not child.pid or child.waiting:
            return
        if child.name == WEB:
            answers = health.web_answers(self.family.url)
        elif child.name == CATALOG:
            answers = self._catalog_answers(child)
        elif child.settled:
            answers = health.code_server_answers(self.family.socket(child.name))
        else:
            return
        self.misses[child.name] = 0 if answers else self.misses.get(child.name, 0) + 1
        if self.misses[child.name] >= _TOLERATED:
            self.misses[child.name] = 0
            self.say(f"{child.name} does not answer")
            self.family.signal(child.pid, signal.SIGKILL)

    def _catalog_answers(self, catalog: Child) -> bool:
        """Whether it answers, or began so lately that it need not yet; its first answer is told."""
        answers = health.catalog_answers(self.family.catalog_url)
        if answers and not catalog.ready:
            catalog.ready = True
            self.say(f"the catalog is at {self.family.catalog_url}: start there")
        return answers or time.monotonic() - catalog.started < self.patience

    def _scan(self) -> None:
        """Load again what changed on disk, once the files have stopped changing."""
        now = watch.fingerprint(self.settings)
        names = watch.changed(self.files, now)
        if not names:
            return
        if not self._settling(now):
            return
        self.files = now
        domains = {child.name for child in self.family.locations if child.name not in self.family.plan.light}
        chosen = domains if watch.CONTRACTS in names else domains & names
        if chosen:
            self.say(
                f"{'contracts' if watch.CONTRACTS in names else 'dbt models'} changed; loading again: "
                f"{', '.join(sorted(chosen))}"
            )
            self._reload([self.family.children[name] for name in sorted(chosen)])

    def _settling(self, now: watch.Fingerprint) -> bool:
        """Whether two scans in a row saw the same files."""
        same = now == self._last
        self._last = now
        return same
