-- +goose Up
-- States of long streams as they were at a version, so that not all of them has to be read.
create table snapshots (
    workspace text not null,
    kind text not null,
    name text not null,        -- with the two before: the stream's triple
    fold text not null,
    schema integer not null,   -- of data
    version integer not null,
    at integer not null,       -- microseconds since 1970
    data blob not null,
    sum blob not null,         -- of all of it: docs/log-format.md
    unique (workspace, kind, name, fold)
);
