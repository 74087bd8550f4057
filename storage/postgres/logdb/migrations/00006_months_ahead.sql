-- +goose Up
-- The partition of a month, made when there is none. Who makes one ahead and the commit that needs it
-- wait for each other.
-- +goose StatementBegin
create function log.make_month(new_month integer) returns void language plpgsql as $$
declare
    partition text := format('events_%s_%s', new_month / 12, lpad((new_month % 12 + 1)::text, 2, '0'));
begin
    perform pg_advisory_xact_lock(hashtext('creatorflow month'));
    if to_regclass(format('log.%I', partition)) is not null then
        return;
    end if;
    execute format('create table log.%I (like log.events)', partition);
    execute format('create unique index on log.%I (position)', partition);
    execute format('create unique index on log.%I (stream, version)', partition);
    execute format('alter table log.events attach partition log.%I for values in (%s)', partition, new_month);
end
$$;
-- +goose StatementEnd

-- A month begins with its first event. Its partition stands already, unless the log has had no events since
-- the month before last.
-- +goose StatementBegin
create or replace function log.begin_month(new_month integer, first_position bigint) returns void language sql as $$
    select log.make_month(new_month);
    insert into log.months (month, first) values (new_month, first_position);
$$;
-- +goose StatementEnd
