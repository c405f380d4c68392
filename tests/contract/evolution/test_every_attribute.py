"""No attribute of a contract changes unnoticed: the model itself is walked, so a new one must be classified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from mesh_orchestration.contract.evolution import changes
from mesh_orchestration.contract.evolution.kinds import KINDS
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.ports import PORTS
from tests.builders import contract

NONE = object()
AMOUNT = "spec.schema.fields[1]"
CONSTRAINTS = f"{AMOUNT}.constraints"
CHECK = "spec.quality.checks[0]"
UNCLASSIFIED = {
    "apiVersion": "has one value",
    "kind": "has one value",
    "metadata.version": "is what a change is held against",
}
SAMPLES: dict[str, tuple[str, Any, Any, list[str]]] = {
    "metadata.name": ("metadata.name", "order_lines", "lines", ["address.changed", "id.changed"]),
    "metadata.domain": ("metadata.domain", "orders", "sales", ["address.changed", "id.changed"]),
    "metadata.id": ("metadata.id", "orders.order_lines", "orders.lines", ["id.changed"]),
    "metadata.title": ("metadata.title", "Lines", "Order lines", ["words.changed"]),
    "metadata.description": ("metadata.description", "One row per line.", "One row per order line.", ["words.changed"]),
    "metadata.tags": ("metadata.tags", ["a"], ["b"], ["words.changed"]),
    "metadata.status": ("metadata.status", "active", "deprecated", ["status.deprecated"]),
    "metadata.sunset": ("metadata.sunset", "2027-01-01", "2026-12-01", ["sunset.nearer"]),
    "spec.owner": ("spec.owner", "team:a", "team:b", ["owner.changed"]),
    "spec.support.channel": ("spec.support.channel", "#a", "#b", ["support.changed"]),
    "spec.support.email": ("spec.support.email", "a@b.io", "c@b.io", ["support.changed"]),
    "spec.support.url": ("spec.support.url", NONE, "https://a.io", ["support.changed"]),
    "spec.support.hours": ("spec.support.hours", "9-17", NONE, ["support.changed"]),
    "spec.inputs[].name": ("spec.inputs[0].name", "lines", "rows", ["input.removed", "input.added"]),
    "spec.inputs[].type": ("spec.inputs[0].type", "batch", "data-product", ["input.redirected"]),
    "spec.inputs[].description": ("spec.inputs[0].description", "a", "b", ["words.changed"]),
    "spec.model": ("spec.model", NONE, "lines_v1", ["model.changed"]),
    "spec.schedule": ("spec.schedule", "5 * * * *", "9 * * * *", ["schedule.changed"]),
    "spec.schema.type": ("spec.schema.type", "avro", "json", ["format.changed"]),
    "spec.schema.compatibility": ("spec.schema.compatibility", NONE, "full", ["compatibility.strengthened"]),
    "spec.schema.fields[].name": (f"{AMOUNT}.name", "amount", "value", ["field.removed", "field.added"]),
    "spec.schema.fields[].type": (f"{AMOUNT}.type", "integer", "long", ["field.widened"]),
    "spec.schema.fields[].description": (f"{AMOUNT}.description", "a", "b", ["description.changed"]),
    "spec.schema.fields[].semantics": (f"{AMOUNT}.semantics", "net", "gross", ["meaning.changed"]),
    "spec.schema.fields[].unit": (f"{AMOUNT}.unit", "USD", "EUR", ["unit.changed"]),
    "spec.schema.fields[].tags": (f"{AMOUNT}.tags", ["a"], ["b"], ["description.changed"]),
    "spec.schema.fields[].aliases": (f"{AMOUNT}.aliases", ["a"], ["b"], ["alias.removed", "alias.added"]),
    "spec.schema.fields[].pii": (f"{AMOUNT}.pii", False, True, ["pii.classified", "mask.strengthened"]),
    "spec.schema.fields[].masking": (f"{AMOUNT}.masking", "hash", "partial", ["mask.weakened"]),
    "spec.schema.fields[].constraints.primary_key": (
        f"{CONSTRAINTS}.primary_key", False, True, ["null.forbidden", "key.widened"]),
    "spec.schema.fields[].constraints.unique": (f"{CONSTRAINTS}.unique", False, True, ["unique.promised"]),
    "spec.schema.fields[].constraints.null": (f"{CONSTRAINTS}.null", False, True, ["null.allowed"]),
    "spec.schema.fields[].constraints.timezone": (
        "spec.schema.fields[2].constraints.timezone", "UTC", NONE, ["field.retyped"]),
    "spec.schema.fields[].constraints.pattern": (f"{CONSTRAINTS}.pattern", "a", "b", ["values.changed"]),
    "spec.schema.fields[].constraints.enum": (f"{CONSTRAINTS}.enum", [1, 2], [1, 2, 3], ["enum.widened"]),
    "spec.schema.fields[].constraints.min": (f"{CONSTRAINTS}.min", 1, 0, ["values.loosened"]),
    "spec.schema.fields[].constraints.max": (f"{CONSTRAINTS}.max", 1, 0, ["values.tightened"]),
    "spec.schema.fields[].constraints.min_length": (f"{CONSTRAINTS}.min_length", 1, 2, ["values.tightened"]),
    "spec.schema.fields[].constraints.max_length": (f"{CONSTRAINTS}.max_length", 1, 2, ["values.loosened"]),
    "spec.schema.fields[].constraints.pii": (f"{CONSTRAINTS}.pii", "email", "name", ["pii.reclassified"]),
    "spec.schema.fields[].constraints.masking": (f"{CONSTRAINTS}.masking", "redact", NONE, ["mask.weakened"]),
    "spec.quality.checks[].assertion": (
        f"{CHECK}.assertion", "expect_column_mean_to_be_between", "expect_column_min_to_be_between",
        ["check.removed", "check.added"]),
    "spec.quality.checks[].column": (f"{CHECK}.column", "amount", "event_ts", ["check.removed", "check.added"]),
    "spec.quality.checks[].columns": (
        f"{CHECK}.columns", ["amount", "event_ts"], ["amount", "order_id"], ["check.removed", "check.added"]),
    "spec.quality.checks[].threshold": (f"{CHECK}.threshold", 0.9, 0.8, ["threshold.lowered"]),
    "spec.quality.checks[].value": (f"{CHECK}.value", {"min_value": 1}, {"min_value": 2}, ["check.tightened"]),
    "spec.quality.checks[].severity": (f"{CHECK}.severity", "error", "warn", ["severity.lowered"]),
    "spec.quality.checks[].name": (f"{CHECK}.name", "a", "b", ["check.renamed"]),
    "spec.quality.checks[].description": (f"{CHECK}.description", "a", "b", ["check.described"]),
    "spec.sla.freshness": ("spec.sla.freshness", "1h", "2h", ["sla.loosened"]),
    "spec.sla.event_time": ("spec.sla.event_time", "event_ts", "other_ts", ["sla.changed"]),
    "spec.sla.event_freshness": ("spec.sla.event_freshness", "1h", "30m", ["sla.tightened"]),
    "spec.sla.availability": ("spec.sla.availability", "99.9%", "99%", ["sla.loosened"]),
    "spec.sla.completeness": ("spec.sla.completeness", "99%", "99.9%", ["sla.tightened"]),
    "spec.sla.accuracy": ("spec.sla.accuracy", NONE, 0.9, ["sla.tightened"]),
    "spec.sla.latency": ("spec.sla.latency", "1s", NONE, ["sla.loosened"]),
    "spec.sla.throughput": ("spec.sla.throughput", "10/s", "20/s", ["sla.changed"]),
    "spec.lineage.upstream": ("spec.lineage.upstream", ["a"], ["b"], ["lineage.changed"]),
    "spec.lineage.downstream": ("spec.lineage.downstream", ["a"], ["b"], ["lineage.changed"]),
    "spec.access.roles": ("spec.access.roles", ["a", "b"], ["b", "c"], ["role.removed", "role.added"]),
    "spec.access.policies": ("spec.access.policies", ["a"], ["b"], ["policy.removed", "policy.added"]),
    "spec.access.purposes": ("spec.access.purposes", ["a"], NONE, ["purpose.opened"]),
    "spec.outputs[].type": ("spec.outputs[0].type", "table", "stream", ["output.changed"]),
    "spec.outputs[].name": ("spec.outputs[0].name", "a", "b", ["output.removed", "output.added"]),
    "spec.outputs[].description": ("spec.outputs[0].description", "a", "b", ["words.changed"]),
    "spec.consumers[].name": ("spec.consumers[0].name", "a", "b", ["consumer.removed", "consumer.added"]),
    "spec.consumers[].type": ("spec.consumers[0].type", "ml", "report", ["consumer.changed"]),
    "spec.consumers[].owner": ("spec.consumers[0].owner", "team:a", "team:b", ["consumer.changed"]),
    "spec.consumers[].columns": ("spec.consumers[0].columns", ["amount"], [], ["consumer.changed"]),
    "spec.consumers[].description": ("spec.consumers[0].description", "a", "b", ["consumer.changed"]),
    "spec.consumers[].url": ("spec.consumers[0].url", "a", "b", ["consumer.changed"]),
    "spec.retention": ("spec.retention", "2d", "1d", ["retention.shortened"]),
}  # fmt: skip


def attributes(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """The YAML path of every leaf of ``model``, lists as ``[]``."""
    for name, info in model.model_fields.items():
        where = f"{path}.{info.alias or name}".removeprefix(".")
        inner = part_of(info.annotation)
        if inner is None:
            yield where
        else:
            yield from attributes(inner, where if inner is info.annotation else f"{where}[]")


def part_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for inner in get_args(annotation) if (part := part_of(inner))), None)


def base() -> dict[str, Any]:
    check = {"column": "amount", "assertion": "expect_column_mean_to_be_between", "value": {"min_value": 1}}
    fields = {
        "order_id": {"type": "string", "constraints": {"primary_key": True}},
        "amount": {"type": "long", "constraints": {}},
        "event_ts": {"type": "timestamp", "constraints": {}},
    }
    return contract(
        fields=fields,
        checks=[check],
        inputs=[{"name": "lines", "type": "batch", "path": "*.csv"}],
        outputs=[{"type": "table", "name": "main"}],
        consumers=[{"name": "board", "owner": "team:bi"}],
    )


def with_value(path: str, value: Any) -> DataProduct:
    """The base contract with ``value`` at ``path``, or with nothing there."""
    data = base()
    place: Any = data
    *keys, last = path.replace("[", ".").replace("]", "").split(".")
    for key in keys:
        place = place[int(key)] if key.isdigit() else place.setdefault(key, {})
    if value is NONE:
        place.pop(last, None)
    else:
        place[last] = value
    if last == "columns" and "quality" in path:
        place.pop("column")
    return DataProduct.model_validate(data)


def test_every_attribute_of_the_model_is_classified() -> None:
    assert set(attributes(DataProduct)) - set(UNCLASSIFIED) == set(SAMPLES)


@pytest.mark.parametrize("attribute", SAMPLES)
def test_a_change_of_an_attribute_is_seen_and_classified(attribute: str) -> None:
    path, before, after, kinds = SAMPLES[attribute]
    old, new = with_value(path, before), with_value(path, after)
    assert [change.kind for change in changes(old, new)] == kinds
    assert not set("[]{}") & set("".join(change.says for change in changes(old, new)))
    assert changes(new, old)
    assert changes(old, old) == changes(new, new) == ()


@pytest.mark.parametrize(
    ("type_", "option"), [(type_, name) for type_, options in PORTS.items() for name in options.model_fields]
)
def test_a_change_of_an_option_of_an_input_port_is_seen(type_: str, option: str) -> None:
    def reading(value: str) -> DataProduct:
        data = base()
        data["spec"]["inputs"] = [{"name": "lines", "type": type_, option: value}]
        return DataProduct.model_validate(data)

    (change,) = changes(reading("a"), reading("b"))
    assert change.kind in {"input.changed", "input.redirected", "input.expectation"}
    assert (change.before, change.after) == ("a", "b")


def test_an_option_that_no_port_type_has_yet_is_seen_too() -> None:
    old, new = (InputPort.model_validate({"name": "a", "type": "b", "new": value}) for value in (1, 2))
    before, after = DataProduct.model_validate(base()), DataProduct.model_validate(base())
    before = before.model_copy(update={"spec": before.spec.model_copy(update={"inputs": (old,)})})
    after = after.model_copy(update={"spec": after.spec.model_copy(update={"inputs": (new,)})})
    assert [change.path for change in changes(before, after)] == ["spec.inputs[0].new"]


def test_every_kind_of_change_is_a_word_of_two_parts_with_a_reason_in_one_sentence() -> None:
    for kind in KINDS.values():
        assert kind.word.count(".") == 1
        assert kind.reason
        assert not kind.reason.endswith(".")
        assert ". " not in kind.reason
