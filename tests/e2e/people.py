"""A small mesh that holds personal data: ``crm`` keeps people, ``billing`` their invoices and what it reads of crm."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.orchestration.shop import REPOSITORY, write_project

KEY = "the masking key of these tests"


@dataclass(frozen=True)
class Person:
    """A row of the source of crm; every value but the region is personal."""

    person_id: str
    full_name: str
    email: str
    phone: str
    born_on: str
    salary: str
    religion: str
    region: str


def _field(type_: str, mask: str = "", **more: Any) -> dict[str, Any]:
    return {"type": type_} | ({"pii": True, "masking": mask} if mask else {}) | more


_SPOKEN: dict[str, Any] = {
    "sla": {"freshness": "1h", "availability": "99.9%", "completeness": "99%"},
    "retention": "365d",
}
PERSON_FIELDS = {
    "person_id": _field("string", "hash", constraints={"primary_key": True}),
    "full_name": _field("string", "redact"),
    "email": _field("string", "partial"),
    "phone": _field("string", "tokenise"),
    "born_on": _field("date", "generalise"),
    "salary": _field("decimal(10,2)", "generalise"),
    "religion": _field("string", "null"),
    "region": _field("string"),
}


def _warn(expectation: str, column: str = "", **value: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"assertion": f"expect_{expectation}", "severity": "warn", "value": value}
    return said | ({"column": column} if column else {})


WARNINGS = [
    _warn("column_values_to_match_regex", "full_name", regex="^[A-Z][a-z]+$"),
    _warn("column_value_lengths_to_be_between", "email", max_value=3),
    _warn("column_values_to_be_in_set", "religion", value_set=["none"]),
    _warn("column_distinct_values_to_be_in_set", "phone", value_set=["none"]),
    _warn("column_values_to_be_decreasing", "born_on", strictly=True),
    _warn("column_values_to_be_between", "born_on", min_value="2020-01-01"),
    _warn("column_max_to_be_between", "salary", max_value=1),
    _warn("column_min_to_be_between", "born_on", min_value="2020-01-01"),
    _warn("column_quantile_values_to_be_between", "salary",
          quantile_ranges={"quantiles": [0, 0.5, 1], "value_ranges": [[0, 1], [0, 1], [0, 1]]}),
    _warn("column_pair_values_to_be_equal", column_A="full_name", column_B="email"),
    _warn("column_values_to_be_json_parseable", "email"),
    _warn("column_most_common_value_to_be_in_set", "full_name", value_set=["none"]),
    {"columns": ["born_on", "religion"], "assertion": "expect_compound_columns_to_be_k_anonymous",
     "value": {"k": 3}, "severity": "warn"},
    {"columns": ["full_name", "phone"], "assertion": "expect_compound_columns_to_be_unique", "severity": "warn"},
]  # fmt: skip
"""Checks that all fail, each in another way of the audit and with another kind of sample."""

PEOPLE = product(
    "crm.people.v1",
    owner="team-crm@company.io",
    support={"email": "team-crm@company.io"},
    fields=PERSON_FIELDS,
    inputs=[
        {
            "name": "people", "type": "batch", "path": "people/*.csv", "format": "csv", "key": ["person_id"],
            "columns": {name: said["type"] for name, said in PERSON_FIELDS.items()},
        }
    ],
    checks=[
        {"column": "email", "assertion": "expect_column_values_to_match_regex", "value": {"regex": "@"}},
        *WARNINGS,
    ],
    access={"roles": ["analyst", "data-protection"]},
    **_SPOKEN,
)  # fmt: skip
INVOICES = product(
    "billing.invoices.v1",
    owner="team-billing@company.io",
    support={"email": "team-billing@company.io"},
    fields={
        "invoice_id": {"type": "string", "constraints": {"primary_key": True}},
        "person_id": _field("string", "hash", constraints={"null": False}),
        "email": _field("string", "partial"),
        "amount": {"type": "decimal(10,2)"},
    },
    inputs=[
        {
            "name": "invoices", "type": "batch", "path": "invoices/*.csv", "format": "csv", "key": ["invoice_id"],
            "columns": {"invoice_id": "string", "person_id": "string", "amount": "decimal(10,2)"},
        },
        {"name": "people", "type": "data-product", "product": "crm.people.v1"},
    ],
    access={"roles": ["analyst", "data-protection"]},
    **_SPOKEN,
)  # fmt: skip
MODELS = {
    "crm": {"people": f"select {', '.join(PERSON_FIELDS)} from {{{{ source('landing', 'people') }}}}"},
    "billing": {
        "invoices": "select i.invoice_id, i.person_id, p.email, i.amount\n"
        "from {{ source('landing', 'invoices') }} i left join {{ source('landing', 'people') }} p using (person_id)"
    },
}

ADA = Person("PID-4711-QX", "Ada Übelacker", "ada.uebelacker@mailbox.example", "+49 30 5550117", "1977-03-19",
             "73911.37", "Quäkerin", "north")  # fmt: skip
BEN = Person("PID-0815-RV", "Benno Zwiebelfrucht", "benno@zwiebelfrucht.example", "+49 30 5550129", "1983-11-02",
             "58204.91", "Mennonit", "south")  # fmt: skip
CHI = Person("PID-2342-WK", "Chiara Ostrowidzka", "chiara@ostrowidzka.example", "+49 30 5550131", "1991-07-28",
             "64477.03", "Adventistin", "south")  # fmt: skip


def people_mesh(root: Path, *, products: Sequence[DataProduct] = (PEOPLE, INVOICES), **environ: str) -> Settings:
    """The mesh in ``root`` with the example mesh's policies and nothing landed; returns its settings."""
    settings = mesh_at(root, *products, **environ)
    shutil.copy(REPOSITORY / "dagster.yaml", root)
    shutil.copytree(REPOSITORY / "policies", root / "policies")
    for domain, models in MODELS.items():
        write_project(root, domain, models)
    files.write(load_mesh(settings), root)
    return settings


def land_people(settings: Settings, batch: str, *people: Person) -> None:
    """Drop a file of people at the source of crm."""
    _land(settings, f"people/{batch}.csv", [field.name for field in fields(Person)], [astuple(one) for one in people])


def land_invoices(settings: Settings, batch: str, **amounts: str) -> None:
    """Drop a file of invoices, one for each person id (with _ for -)."""
    rows = [
        (f"i-{batch}-{number}", one.replace("_", "-"), amount) for number, (one, amount) in enumerate(amounts.items())
    ]
    _land(settings, f"invoices/{batch}.csv", ["invoice_id", "person_id", "amount"], rows)


def _land(settings: Settings, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    path = settings.landing_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def spellings(*people: Person) -> dict[str, str]:
    """Every way in which a personal value of ``people`` may be written, with the column it is of."""
    found: dict[str, str] = {}
    for person in people:
        for column in ("person_id", "full_name", "email", "phone", "religion", "born_on", "salary"):
            text = getattr(person, column)
            found |= dict.fromkeys((text, text.encode("unicode_escape").decode()), column)
        found |= dict.fromkeys(person.full_name.split(), "full_name")
        found[person.email.partition("@")[0] if "." in person.email.partition("@")[0] else person.email] = "email"
        day = date.fromisoformat(person.born_on) if person.born_on[:1].isdigit() else None
        if day:
            found |= dict.fromkeys((f"{day:%Y, %-m, %-d}", f"{day:%d.%m.%Y}", f"{day:%m/%d/%Y}"), "born_on")
        if person.salary[:1].isdigit():
            found |= dict.fromkeys((f"{float(Decimal(person.salary)):,.2f}",), "salary")
    return found
