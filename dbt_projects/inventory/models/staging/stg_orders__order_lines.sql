with

published as (
    select * from {{ source('landing', 'order_lines') }}
),

renamed as (
    select
        basket_id,
        product_id,
        store_id,
        ordered_on,
        quantity,
        sales_value
    from published
)

select * from renamed
