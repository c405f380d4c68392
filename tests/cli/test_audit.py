from __future__ import annotations

from mesh_orchestration.governance.decision_log import Decision, DecisionLog
from mesh_orchestration.settings import Settings
from tests.builders import contract_text, write_contract
from tests.cli.mesh import mesh

READ = Decision(point="read", verdict="allow", subject="orders.orders.v1", who="ada", role="analyst")
DENIED = Decision(point="publish", verdict="deny", subject="orders.orders.v1", who="run 1", rules=("SLA-001",))


def test_decisions_are_shown_and_asked_for(settings: Settings) -> None:
    write_contract(settings.root, contract_text())
    DecisionLog(settings).append(READ, DENIED, READ)

    found = mesh(settings, "audit", "--verdict", "deny", "--json").json["decisions"]
    assert [(one["seq"], one["who"], one["rules"]) for one in found] == [(2, "run 1", ["SLA-001"])]
    assert len(mesh(settings, "audit", "--who", "ada", "--limit", "1", "--json").json["decisions"]) == 1
    assert "SLA-001" in mesh(settings, "audit").out


def test_the_short_name_of_a_product_will_do_and_an_unclear_one_is_answered_with_its_majors(settings: Settings) -> None:
    for major in ("1", "2"):
        at = f"orders.order_lines.v{major}"
        write_contract(settings.root, contract_text(at, model=f"lines_{major}", version=f"{major}.0.0"), at=at)
    write_contract(settings.root, contract_text("orders.orders.v1"), at="orders.orders.v1")
    DecisionLog(settings).append(READ, DENIED)

    assert len(mesh(settings, "audit", "--product", "orders.orders", "--json").json["decisions"]) == 2
    unclear = mesh(settings, "audit", "--product", "orders.order-lines")
    assert (unclear.code, unclear.out) == (1, "")
    assert "'orders.order-lines' may be orders.order_lines.v1 or orders.order_lines.v2; give one of them" in unclear.err
    assert mesh(settings, "audit", "--product", "orders.gone.v1").out.startswith("nothing was decided yet")


def test_a_changed_log_is_found(settings: Settings) -> None:
    write_contract(settings.root, contract_text())
    DecisionLog(settings).append(READ, READ)
    assert "whole: 2 records" in mesh(settings, "audit", "verify").out

    (path,) = (settings.home / "decisions").glob("*.jsonl")
    path.write_text(path.read_text().replace("ada", "eve", 1))
    answer = mesh(settings, "audit", "verify")
    assert (answer.code, "broken after 0 records: 000000000001.jsonl:1 was changed" in answer.out) == (1, True)
