{{ config(materialized='view') }}

with

promotions as (
    select * from {{ ref('stg_marketing__promotions') }}
),

located as (
    select
        product_id,
        store_id,
        week_id,
        week_start,
        display_location,
        mailer_location,
        display_location <> '0' as on_display,
        mailer_location <> '0' as in_mailer
    from promotions
)

select * from located
