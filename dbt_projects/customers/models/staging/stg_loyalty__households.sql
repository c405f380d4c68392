with

landed as (
    select
        *,
        row_number() over (
            partition by household_id
            order by _landed_at desc, _batch desc, age asc, income asc, household_size asc
        ) as recency
    from {{ source('landing', 'households') }}
),

renamed as (
    select
        household_id,
        cast(age as text) as age,
        cast(income as text) as income,
        cast(home_ownership as text) as home_ownership,
        cast(marital_status as text) as marital_status,
        cast(household_size as text) as household_size,
        cast(household_comp as text) as composition,
        cast(kids_count as text) as kids_count
    from landed
    where recency = 1
)

select * from renamed
