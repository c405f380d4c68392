with

landed as (
    select
        *,
        row_number() over (
            partition by coupon_upc, product_id, campaign_id
            order by _landed_at desc, _batch desc
        ) as recency
    from {{ source('landing', 'coupons') }}
),

renamed as (
    select
        coupon_upc,
        product_id,
        campaign_id
    from landed
    where recency = 1
)

select * from renamed
