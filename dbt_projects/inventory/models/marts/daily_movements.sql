with

order_lines as (
    select * from {{ ref('stg_orders__order_lines') }}
),

catalog as (
    select * from {{ ref('stg_products__catalog') }}
),

moved as (
    select
        store_id,
        product_id,
        ordered_on as moved_on,
        cast(sum(quantity) as bigint) as quantity_out,
        cast(count(*) as integer) as line_count,
        cast(sum(sales_value) as numeric(14, 2)) as sales_value
    from order_lines
    group by store_id, product_id, ordered_on
),

classified as (
    select
        moved.store_id,
        moved.product_id,
        moved.moved_on,
        coalesce(catalog.department, 'UNLISTED') as department,
        catalog.product_category,
        case
            when catalog.product_type like 'GASOLINE%' then 'volume'
            else 'unit'
        end as measured_by,
        moved.quantity_out,
        moved.line_count,
        moved.sales_value
    from moved
    left join catalog on moved.product_id = catalog.product_id
)

select * from classified
