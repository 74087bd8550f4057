-- One row for each schema views_<number>. Views are never migrated: this says only which serves.
-- +goose Up
create table views.generations (
    number integer generated always as identity primary key,
    format integer not null,      -- of the checkpoints; another one is built anew, 0 is damaged
    serves boolean not null
);
create unique index on views.generations (serves) where serves;
