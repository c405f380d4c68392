with

redemptions as (
    select * from {{ ref('stg_pos__coupon_redemptions') }}
),

campaigns as (
    select * from {{ ref('stg_marketing__campaign_descriptions') }}
),

targets as (
    select * from {{ ref('stg_marketing__campaigns') }}
),

eligible as (
    select * from {{ ref('int_coupons__eligible_products') }}
),

described as (
    select
        redemptions.household_id,
        redemptions.coupon_upc,
        redemptions.campaign_id,
        redemptions.redeemed_on,
        campaigns.campaign_type,
        campaigns.campaign_start,
        campaigns.campaign_end,
        cast(redemptions.redeemed_on - campaigns.campaign_start as integer) as day_of_campaign,
        eligible.eligible_products,
        targets.household_id is not null as was_targeted
    from redemptions
    left join campaigns on redemptions.campaign_id = campaigns.campaign_id
    left join eligible
        on
            redemptions.coupon_upc = eligible.coupon_upc
            and redemptions.campaign_id = eligible.campaign_id
    left join targets
        on
            redemptions.campaign_id = targets.campaign_id
            and redemptions.household_id = targets.household_id
)

select * from described
