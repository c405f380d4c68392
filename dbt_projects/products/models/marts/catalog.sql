with

products as (
    select * from {{ ref('stg_article_master__products') }}
),

catalog as (
    select
        product_id,
        manufacturer_id,
        department,
        brand,
        product_category,
        product_type,
        package_size
    from products
)

select * from catalog
