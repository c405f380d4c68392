{# The ledger of landed batches: which content of each batch the landing tables hold. #}
{% macro landing_ledger() %}
    {{- api.Relation.create(
        database=this.database,
        schema=this.schema,
        identifier='landing__ledger'
    ) -}}
{% endmacro %}
