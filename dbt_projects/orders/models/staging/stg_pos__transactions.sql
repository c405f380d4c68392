{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['basket_id', 'product_id'],
    on_schema_change='fail',
    post_hook="delete from {{ this }} where not exists (
        select 1 from {{ landing_ledger() }} as ledger
        where
            ledger.port = 'transactions'
            and ledger.batch = {{ this }}._batch
            and substr(ledger.fingerprint, 8, 16) = {{ this }}._version
    )"
) }}

-- A batch may come late, again, or again with other rows. So the lines to refresh are found by what
-- the landing ledger says of each batch, and each of them is decided anew from all that has landed.
with

ledger as (
    select
        batch as _batch,
        substr(fingerprint, 8, 16) as _version
    from {{ landing_ledger() }}
    where port = 'transactions'
),

landed as (
    select
        landing._batch,
        ledger._version,
        landing._landed_at,
        landing.basket_id,
        landing.product_id,
        landing.household_id,
        landing.store_id,
        landing.transaction_timestamp,
        landing.quantity,
        landing.sales_value,
        landing.retail_disc,
        landing.coupon_disc,
        landing.coupon_match_disc
    from {{ source('landing', 'transactions') }} as landing
    inner join ledger on landing._batch = ledger._batch
),

{% if is_incremental() %}

held as (
    select distinct
        _batch,
        _version
    from {{ this }}
),

new_batches as (
    select * from ledger
    except
    select * from held
),

gone_batches as (
    select * from held
    except
    select * from ledger
),

refreshed as (
    select
        landed.basket_id,
        landed.product_id
    from landed
    inner join new_batches on landed._batch = new_batches._batch
    union
    select
        this.basket_id,
        this.product_id
    from {{ this }} as this
    inner join gone_batches
        on this._batch = gone_batches._batch and this._version = gone_batches._version
),

candidates as (
    select landed.*
    from landed
    inner join refreshed
        on landed.basket_id = refreshed.basket_id and landed.product_id = refreshed.product_id
),

{% else %}

candidates as (
    select * from landed
),

{% endif %}

ranked as (
    select
        *,
        row_number() over (
            partition by basket_id, product_id
            order by _landed_at desc, _batch desc, sales_value desc, quantity desc, coupon_disc desc
        ) as recency
    from candidates
),

renamed as (
    select
        basket_id,
        product_id,
        household_id,
        store_id,
        transaction_timestamp at time zone 'UTC' as ordered_at,
        quantity,
        cast(sales_value as numeric(12, 2)) as sales_value,
        cast(retail_disc as numeric(12, 2)) as retail_discount,
        cast(coupon_disc as numeric(12, 2)) as coupon_discount,
        cast(coupon_match_disc as numeric(12, 2)) as coupon_match_discount,
        _batch,
        _version
    from ranked
    where recency = 1
)

select * from renamed
