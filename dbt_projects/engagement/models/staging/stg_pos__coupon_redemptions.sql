with

landed as (
    select
        *,
        row_number() over (
            partition by household_id, coupon_upc, campaign_id, redemption_date
            order by _landed_at desc, _batch desc
        ) as recency
    from {{ source('landing', 'coupon_redemptions') }}
),

renamed as (
    select
        household_id,
        coupon_upc,
        campaign_id,
        cast(redemption_date as date) as redeemed_on
    from landed
    where recency = 1
)

select * from renamed
