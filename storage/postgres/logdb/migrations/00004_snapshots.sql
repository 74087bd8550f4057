-- +goose Up
-- States of long streams as they were at a version, so that not all of them has to be read.
create table log.snapshots (
    workspace text collate "C" not null,
    kind text collate "C" not null,
    name text collate "C" not null, -- with the two before: the stream's triple
    fold text collate "C" not null,
    schema integer not null,        -- of data
    version bigint not null,
    at bigint not null,             -- microseconds since 1970
    data bytea not null,
    sum bytea not null,             -- of all of it: docs/log-format.md
    primary key (workspace, kind, name, fold)
);
