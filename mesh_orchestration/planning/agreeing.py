"""Writing an acknowledgement: a consuming domain agrees to what a proposal does to a product."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.planning.acknowledgements import (
    Acknowledgement,
    acknowledgement_path,
    acknowledgement_text,
    agreed,
)
from mesh_orchestration.planning.consumers import Concern
from mesh_orchestration.planning.proposal import Proposal

_DEFAULT = timedelta(days=30)


def agree(proposal: Proposal, address: str, *, domain: str | None = None, until: date | None = None) -> str:
    """Write the file in which ``domain`` agrees to the changes of ``address``; returns its path below the mesh root.

    It names exactly what the domain's consumers must agree to. ``domain`` may be left out when only one is
    concerned. Raises SettingsError for a wrong domain or day, MeshError for an unknown product or nothing to agree to.
    """
    read, concerns = _asked(proposal, _address(proposal, address))
    waiting = sorted({concern.domains[0] for concern in concerns if concern.missing})
    chosen = domain or (waiting[0] if len(waiting) == 1 else "")
    mine = [concern for concern in concerns if chosen in concern.domains and concern.asked]
    if not any(concern.asked for concern in concerns):
        raise MeshError(f"nobody has to agree to anything in {address}; see mesh plan")
    if not mine:
        raise SettingsError(_which(chosen, waiting, concerns))
    today = proposal.today
    if until and until < today:
        raise SettingsError(f"--until {until} has passed; give a day from {today} on")
    said = Acknowledgement(
        product=str(read),
        by=mine[0].affected.owner or f"team:{chosen}",
        date=today,
        until=until or today + _DEFAULT,
        changes=agreed(one for concern in mine for one in concern.asked),
    )
    path = proposal.settings.root / acknowledgement_path(chosen, read)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(acknowledgement_text(said), encoding="utf-8")
    return acknowledgement_path(chosen, read)


def _address(proposal: Proposal, name: str) -> Address:
    """What ``name`` means: of the majors that a product has, first the one that changes."""
    changing = {str(pair.address): pair.address for pair in proposal.pairs}
    majors = [address for text, address in changing.items() if text.rsplit(".", 1)[0] == name.replace("-", "_")]
    return majors[0] if len(majors) == 1 else proposal.now.addressed(name)


def _asked(proposal: Proposal, address: Address) -> tuple[Address, Sequence[Concern]]:
    """The address that consumers read, and whom its change concerns; ``address`` may be the new one of a rename."""
    for pair in proposal.pairs:
        read = pair.old.address if pair.old and pair.status != "added" else pair.address
        if address in (read, pair.address):
            return read, proposal.concerns[pair.address]
    known = [str(pair.address) for pair in proposal.pairs]
    changed = f"; what changes is {', '.join(known)}" if known else "; nothing changes"
    hint = (
        suggestion(str(address), map(str, proposal.now.products)) if address not in proposal.now.products else changed
    )
    raise MeshError(f"{address} does not change in this plan{hint}")


def _which(chosen: str, waiting: Sequence[str], concerns: Sequence[Concern]) -> str:
    domains = waiting or sorted({domain for concern in concerns if concern.asked for domain in concern.domains})
    if chosen:
        return f"{chosen} reads nothing of what changes; {' and '.join(domains)} must agree"
    return f"{', '.join(domains)} must agree; say which of them you speak for: --as {domains[0]}"
