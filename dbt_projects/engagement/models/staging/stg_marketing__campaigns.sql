with

landed as (
    select
        *,
        row_number() over (
            partition by campaign_id, household_id
            order by _landed_at desc, _batch desc
        ) as recency
    from {{ source('landing', 'campaigns') }}
),

renamed as (
    select
        campaign_id,
        household_id
    from landed
    where recency = 1
)

select * from renamed
