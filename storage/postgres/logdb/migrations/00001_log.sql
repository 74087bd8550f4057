-- +goose Up
create table log.head (
    one boolean primary key default true check (one),
    log_id uuid not null,
    position bigint not null,
    seal bytea not null,
    at bigint not null,           -- microseconds since 1970
    month integer not null,       -- of the last event, counted from year 0; it never falls
    streams bigint not null,      -- the last integer id given to a stream
    moved_to text not null,       -- where the log lives now, if it was moved away
    filling boolean not null      -- it is a copy in the making
) with (fillfactor = 10);

-- A stream's triple, its version and the month it begins in. Events hold the integer.
create table log.streams (
    id bigint primary key,
    workspace text collate "C" not null,
    kind text collate "C" not null,
    name text collate "C" not null,
    version bigint not null,
    month integer not null,
    unique (workspace, kind, name)
) with (fillfactor = 80);

create table log.events (
    month integer not null,
    position bigint not null,
    stream bigint not null,
    version bigint not null,
    id uuid not null,
    name text not null,
    schema integer not null,
    at bigint not null,
    occurred bigint,              -- null when equal to at
    actor text not null,
    cause text not null,
    correlation text not null,
    data bytea not null,          -- the bytes that were hashed, which jsonb would not keep
    crc bigint not null,
    seal bytea                    -- on the last event of a commit
) partition by list (month);

-- Where each month begins, so that a read opens only the partitions it needs.
create table log.months (
    month integer primary key,
    first bigint not null
);

create table log.command_keys (
    caller text collate "C" not null,
    id uuid not null,
    hash bytea not null,
    at bigint not null,
    first bigint not null,
    last bigint not null,
    version bigint not null,
    refusal text not null,
    result bytea,
    sum bytea not null,           -- of all of it: docs/log-format.md
    primary key (caller, id)
);

create index command_keys_by_at on log.command_keys (at);

-- The partition of a month is made by the commit that needs it first. It is attached when ready,
-- because that does not hold up readers of the other months.
-- +goose StatementBegin
create function log.begin_month(new_month integer, first_position bigint) returns void language plpgsql as $$
declare
    partition text := format('events_%s_%s', new_month / 12, lpad((new_month % 12 + 1)::text, 2, '0'));
begin
    execute format('create table log.%I (like log.events)', partition);
    execute format('create unique index on log.%I (position)', partition);
    execute format('create unique index on log.%I (stream, version)', partition);
    execute format('alter table log.events attach partition log.%I for values in (%s)', partition, new_month);
    insert into log.months (month, first) values (new_month, first_position);
end
$$;
-- +goose StatementEnd

-- One batch, all or nothing. Arrays that begin with s_ have an entry for each distinct stream, with
-- e_ for each event, with k_ for each command key; e_stream counts from 1, k_first and k_last are
-- ordinals of events, 0 for none. The row lock on the head makes commit order the order of
-- positions. When a version differs or a key stands, nothing is written: stands says the latter.
-- +goose StatementBegin
create function log.commit(
    batch_at bigint, digest bytea,
    s_workspace text[], s_kind text[], s_name text[], s_expect bigint[], s_after bigint[],
    e_stream integer[], e_version bigint[], e_id uuid[], e_name text[], e_schema integer[], e_occurred bigint[],
    e_actor text[], e_cause text[], e_correlation text[], e_data bytea[], e_crc bigint[],
    k_caller text[], k_id uuid[], k_hash bytea[], k_at bigint[], k_first bigint[], k_last bigint[],
    k_version bigint[], k_refusal text[], k_result bytea[], k_digest bytea[],
    out ok boolean, out stands boolean, out versions bigint[],
    out log_id uuid, out "position" bigint, out seal bytea, out at bigint, out moved_to text
) language plpgsql
-- Plans are kept from a time when the tables were empty: they must suit the time when they are not.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_column
declare
    h log.head;
    ids bigint[];
    events bigint := cardinality(e_id);
    new_month integer;
    next_seal bytea;
    writes boolean := cardinality(e_id) > 0 or cardinality(k_id) > 0;
begin
    if writes then
        select * into strict h from log.head for update;
    else
        select * into strict h from log.head;
    end if;
    select array_agg(coalesce(s.version, 0) order by b.ord), array_agg(s.id order by b.ord)
        into versions, ids
        from unnest(s_workspace, s_kind, s_name) with ordinality b (workspace, kind, name, ord)
        left join log.streams s on s.workspace = b.workspace and s.kind = b.kind and s.name = b.name;
    stands := exists (select from unnest(k_caller, k_id) k (caller, id)
        join log.command_keys stored on stored.caller = k.caller and stored.id = k.id);
    ok := h.moved_to = '' and not stands and (versions = s_expect or cardinality(s_expect) = 0);
    log_id := h.log_id;
    "position" := h.position;
    seal := h.seal;
    at := h.at;
    moved_to := h.moved_to;
    if not ok or not writes then
        return;
    end if;

    if events > 0 then
        new_month := greatest(h.month, (select extract(year from t) * 12 + extract(month from t) - 1
            from (select to_timestamp(batch_at / 1000000) at time zone 'UTC') as utc (t))::integer);
        if new_month > h.month then
            perform log.begin_month(new_month, h.position + 1);
        end if;
        -- A new stream is one that the batch expects at 0 and leaves above it.
        select array_agg(coalesce(b.id, h.streams + b.nth) order by b.ord), h.streams + max(b.nth)
            into ids, h.streams
            from (select ids[ord] as id, ord, count(*) filter (where expect = 0 and after > 0) over (order by ord) as nth
                from unnest(s_expect, s_after) with ordinality u (expect, after, ord)) b;
        insert into log.streams (id, workspace, kind, name, version, month)
            select b.id, b.workspace, b.kind, b.name, b.after, new_month
            from unnest(ids, s_workspace, s_kind, s_name, s_expect, s_after) b (id, workspace, kind, name, expect, after)
            where b.expect = 0 and b.after > 0;
        update log.streams s set version = b.after
            from unnest(ids, s_expect, s_after) b (id, expect, after)
            where s.id = b.id and b.expect > 0 and b.after <> b.expect;

        next_seal := sha256(h.seal || int8send(h.position + 1) || int8send(batch_at) || digest);
        insert into log.events
            (month, position, stream, version, id, name, schema, at, occurred, actor, cause, correlation, data, crc, seal)
        select new_month, h.position + e.ord, ids[e.stream], e.version, e.id, e.name, e.schema, batch_at, e.occurred,
            e.actor, e.cause, e.correlation, e.data, e.crc, case when e.ord = events then next_seal end
        from unnest(e_stream, e_version, e_id, e_name, e_schema, e_occurred, e_actor, e_cause, e_correlation, e_data, e_crc)
            with ordinality e (stream, version, id, name, schema, occurred, actor, cause, correlation, data, crc, ord);
        update log.head set position = h.position + events, seal = next_seal, at = batch_at, month = new_month, streams = h.streams;
        "position" := h.position + events;
        seal := next_seal;
        at := batch_at;
    end if;
    insert into log.command_keys (caller, id, hash, at, first, last, version, refusal, result, sum)
    select k.caller, k.id, k.hash, k.at, f.first, f.last, k.version, k.refusal, k.result,
        sha256(k.digest || int8send(f.first) || int8send(f.last))
    from unnest(k_caller, k_id, k_hash, k_at, k_first, k_last, k_version, k_refusal, k_result, k_digest)
        k (caller, id, hash, at, first, last, version, refusal, result, digest),
        lateral (select case when k.first > 0 then h.position + k.first else h.position + events end,
            case when k.last > 0 then h.position + k.last else h.position + events end) f (first, last);
    perform pg_notify('creatorflow_log', '');
end
$$;
-- +goose StatementEnd
