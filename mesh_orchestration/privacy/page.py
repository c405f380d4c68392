"""An access report as a page that can be handed to the person."""

from __future__ import annotations

from datetime import datetime
from html import escape

from mesh_orchestration.privacy.report import AccessReport, ProductRows

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2330}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-size:.9rem}th,td{border:1px solid #cdd3dc;"
    "padding:.25rem .6rem;text-align:left}th{background:#f0f3f7}.note{color:#5a6575}.scroll{overflow-x:auto}"
)


def page(report: AccessReport, now: datetime) -> str:
    """The report as one HTML page without scripts or links to elsewhere."""
    places = "".join(
        f"<tr><td>{escape(one.kind)}</td><td>{escape(one.where)}</td><td>{'?' if one.rows is None else one.rows}</td>"
        f"<td>{escape(one.note)}</td></tr>"
        for one in report.found
    )
    found = (
        f"<table><thead><tr><th>kind</th><th>place</th><th>rows</th><th>note</th></tr></thead><tbody>{places}</tbody></table>"
        if places
        else "<p>Nothing was found.</p>"
    )
    products = "".join(map(_product, report.products))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Access report</title>'
        f"<style>{_STYLE}</style></head><body><h1>Access report</h1>"
        f"<p>{escape(report.subject)}, known by <code>{escape(report.column)}</code>; "
        f"made {now:%Y-%m-%d %H:%M} UTC.</p>"
        f"<h2>Where</h2>{found}<h2>What is published</h2>{products}</body></html>\n"
    )


def _product(one: ProductRows) -> str:
    purposes = ", ".join(one.purposes) or "not stated"
    about = f"Owner {one.owner}; purposes: {purposes}; kept for {one.retention or 'as long as it is published'}."
    head = f"<h3>{escape(one.title)} <small>{escape(str(one.address))}</small></h3><p class=note>{escape(about)}</p>"
    if one.denied:
        return f"{head}<p>Not shown: {escape('; '.join(one.denied))}</p>"
    if not one.rows:
        return f"{head}<p>No row.</p>"
    columns = "".join(f"<th>{escape(name)}</th>" for name in one.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(_text(value))}</td>' for value in row)}</tr>" for row in one.rows)
    said = (
        f"<p>{one.count} rows" + (f", the first {len(one.rows)}" if len(one.rows) < (one.count or 0) else "") + ".</p>"
    )
    return f"{head}{said}<div class=scroll><table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>"


def _text(value: object) -> str:
    return "" if value is None else str(value)
