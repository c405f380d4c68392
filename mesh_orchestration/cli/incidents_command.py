"""``mesh incidents``: what is wrong, since when, how it went, and who looks after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from mesh_orchestration.cli import incidents_templates_command
from mesh_orchestration.cli.options import AsJson
from mesh_orchestration.errors import SettingsError

if TYPE_CHECKING:
    from mesh_orchestration.incidents.model import Incident, Moment
    from mesh_orchestration.settings import Settings


class _ListByDefault(TyperGroup):
    """``mesh incidents orders`` is ``mesh incidents ls orders``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["ls", *args]
        return super().parse_args(ctx, args)


incidents_app = typer.Typer(
    name="incidents",
    cls=_ListByDefault,
    rich_markup_mode="rich",
    help="List what is wrong, look into it, acknowledge, resolve, mute: mesh incidents [ls] [SUBJECT] [--json].",
    epilog="Example: mesh incidents show orders.orders.v1",
)
Name = Annotated[str, typer.Argument(help="The id of the incident, its beginning, or what it is about.")]
Reason = Annotated[str, typer.Option(help="Why, for the timeline.")]


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    incidents_app.command("ls", epilog="Example: mesh incidents ls orders --json")(ls)
    incidents_app.command("show", epilog="Example: mesh incidents show orders.orders.v1")(show)
    incidents_app.command("ack", epilog="Example: mesh incidents ack orders.orders.v1")(ack)
    incidents_app.command("resolve", epilog="Example: mesh incidents resolve 4f1c --reason 'source was mended'")(
        resolve
    )
    incidents_app.command("mute", epilog="Example: mesh incidents mute orders --for 2h --reason migration")(mute)
    incidents_app.command("history", epilog="Example: mesh incidents history orders --since 30d")(history)
    incidents_templates_command.register(incidents_app)
    app.add_typer(incidents_app)


def ls(
    subject: Annotated[str, typer.Argument(help="An address, a domain or location/job; all when left out.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    """The incidents that are open, newest first. Exit 1 when there is one."""
    from mesh_orchestration.incidents.store import open_store
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_store(settings) as store:
        found = store.incidents("all" if everything else "open", subject=subject, limit=1000)
        muted = store.mutes(settings.now().timestamp())
        count = store.count(subject=subject)
    _print(settings, found, as_json=as_json, empty="nothing is wrong: no open incident")
    if not as_json:
        for one in muted:
            _say(
                f"muted until {_clock(one.until)} by {one.by}: {one.subject}" + (f" ({one.reason})" * bool(one.reason))
            )
    raise typer.Exit(1 if count else 0)


def history(
    subject: Annotated[str, typer.Argument(help="An address, a domain or location/job; all when left out.")] = "",
    since: Annotated[str, typer.Option(help="How far back: 24h, 7d, 4w.")] = "30d",
    as_json: AsJson = False,
) -> None:
    """All incidents of a stretch of time, newest first, with how long each lasted."""
    from mesh_orchestration.incidents.store import open_store
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    begin = settings.now() - _length(since, "--since")
    with open_store(settings) as store:
        found = store.incidents("all", subject=subject, since=begin.timestamp(), limit=1000)
    _print(settings, found, as_json=as_json, empty=f"no incident in the last {since}")


def show(name: Name, as_json: AsJson = False) -> None:
    """One incident: what is wrong, its timeline with the evidence, and who was told. Exit 1 while it is open."""
    from mesh_orchestration.cli.output import print_json
    from mesh_orchestration.incidents.store import open_store
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_store(settings) as store:
        one = store.incident(_named(settings, name))
        moments, letters = store.timeline(one.id), store.deliveries(one.id)
    if as_json:
        print_json({"incident": _plain(one), "timeline": moments, "deliveries": letters})
    else:
        _say(f"{one.level.upper()} {one.subject}: {one.kind}{f' {one.check}' if one.check else ''}, {one.state}")
        _say(f"incident {one.id}, since {_clock(one.opened_at)}, seen {one.times} times")
        if one.acknowledged_by:
            _say(f"acknowledged by {one.acknowledged_by}")
        if one.affected:
            _say(f"late because of it: {', '.join(f'{name} ({owner})' for name, owner in one.affected.items())}")
        if one.run_id:
            _say(f"run: {settings.get('MESH_URL', 'http://127.0.0.1:3000')}/runs/{one.run_id}")
        for moment in moments:
            _say(f"  {_clock(moment.at)}  {_line(moment)}")
        for letter in letters:
            _say(f"  {letter.state}: {letter.title} -> {letter.channel}" + (f" ({letter.error})" * bool(letter.error)))
    raise typer.Exit(0 if one.end else 1)


def ack(name: Name, as_json: AsJson = False) -> None:
    """Say that you look after an incident, so that it is not escalated."""
    from mesh_orchestration.incidents import hand
    from mesh_orchestration.incidents.store import open_store
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_store(settings) as store:
        done = hand.acknowledge(store, _named(settings, name), by=_person(settings), now=settings.now().timestamp())
    _done(done, f"acknowledged by {done.acknowledged_by}", as_json=as_json)


def resolve(name: Name, reason: Reason = "", as_json: AsJson = False) -> None:
    """End an incident by hand. What is still wrong opens no other until it was well in between, or happens anew."""
    from mesh_orchestration.incidents import hand
    from mesh_orchestration.incidents.store import open_store
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    with open_store(settings) as store:
        done = hand.resolve(
            store, _named(settings, name), by=_person(settings), reason=reason, now=settings.now().timestamp()
        )
    _done(done, "resolved", as_json=as_json)


def _named(settings: Settings, name: str) -> str:
    """What an incident is called: the id or subject ``name``, or the address of which it is the short form."""
    from mesh_orchestration.contract.mesh import load_mesh

    return str(load_mesh(settings).addressed(name)) if "." in name and "/" not in name else name


def mute(
    subject: Annotated[str, typer.Argument(help="An address, a domain, or '*' for everything.")],
    length: Annotated[str, typer.Option("--for", help="For how long: 30m, 2h, 3d.")] = "1h",
    reason: Reason = "",
    end: Annotated[bool, typer.Option("--end", help="Tell of it again, from now on.")] = False,
) -> None:
    """Tell nobody of a product or a domain for a while. Incidents are recorded all the same."""
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.incidents import hand
    from mesh_orchestration.incidents.about import muteable
    from mesh_orchestration.incidents.store import open_store
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    name = muteable(load_mesh(settings), subject)
    now, lasting = settings.now().timestamp(), _length(length, "--for")
    with open_store(settings) as store:
        if end:
            was = hand.unmute(store, name, now=now)
            _say(f"{name} is told of again" if was else f"{name} was not muted")
            return
        until = now + lasting.total_seconds()
        done = hand.mute(store, name, until=until, by=_person(settings), reason=reason, now=now)
    _say(f"nobody is told of {done.subject} until {_clock(done.until)}; end it with: mesh incidents mute {name} --end")


def _print(settings: Settings, found: tuple[Incident, ...], *, as_json: bool, empty: str) -> None:
    from mesh_orchestration.cli.output import literal, print_json

    if as_json:
        print_json([_plain(one) for one in found])
        return
    if not found:
        _say(empty)
        return
    from rich.table import Table

    from mesh_orchestration.cli.app import console

    now = settings.now().timestamp()
    table = Table("incident", "level", "what", "kind", "state", "since", "for", "times", "late because of it", box=None)
    for one in found:
        lasted = timedelta(seconds=round((one.ended_at or now) - one.opened_at))
        kind = f"{one.kind} {one.check}".strip() + (" (flapping)" if one.flapping else "")
        cells = (one.id[:8], one.level, one.subject, kind, one.state, _clock(one.opened_at), lasted, one.times)
        table.add_row(*map(literal, cells), literal(", ".join(one.affected) or "-"))
    console.print(table)


def _plain(one: Incident) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(one), "state": one.state}


def _done(incident: Incident, what: str, *, as_json: bool) -> None:
    from mesh_orchestration.cli.output import print_json

    if as_json:
        print_json(_plain(incident))
    else:
        _say(f"{incident.subject} ({incident.id[:8]}): {what}")


def _line(moment: Moment) -> str:
    who = f" by {moment.by}" if moment.by else ""
    first, *more = moment.text.splitlines() or [""]
    return "\n".join([f"{moment.what}{who}{f': {first}' if first else ''}", *(f"      {line}" for line in more)])


def _say(text: str) -> None:
    from mesh_orchestration.cli.app import console

    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _clock(seconds: float) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _person(settings: Settings) -> str:
    import getpass

    return settings.get("MESH_USER") or getpass.getuser()


def _length(text: str, option: str) -> timedelta:
    from mesh_orchestration.contract.duration import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise SettingsError(f"{option}: {error}") from None
