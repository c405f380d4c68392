with

published as (
    select * from {{ source('landing', 'catalog') }}
),

renamed as (
    select
        product_id,
        manufacturer_id,
        brand
    from published
)

select * from renamed
