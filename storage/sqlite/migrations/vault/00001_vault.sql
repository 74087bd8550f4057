-- +goose Up
create table vault_keys (
    kind    text not null,
    id      text not null,
    version integer not null,
    sealed  blob not null,
    at      integer not null,
    primary key (kind, id)
) without rowid;

create table inbox_head (
    only integer primary key check (only = 1),
    last integer not null
);
insert into inbox_head (only, last) values (1, 0);

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
    body       blob
);
create index inbox_state on inbox (state, number);
create index inbox_bodies on inbox (day, number) where body is not null;
create index inbox_person on inbox (person) where person <> '';

create table inbox_counts (
    state text primary key,
    items integer not null
) without rowid;

create table deliveries (
    channel  text not null,
    app      text not null,
    delivery text not null,
    number   integer not null,
    at       integer not null,
    primary key (channel, app, delivery)
) without rowid;
create index deliveries_at on deliveries (at);

create table people (
    id   text primary key,
    data blob not null,
    at   integer not null
) without rowid;

create table labels (
    id     text primary key,
    person text not null,
    type   text not null,
    file   blob,
    at     integer not null
);
create index labels_person on labels (person);

create table secrets (
    kind    text not null,
    id      text not null,
    version integer not null,
    sealed  blob not null,
    at      integer not null,
    primary key (kind, id)
) without rowid;

create table cursors (
    name  text primary key,
    value text not null
) without rowid;

create table users (
    name     text primary key,
    role     text not null,
    password text not null,
    disabled integer not null default 0,
    created  integer not null
) without rowid;

create table links (
    hash      blob primary key,
    user_name text not null,
    role      text not null,
    ends      integer not null
) without rowid;

create table sessions (
    id        text primary key,
    hash      blob not null unique,
    user_name text not null,
    agent     text not null,
    created   integer not null,
    seen      integer not null,
    ends      integer not null
);
create index sessions_user on sessions (user_name);

create table api_keys (
    prefix  text primary key,
    hash    blob not null,
    name    text not null,
    role    text not null,
    scopes  text not null,
    created integer not null,
    ends    integer not null,
    used    integer not null
);
