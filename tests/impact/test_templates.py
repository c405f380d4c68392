"""Models' Jinja rendered without dbt."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_orchestration.impact.templates import Rendered, Templates, macros_of


def render(
    text: str, *, macros: str = "", models: tuple[str, ...] = ("other", "other_v2"), **variables: Any
) -> Rendered:
    return Templates("shop", macros_of([macros]), variables, frozenset(models)).render("model", text)


def sql(text: str, **parts: Any) -> str:
    rendered = render(text, **parts)
    assert rendered.why == ""
    return " ".join(rendered.sql[0].split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select * from {{ ref('other') }}", 'select * from "(mesh)"."other"'),
        ("select * from {{ ref('package', 'other') }}", 'select * from "(mesh)"."other"'),
        ("select * from {{ ref('other', v=2) }}", 'select * from "(mesh)"."other_v2"'),
        ("select * from {{ source('landing', 'till') }}", 'select * from "(mesh)"."landing__till"'),
        ("select * from {{ this }}", 'select * from "(mesh)"."model"'),
        ("{{ config(materialized='view') }}select 1", "select 1"),
        ("{% set names = ['a', 'b'] %}select {% for n in names %}{{ n }} {% endfor %}", "select a b"),
        ("select {{ var('column', 'a') }} from t", "select a from t"),
        ("select '{{ env_var('REGION', 'eu') }}'", "select 'eu'"),
        ("select '{{ target.name }}'", "select 'mesh'"),
        ("select {{ dbt.date_trunc('day', 'at') }}", "select date_trunc('day', at)"),
        ("select {{ dbt.safe_cast('a', dbt.type_string()) }}", "select safe_cast(a, text)"),
        ("{# a comment #}select 1 {% do log('said', info=true) %}", "select 1"),
    ],
)  # fmt: skip
def test_what_needs_no_database_is_rendered(text: str, expected: str) -> None:
    assert sql(text) == expected


def test_variables_come_from_the_project() -> None:
    assert sql("select {{ var('column') }}", column="paid") == "select paid"


def test_macros_of_the_project_call_each_other_and_return_values() -> None:
    macros = """
    {% macro columns() %}{{ return(['a', 'b']) }}{% endmacro %}
    {%- macro listed(prefix) -%}
        {%- for c in columns() -%}{{ prefix }}.{{ c }}{{ ", " if not loop.last }}{%- endfor -%}
    {%- endmacro -%}
    """
    assert sql("select {{ listed('t') }} from t", macros=macros) == "select t.a, t.b from t"


def test_a_dispatched_macro_is_found_by_its_adapter() -> None:
    macros = """
    {% macro now_utc() %}{{ return(adapter.dispatch('now_utc')()) }}{% endmacro %}
    {% macro default__now_utc() %}current_timestamp{% endmacro %}
    """
    assert sql("select {{ now_utc() }}", macros=macros) == "select current_timestamp"


def test_an_incremental_model_has_two_forms() -> None:
    rendered = render(
        "select a {% if is_incremental() %} from {{ this }} {% else %} from {{ ref('other') }} {% endif %}"
    )
    assert [" ".join(one.split()) for one in rendered.sql] == [
        'select a from "(mesh)"."other"',
        'select a from "(mesh)"."model"',
    ]
    assert rendered.relations == ("other",)


def test_a_disabled_model_says_so() -> None:
    assert render("{{ config(enabled=false) }} select 1").enabled is False


def test_what_a_hook_reads_is_mentioned() -> None:
    hook = "delete from {{ this }} where id in (select id from {{ source('landing', 'gone') }})"
    text = '{{ config(post_hook="' + hook + '") }} select 1'
    assert render(text).hooked == ("landing__gone",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select {{ run_query('select 1') }} from {{ ref('other') }}", "needs a running dbt: 'run_query' is undefined"),
        ("select {{ dbt_utils.star(ref('other')) }}", "needs a running dbt: 'dbt_utils' is undefined"),
        ("select {{ var('nothing') }} from {{ ref('other') }}", "var('nothing') has no value"),
        ("select {{ env_var('SECRET') }} from {{ ref('other') }}", "env_var('SECRET') is only known when dbt runs"),
        ("select {% if %} from {{ ref('other') }}", "its Jinja cannot be read (line 1)"),
        ("{{ exceptions.raise_compiler_error('no') }} {{ ref('other') }}", "it raises: no"),
        ("{% for i in range(10 ** 9) %}{% endfor %}{{ ref('other') }}", "needs a running dbt"),
        ("{{ ''.__class__.__mro__ }}{{ ref('other') }}", "needs a running dbt"),
    ],
)  # fmt: skip
def test_what_only_a_running_dbt_knows_is_not_guessed_at(text: str, reason: str) -> None:
    rendered = render(text)
    assert (rendered.sql, rendered.relations) == ((), ("other",))
    assert reason in rendered.why
