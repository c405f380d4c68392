with

coupon_lines as (
    select * from {{ ref('int_coupon_lines') }}
),

owed as (
    select
        manufacturer_id,
        cast(date_trunc('week', cast(ordered_on as timestamp)) as date) as week_start,
        cast(count(*) as integer) as coupon_line_count,
        cast(count(distinct household_id) as integer) as household_count,
        cast(sum(coupon_discount) as numeric(14, 2)) as amount_owed,
        cast(sum(case when in_campaign then coupon_discount else 0 end) as numeric(14, 2))
            as campaign_amount,
        cast(sum(coupon_match_discount) as numeric(14, 2)) as match_amount
    from coupon_lines
    group by manufacturer_id, cast(date_trunc('week', cast(ordered_on as timestamp)) as date)
)

select * from owed
