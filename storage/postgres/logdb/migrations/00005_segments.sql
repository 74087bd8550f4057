-- +goose Up
-- The files of closed months, whose partitions are dropped: docs/log-format.md.
create table log.segments (
    month integer primary key,
    first bigint not null,
    last bigint not null,
    seal_before bytea not null,
    seal_after bytea not null,
    sha256 bytea not null,
    bytes bigint not null
);
