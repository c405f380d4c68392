"""No personal value is anywhere but where the data itself is.

A whole life of a small mesh is produced: publications with checks that fail in every way of the audit, a refusal,
a file that cannot be read, a model that fails on a value, alerts, and what every command prints. Then everything
is searched for the raw values. Landed files, engines and the warehouse hold them, and so do the bounds that
Parquet footers and Iceberg manifests keep of a column: those files are the data, and guarded as the data is.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import dagster as dg
import fastavro
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.incidents.about import Serving
from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.platform_incidents import incident_sensor
from mesh_orchestration.settings import Settings
from tests.cli.mesh import Answer, mesh, mesh_each
from tests.e2e.people import ADA, BEN, CHI, KEY, land_invoices, land_people, people_mesh, spellings
from tests.incidents.sinks import MailSink, WebhookSink, mail_sink, webhook_sink

pytestmark = pytest.mark.slow

DATA = ("landing", "engines", "warehouse")
"""The folders of the data itself, below the home of the mesh."""
UNREADABLE = replace(CHI, person_id="PID-9001-XX", born_on="28.07.91x")
WITHOUT_AT = replace(CHI, email="chiara.at.ostrowidzka")
WORDS = spellings(ADA, BEN, CHI) | dict.fromkeys(("28.07.91x", "PID-9001-XX", "chiara.at.ostrowidzka"), "bad")
PRINTED = (
    ("rejected", "crm.people"), ("rejected", "crm.people", "--json"),
    ("show", "crm.people"), ("show", "crm.people", "--json"),
    ("check", "crm.people"), ("check", "crm.people", "--json"),
    ("status", "--json"), ("lint", "--json"), ("impact", "crm.people", "--json"), ("doctor",),
    ("compliance",), ("compliance", "--json"), ("plan",), ("plan", "--json"), ("audit",), ("audit", "--json"),
    ("query", "select * from crm.people"), ("query", "select * from crm.people", "--json"),
    ("query", "select * from billing.invoices", "--csv"),
    ("query", "select max(full_name), min(born_on), list(email) from crm.people", "--json"),
    ("query", "select cast(phone as integer) from crm.people"),
)  # fmt: skip


@dataclass
class Life:
    """A mesh, and everything that was printed and sent while it lived."""

    settings: Settings
    hook: WebhookSink
    post: MailSink
    heard: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    def say(self, *words: str, **environ: str) -> None:
        self._keep(words, mesh(self.settings, *words, **environ))

    def say_each(self, *commands: tuple[str, ...]) -> None:
        for words, answer in zip(commands, mesh_each(self.settings, *commands), strict=True):
            self._keep(words, answer)

    def _keep(self, words: tuple[str, ...], answer: Answer) -> None:
        name = f"{len(self.heard)} mesh {' '.join(words)}"
        self.heard[name], self.codes[name] = answer.out + answer.err, answer.code

    def run(self, *words: str, **environ: str) -> None:
        """Run, and let the alerts of it be sent."""
        self.say("run", *words, **environ)
        sensor = incident_sensor(self.settings, lambda _: Serving(42, 1_700_000_000.0), settle=0.0)
        with open_instance(self.settings) as instance:
            sensor(dg.build_sensor_context(instance=instance))


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    root = tmp_path_factory.mktemp("people")
    with ExitStack() as stack:
        hook = stack.enter_context(webhook_sink())
        post, smtp = stack.enter_context(mail_sink())
        environ = {"MESH_MASKING_KEY": KEY, "MESH_ALERT_WEBHOOK": hook.url, "MESH_SMTP_URL": smtp}
        environ["MESH_INCIDENTS_STORM"] = "100"  # every letter by itself
        life = Life(people_mesh(root, **environ), hook, post)
        committed(root)
        published_and_refused(life)
        broken(life)
        landed = f"{life.settings.landing_dir}/people/day1.csv"
        life.say_each(*PRINTED, ("contract", "import", landed, "--domain", "crm", "-o", "-"))
        yield life


def committed(root: Path) -> None:
    """A git repository of the mesh, which plan and compliance compare with."""
    (root / ".gitignore").write_text(".mesh/\n")
    git = ["git", "-c", "user.name=crm", "-c", "user.email=crm@company.io"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *words], cwd=root, check=True, timeout=60)


def published_and_refused(life: Life) -> None:
    land_people(life.settings, "day1", ADA, BEN)
    land_invoices(life.settings, "day1", PID_4711_QX="10.00", PID_0815_RV="12.50")
    life.run()
    land_people(life.settings, "day2", WITHOUT_AT)
    life.run("crm")


def broken(life: Life) -> None:
    """A file that cannot be read; then a model that fails on a value, as a view and as a table."""
    land_people(life.settings, "day3", UNREADABLE)
    life.run("crm", "--json")
    (life.settings.landing_dir / "people" / "day3.csv").unlink()
    model = life.settings.root / "dbt_projects" / "crm" / "models" / "people.sql"
    right = model.read_text()
    wrong = right.replace("region", "cast(cast(phone as integer) as varchar) as region")
    model.write_text("{{ config(materialized='view') }}\n" + wrong)
    life.run("crm", MESH_DBT="subprocess")
    model.write_text(wrong)
    life.run("crm")
    life.say("dbt", "crm", "build")
    model.write_text(right)


def leaks(text: bytes) -> list[str]:
    """The personal values that ``text`` holds, each with what stands around it."""
    found = []
    for word, column in WORDS.items():
        # Three letters may also be the end of a row of SQLite and the begin of the next one's id.
        end = rb"(?![0-9A-Za-z])" if len(word) < 5 else b""
        if match := re.search(re.escape(word.encode()) + end, text):
            found.append(f"{column} {word!r}: {text[max(0, match.start() - 80) : match.start() + 60]!r}")
    return found


def test_the_life_was_one_worth_searching(life: Life) -> None:
    """Every kind of trouble did happen, or nothing is proven by finding nothing."""
    heard = "\n".join(life.heard.values())

    assert [code for name, code in life.codes.items() if " run" in name][:2] == [0, 1]
    assert "found ***, expected date" in heard
    assert heard.count("Conversion Error: *** to INT32") > 2
    assert {"a***@mailbox.example", "70000 to 80000", "1977-03", "***"} <= set(re.findall(r'"([^"\n]*)"', heard))
    assert 5 < len(life.hook.bodies) < len(life.post.mails)  # who only reads what broke is told by mail alone
    assert {path.suffix for path in home_files(life)} >= {".db", ".jsonl", ".json", ".out"}
    assert all(code < 2 for name, code in life.codes.items()), life.codes


def test_no_command_prints_a_personal_value(life: Life) -> None:
    assert {name: found for name, text in life.heard.items() if (found := leaks(text.encode()))} == {}


def test_no_alert_carries_a_personal_value(life: Life) -> None:
    bodies = [json.dumps(one, ensure_ascii=False).encode() for one in life.hook.received]
    mails = [f"{mail['Subject']}\n{mail.get_content()}".encode() for mail in life.post.mails]

    assert [found for sent in (*life.hook.bodies, *bodies, *mails) if (found := leaks(sent))] == []


def test_no_file_but_the_data_holds_a_personal_value(life: Life) -> None:
    """Dagster's event log and compute logs, dbt's targets, the log of decisions, the catalog, caches, the project."""
    places = [*home_files(life), *project_files(life)]

    assert len(places) > 50
    assert {str(path): found for path in places if (found := leaks(path.read_bytes()))} == {}


def test_the_search_finds_the_values_where_they_are(life: Life) -> None:
    """Landed files hold them in the clear, and a copy of one outside of the data is found."""
    landed = life.settings.landing_dir / "people" / "day1.csv"
    assert {word.split()[0] for word in leaks(landed.read_bytes())} == set(WORDS.values()) - {"bad"}
    copy = life.settings.home / "copy.csv"
    shutil.copy(landed, copy)
    try:
        assert [path for path in home_files(life) if leaks(path.read_bytes())] == [copy]
    finally:
        copy.unlink()


def test_the_bounds_of_columns_in_footers_and_manifests_are_data_too(life: Life) -> None:
    """Why the warehouse is left out of the search: what Iceberg and Parquet keep of a column are values of it."""
    warehouse = life.settings.home / "warehouse"
    manifests = [repr(record) for path in warehouse.rglob("*.avro") for record in fastavro.reader(path.open("rb"))]
    footers = [repr(pq.read_metadata(path).to_dict()) for path in warehouse.rglob("*.parquet")]

    assert any(leaks(one.encode()) for one in manifests)
    assert any(leaks(one.encode()) for one in footers)
    assert [path for path in warehouse.rglob("*.json") if leaks(path.read_bytes())] == []


def home_files(life: Life) -> list[Path]:
    home = life.settings.home
    return [path for path in sorted(home.rglob("*")) if path.is_file() and path.relative_to(home).parts[0] not in DATA]


def project_files(life: Life) -> list[Path]:
    root = life.settings.root
    hidden = (".mesh", ".git")
    return [
        path for path in sorted(root.rglob("*")) if path.is_file() and path.relative_to(root).parts[0] not in hidden
    ]
