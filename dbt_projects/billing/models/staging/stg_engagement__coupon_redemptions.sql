with

published as (
    select * from {{ source('landing', 'coupon_redemptions') }}
),

renamed as (
    select
        household_id,
        coupon_upc,
        campaign_id,
        redeemed_on
    from published
)

select * from renamed
