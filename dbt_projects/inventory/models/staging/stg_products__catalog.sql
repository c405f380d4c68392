with

published as (
    select * from {{ source('landing', 'catalog') }}
),

renamed as (
    select
        product_id,
        department,
        product_category,
        product_type
    from published
)

select * from renamed
