-- +goose Up
create table log_head (
    one integer primary key check (one = 1),
    log_id blob not null,
    position integer not null,
    seal blob not null,
    at integer not null
);

-- A stream's triple, its version and where it begins. events hold the integer.
create table streams (
    id integer primary key,
    workspace text not null,
    kind text not null,
    name text not null,
    version integer not null,
    first integer not null,
    unique (workspace, kind, name)
);

create table events (
    position integer primary key,
    stream integer not null,
    version integer not null,
    id blob not null,
    name text not null,
    schema integer not null,
    at integer not null,       -- microseconds since 1970
    occurred integer,          -- the same, null when equal to at
    actor text not null,
    cause text not null,
    correlation text not null,
    data blob not null,
    crc integer not null,
    seal blob                  -- on the last event of a commit
);

create unique index events_by_stream on events (stream, version);

create table command_keys (
    caller text not null,
    id blob not null,
    hash blob not null,
    at integer not null,
    first integer not null,
    last integer not null,
    version integer not null,
    refusal text not null,
    result blob,
    sum blob not null,         -- of all of it: docs/log-format.md
    primary key (caller, id)
) without rowid;

create index command_keys_by_at on command_keys (at);

-- Written when the disk was full, to see whether it takes writes again.
create table probe (
    one integer primary key check (one = 1),
    filler blob not null
);
