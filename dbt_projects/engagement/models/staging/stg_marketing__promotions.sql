{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='week_id',
    on_schema_change='fail',
    post_hook="delete from {{ this }} where not exists (
        select 1 from {{ landing_ledger() }} as ledger
        where
            ledger.port = 'promotions'
            and ledger.batch = {{ this }}._batch
            and substr(ledger.fingerprint, 8, 16) = {{ this }}._version
    )"
) }}

-- A promotion week is replaced as a whole as soon as one of its batches is new or has changed.
with

ledger as (
    select
        batch as _batch,
        substr(fingerprint, 8, 16) as _version
    from {{ landing_ledger() }}
    where port = 'promotions'
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
    select landing.week_id
    from {{ source('landing', 'promotions') }} as landing
    inner join new_batches on landing._batch = new_batches._batch
    union
    select this.week_id
    from {{ this }} as this
    inner join gone_batches
        on this._batch = gone_batches._batch and this._version = gone_batches._version
),

{% endif %}

landed as (
    select
        landing._batch,
        ledger._version,
        landing._landed_at,
        landing.product_id,
        landing.store_id,
        landing.week_id,
        landing.week_start,
        landing.display_location,
        landing.mailer_location
    from {{ source('landing', 'promotions') }} as landing
    inner join ledger on landing._batch = ledger._batch
    {% if is_incremental() %}
    where landing.week_id in (select refreshed.week_id from refreshed)
    {% endif %}
),

-- Few keys come more than once: ranking only those costs a third of ranking all.
repeated_keys as (
    select
        product_id,
        store_id,
        week_id
    from landed
    group by product_id, store_id, week_id
    having count(*) > 1
),

single as (
    select landed.*
    from landed
    where not exists (
        select 1
        from repeated_keys
        where
            repeated_keys.product_id = landed.product_id
            and repeated_keys.store_id = landed.store_id
            and repeated_keys.week_id = landed.week_id
    )
),

ranked as (
    select
        landed.*,
        row_number() over (
            partition by landed.product_id, landed.store_id, landed.week_id
            order by
                landed._landed_at desc,
                landed._batch desc,
                landed.display_location desc,
                landed.mailer_location desc
        ) as recency
    from landed
    inner join repeated_keys
        on
            landed.product_id = repeated_keys.product_id
            and landed.store_id = repeated_keys.store_id
            and landed.week_id = repeated_keys.week_id
),

newest as (
    select
        product_id,
        store_id,
        week_id,
        week_start,
        display_location,
        mailer_location,
        _batch,
        _version
    from single
    union all
    select
        product_id,
        store_id,
        week_id,
        week_start,
        display_location,
        mailer_location,
        _batch,
        _version
    from ranked
    where recency = 1
),

renamed as (
    select
        product_id,
        store_id,
        week_id,
        week_start at time zone 'UTC' as week_start,
        cast(display_location as text) as display_location,
        cast(mailer_location as text) as mailer_location,
        _batch,
        _version
    from newest
)

select * from renamed
