with

households as (
    select * from {{ ref('stg_loyalty__households') }}
),

banded as (
    select
        household_id,
        age,
        cast(replace(split_part(age, '-', 1), '+', '') as integer) as age_from,
        income,
        case
            when income like 'Under%' then 0
            else cast(replace(replace(split_part(income, '-', 1), 'K', ''), '+', '') as integer)
        end as income_from,
        home_ownership,
        marital_status,
        household_size,
        cast(replace(household_size, '+', '') as integer) as size_from,
        composition,
        cast(replace(kids_count, '+', '') as integer) as kids_from
    from households
),

profiled as (
    select
        *,
        kids_from > 0 as has_kids
    from banded
)

select * from profiled
