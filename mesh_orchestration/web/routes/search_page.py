"""``/search``: everything that the catalog knows, by words and filters; answers while somebody types."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from mesh_orchestration.catalog.products import summaries
from mesh_orchestration.catalog.search import Filters, Hit, search
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.labels import Labels, ending
from mesh_orchestration.web.pages import Entry, is_fragment, render

NAV = Entry("Search", "/search", 20, "s")
_LIMIT, _INSTANT = 25, 8
_FACETS = ("kind", "domain", "owner", "tag")
Text = Annotated[str, Query(max_length=200)]
router = APIRouter(include_in_schema=False)


@router.get("/search")
def results(  # noqa: PLR0913 (each is a parameter of the page's address)
    request: Request,
    settings: CurrentSettings,
    catalog: CurrentCatalog,
    *,
    q: Text = "",
    domain: Text = "",
    owner: Text = "",
    tag: Text = "",
    kind: Text = "",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """What was found, with filters; a script gets the part below the filters only."""
    chosen = {"domain": domain, "owner": owner, "tag": tag, "kind": kind}
    with catalog.reading() as connection:
        found = search(connection, q, Filters(**chosen), limit=_LIMIT, offset=offset)
        states = summaries(connection, [hit.key for hit in found.hits if hit.kind == "product"], now=settings.now())
    kept = {"q": q, **{name: value for name, value in chosen.items() if value}}
    return render(
        request,
        "search_results.html" if is_fragment(request) else "search.html",
        results=found,
        states=states,
        q=q,
        chosen=chosen,
        facets=_FACETS,
        query=urlencode(kept),
        without={name: urlencode({k: v for k, v in kept.items() if k != name}) for name in _FACETS},
        offset=offset,
        limit=_LIMIT,
        link=link,
        label=Labels(settings).of_hit,
        ending=ending,
    )


@router.get("/search/instant")
def instant(request: Request, settings: CurrentSettings, catalog: CurrentCatalog, q: Text = "") -> HTMLResponse:
    """The first few hits, for the field at the top of every page."""
    with catalog.reading() as connection:
        found = search(connection, q, limit=_INSTANT)
    return render(
        request,
        "instant.html",
        results=found,
        q=q,
        query=urlencode({"q": q}),
        link=link,
        label=Labels(settings).of_hit,
        ending=ending,
    )


def link(hit: Hit) -> str:
    """Where a hit is shown: a product on its page, a dataset or job from elsewhere in the graph."""
    if hit.kind == "product":
        return f"/products/{hit.key}"
    return f"/lineage?{urlencode({'node': f'{hit.kind}:{hit.key}'})}"
