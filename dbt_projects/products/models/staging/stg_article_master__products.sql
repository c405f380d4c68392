with

landed as (
    select
        *,
        row_number() over (
            partition by product_id
            order by _landed_at desc, _batch desc, manufacturer_id asc, product_type asc
        ) as recency
    from {{ source('landing', 'products') }}
),

renamed as (
    select
        product_id,
        manufacturer_id,
        cast(department as text) as department,
        cast(brand as text) as brand,
        cast(product_category as text) as product_category,
        cast(product_type as text) as product_type,
        cast(package_size as text) as package_size
    from landed
    where recency = 1
)

select * from renamed
