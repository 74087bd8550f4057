-- +goose Up
-- Every row has a sum over its columns, kept by the database itself, so that creatorflow verify finds a
-- row that is not what was written. A stored column cannot be added to a table, so each is made anew.

alter table vault_keys rename to vault_keys_1;
create table vault_keys (
    kind    text not null,
    id      text not null,
    version integer not null,
    sealed  blob not null,
    at      integer not null,
    sum integer generated always as (row_sum(kind, id, version, sealed, at)) stored,
    primary key (kind, id)
) without rowid;
insert into vault_keys (kind, id, version, sealed, at) select kind, id, version, sealed, at from vault_keys_1;
drop table vault_keys_1;

alter table inbox_head rename to inbox_head_1;
create table inbox_head (
    only integer primary key check (only = 1),
    last integer not null,
    sum integer generated always as (row_sum(only, last)) stored
);
insert into inbox_head (only, last) select only, last from inbox_head_1;
drop table inbox_head_1;

alter table inbox rename to inbox_1;
create table inbox (
    number     integer primary key,
    channel    text not null,
    app        text not null,
    delivery   text not null,
    received   integer not null,
    day        text not null,
    state      text not null,
    attempts   integer not null default 0,
    reason     text not null default '',
    field      text not null default '',
    rule       text not null default '',
    sample     text not null default '',
    connection text not null default '',
    subject    text not null default '',
    person     text not null default '',
    due        integer not null,
    hash       blob not null,
    body       blob,
    sum integer generated always as (row_sum(number, channel, app, delivery, received, day, state, attempts, reason, field, rule, sample, connection, subject, person, due, hash, body)) stored
);
insert into inbox (number, channel, app, delivery, received, day, state, attempts, reason, field, rule, sample, connection, subject, person, due, hash, body) select number, channel, app, delivery, received, day, state, attempts, reason, field, rule, sample, connection, subject, person, due, hash, body from inbox_1;
drop table inbox_1;
create index inbox_state on inbox (state, number);
create index inbox_bodies on inbox (day, number) where body is not null;
create index inbox_person on inbox (person) where person <> '';

alter table inbox_counts rename to inbox_counts_1;
create table inbox_counts (
    state text primary key,
    items integer not null,
    sum integer generated always as (row_sum(state, items)) stored
) without rowid;
insert into inbox_counts (state, items) select state, items from inbox_counts_1;
drop table inbox_counts_1;

alter table deliveries rename to deliveries_1;
create table deliveries (
    channel  text not null,
    app      text not null,
    delivery text not null,
    number   integer not null,
    at       integer not null,
    sum integer generated always as (row_sum(channel, app, delivery, number, at)) stored,
    primary key (channel, app, delivery)
) without rowid;
insert into deliveries (channel, app, delivery, number, at) select channel, app, delivery, number, at from deliveries_1;
drop table deliveries_1;
create index deliveries_at on deliveries (at);

alter table people rename to people_1;
create table people (
    id   text primary key,
    data blob not null,
    at   integer not null,
    sum integer generated always as (row_sum(id, data, at)) stored
) without rowid;
insert into people (id, data, at) select id, data, at from people_1;
drop table people_1;

alter table labels rename to labels_1;
create table labels (
    id     text primary key,
    person text not null,
    type   text not null,
    file   blob,
    at     integer not null,
    sum integer generated always as (row_sum(id, person, type, file, at)) stored
);
insert into labels (id, person, type, file, at) select id, person, type, file, at from labels_1;
drop table labels_1;
create index labels_person on labels (person);

alter table secrets rename to secrets_1;
create table secrets (
    kind    text not null,
    id      text not null,
    version integer not null,
    sealed  blob not null,
    at      integer not null,
    sum integer generated always as (row_sum(kind, id, version, sealed, at)) stored,
    primary key (kind, id)
) without rowid;
insert into secrets (kind, id, version, sealed, at) select kind, id, version, sealed, at from secrets_1;
drop table secrets_1;

alter table cursors rename to cursors_1;
create table cursors (
    name  text primary key,
    value text not null,
    sum integer generated always as (row_sum(name, value)) stored
) without rowid;
insert into cursors (name, value) select name, value from cursors_1;
drop table cursors_1;

alter table users rename to users_1;
create table users (
    name     text primary key,
    role     text not null,
    password text not null,
    disabled integer not null default 0,
    created  integer not null,
    sum integer generated always as (row_sum(name, role, password, disabled, created)) stored
) without rowid;
insert into users (name, role, password, disabled, created) select name, role, password, disabled, created from users_1;
drop table users_1;

alter table links rename to links_1;
create table links (
    hash      blob primary key,
    user_name text not null,
    role      text not null,
    ends      integer not null,
    sum integer generated always as (row_sum(hash, user_name, role, ends)) stored
) without rowid;
insert into links (hash, user_name, role, ends) select hash, user_name, role, ends from links_1;
drop table links_1;

alter table sessions rename to sessions_1;
create table sessions (
    id        text primary key,
    hash      blob not null unique,
    user_name text not null,
    agent     text not null,
    created   integer not null,
    seen      integer not null,
    ends      integer not null,
    sum integer generated always as (row_sum(id, hash, user_name, agent, created, seen, ends)) stored
);
insert into sessions (id, hash, user_name, agent, created, seen, ends) select id, hash, user_name, agent, created, seen, ends from sessions_1;
drop table sessions_1;
create index sessions_user on sessions (user_name);

alter table api_keys rename to api_keys_1;
create table api_keys (
    prefix  text primary key,
    hash    blob not null,
    name    text not null,
    role    text not null,
    scopes  text not null,
    created integer not null,
    ends    integer not null,
    used    integer not null,
    sum integer generated always as (row_sum(prefix, hash, name, role, scopes, created, ends, used)) stored
);
insert into api_keys (prefix, hash, name, role, scopes, created, ends, used) select prefix, hash, name, role, scopes, created, ends, used from api_keys_1;
drop table api_keys_1;
