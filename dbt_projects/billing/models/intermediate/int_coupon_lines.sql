with

order_lines as (
    select * from {{ ref('stg_orders__order_lines') }}
),

catalog as (
    select * from {{ ref('stg_products__catalog') }}
),

redemptions as (
    select * from {{ ref('stg_engagement__coupon_redemptions') }}
),

redemption_days as (
    select distinct
        household_id,
        redeemed_on
    from redemptions
),

coupon_lines as (
    select
        order_lines.basket_id,
        order_lines.product_id,
        order_lines.household_id,
        order_lines.ordered_on,
        order_lines.coupon_discount,
        order_lines.coupon_match_discount,
        coalesce(catalog.manufacturer_id, 0) as manufacturer_id,
        redemption_days.household_id is not null as in_campaign
    from order_lines
    left join catalog on order_lines.product_id = catalog.product_id
    left join redemption_days
        on
            order_lines.household_id = redemption_days.household_id
            and order_lines.ordered_on = redemption_days.redeemed_on
    where order_lines.coupon_discount > 0
)

select * from coupon_lines
