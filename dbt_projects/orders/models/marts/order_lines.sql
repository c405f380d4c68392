{{ config(materialized='view') }}

with

transactions as (
    select * from {{ ref('stg_pos__transactions') }}
),

order_lines as (
    select
        basket_id,
        product_id,
        household_id,
        store_id,
        ordered_at,
        cast(ordered_at at time zone 'UTC' as date) as ordered_on,
        quantity,
        sales_value,
        retail_discount,
        coupon_discount,
        coupon_match_discount,
        cast(sales_value + retail_discount + coupon_match_discount as numeric(12, 2))
            as shelf_value,
        cast(sales_value - coupon_discount as numeric(12, 2)) as paid_value
    from transactions
)

select * from order_lines
