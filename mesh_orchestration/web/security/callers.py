"""Who asks: what a route may want to know of its caller, and what it may demand.

``CurrentCaller`` and ``CurrentReader`` are types of parameters; ``Depends(may("lineage"))`` guards a route.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from mesh_orchestration.catalog.tokens import RIGHTS
from mesh_orchestration.governance.access import Reader


@dataclass(frozen=True)
class Caller:
    """Who asks, in which role of the policies, with which rights."""

    who: str
    role: str
    rights: frozenset[str]
    purpose: str = ""

    def may(self, right: str) -> bool:
        return right in self.rights


def caller(request: Request) -> Caller:
    """The caller that the gate let in."""
    found: Caller = request.state.caller
    return found


def reader(request: Request) -> Reader:
    """The caller as policies on reads judge them."""
    who = caller(request)
    return Reader(who.who, who.role, who.purpose)


CurrentCaller = Annotated[Caller, Depends(caller)]
CurrentReader = Annotated[Reader, Depends(reader)]


def may(right: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that raises 403 for callers without ``right``, one of RIGHTS."""
    assert right in RIGHTS

    async def required(request: Request) -> None:  # not async, it would be handed to a thread each time
        who = caller(request)
        if not who.may(right):
            raise HTTPException(
                403, f"{who.who} may not do this: it takes the right '{right}'; make a token with --may {right}"
            )

    return required
