with

coupons as (
    select * from {{ ref('stg_marketing__coupons') }}
),

counted as (
    select
        coupon_upc,
        campaign_id,
        cast(count(*) as integer) as eligible_products
    from coupons
    group by coupon_upc, campaign_id
)

select * from counted
