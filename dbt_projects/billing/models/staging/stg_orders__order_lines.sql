with

published as (
    select * from {{ source('landing', 'order_lines') }}
),

renamed as (
    select
        basket_id,
        product_id,
        household_id,
        store_id,
        ordered_on,
        sales_value,
        retail_discount,
        coupon_discount,
        coupon_match_discount,
        paid_value
    from published
)

select * from renamed
