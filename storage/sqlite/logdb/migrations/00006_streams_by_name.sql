-- +goose Up
-- Asked before a stream is taken for a new one: a damaged page of the one index must not make a stream look empty.
create index streams_by_name on streams (name, kind, workspace);
