with

order_lines as (
    select * from {{ ref('order_lines') }}
),

baskets as (
    select
        basket_id,
        min(household_id) as household_id,
        min(store_id) as store_id,
        min(ordered_at) as ordered_at,
        min(ordered_on) as ordered_on,
        cast(count(*) as integer) as line_count,
        cast(sum(sales_value) as numeric(12, 2)) as sales_value,
        cast(sum(retail_discount) as numeric(12, 2)) as retail_discount,
        cast(sum(coupon_discount) as numeric(12, 2)) as coupon_discount,
        cast(sum(coupon_match_discount) as numeric(12, 2)) as coupon_match_discount,
        cast(sum(paid_value) as numeric(12, 2)) as paid_value,
        sum(coupon_discount) > 0 as used_coupon
    from order_lines
    group by basket_id
)

select * from baskets
