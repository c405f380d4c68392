with

landed as (
    select
        *,
        row_number() over (
            partition by campaign_id
            order by _landed_at desc, _batch desc, start_date asc, end_date asc
        ) as recency
    from {{ source('landing', 'campaign_descriptions') }}
),

renamed as (
    select
        campaign_id,
        cast(campaign_type as text) as campaign_type,
        cast(start_date as date) as campaign_start,
        cast(end_date as date) as campaign_end
    from landed
    where recency = 1
)

select * from renamed
