"""When a domain runs by itself: as soon as another domain publishes what it reads."""

from __future__ import annotations

import dagster as dg


def on_publication() -> dg.AutomationCondition:
    """Run when something upstream was published, together with everything downstream in the domain.

    ``eager`` starts it. The gate is ``all_deps_blocking_checks_passed``, except that a dependency
    which this very tick requests passes: its checks run in the same run, which stops there itself.
    Without the exception a model whose dbt test failed once would split every later run in two.
    """
    requested = dg.AutomationCondition.will_be_requested()
    passed = dg.AutomationCondition.all_checks_match(
        dg.AutomationCondition.check_passed() | requested, blocking_only=True
    ).with_label("blocking checks passed")
    gate = dg.AutomationCondition.all_deps_match(requested | passed).with_label("dependencies may be used")
    return (dg.AutomationCondition.eager() & gate).with_label("on publication upstream")


def with_its_asset() -> dg.AutomationCondition:
    """Never true by itself: the check runs whenever its asset does.

    A product is one step with its checks, so Dagster asks for these by name, and a run that names checks
    runs no others: dbt's tests would be left out, and what is built on them would wait for ever. Where a
    check of an asset in the run has a condition of its own, Dagster adds the checks that have none.
    """
    first = dg.AutomationCondition.initial_evaluation()
    return (first & ~first).with_label("with its asset")


def automation_sensor(domain: str) -> dg.AutomationConditionSensorDefinition:
    """The sensor that evaluates the domain's conditions, in the daemon, over the whole workspace.

    That is where Dagster evaluates it unless told otherwise; a code location sees only its own assets,
    so evaluated there the gate would always be open.
    """
    return dg.AutomationConditionSensorDefinition(
        name=f"{domain}_automation",
        target=dg.AssetSelection.groups(domain),
        run_tags={"mesh/domain": domain},
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=5,
        description=f"Runs what {domain} derives from other domains' products as soon as one of them is published.",
    )
