with

published as (
    select * from {{ source('landing', 'households') }}
),

renamed as (
    select household_id
    from published
)

select * from renamed
