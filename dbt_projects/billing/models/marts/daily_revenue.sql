with

order_lines as (
    select * from {{ ref('stg_orders__order_lines') }}
),

catalog as (
    select * from {{ ref('stg_products__catalog') }}
),

households as (
    select * from {{ ref('stg_customers__households') }}
),

lines as (
    select
        order_lines.*,
        households.household_id as profiled_household_id,
        case
            when catalog.brand = 'Private' then order_lines.sales_value
            else 0
        end as private_label_value
    from order_lines
    left join catalog on order_lines.product_id = catalog.product_id
    left join households on order_lines.household_id = households.household_id
),

summed as (
    select
        store_id,
        ordered_on as revenue_on,
        cast(count(distinct basket_id) as integer) as order_count,
        cast(count(*) as integer) as line_count,
        cast(count(distinct household_id) as integer) as household_count,
        cast(count(distinct profiled_household_id) as integer) as profiled_household_count,
        cast(sum(sales_value) as numeric(14, 2)) as sales_value,
        cast(sum(private_label_value) as numeric(14, 2)) as private_label_value,
        cast(sum(retail_discount) as numeric(14, 2)) as retail_discount,
        cast(sum(coupon_discount) as numeric(14, 2)) as coupon_discount,
        cast(sum(coupon_match_discount) as numeric(14, 2)) as coupon_match_discount,
        cast(sum(paid_value) as numeric(14, 2)) as paid_value
    from lines
    group by store_id, ordered_on
)

select * from summed
