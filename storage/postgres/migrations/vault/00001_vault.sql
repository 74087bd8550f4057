-- The tables of the vault as its SQL knows them; text is compared byte by byte.
-- +goose Up
create table vault.vault_keys (
    kind    text collate "C" not null,
    id      text collate "C" not null,
    version bigint not null,
    sealed  bytea not null,
    at      bigint not null,
    primary key (kind, id)
);

-- Its row is also the lock that writers take one after another.
create table vault.inbox_head (
    one  boolean primary key default true check (one),
    last bigint not null
) with (fillfactor = 10);
insert into vault.inbox_head (last) values (0);

create table vault.inbox (
    number     bigint primary key,
    channel    text collate "C" not null,
    app        text collate "C" not null,
    delivery   text collate "C" not null,
    received   bigint not null,
    day        text collate "C" not null,
    state      text collate "C" not null,
    attempts   bigint not null default 0,
    reason     text collate "C" not null default '',
    field      text collate "C" not null default '',
    rule       text collate "C" not null default '',
    sample     text collate "C" not null default '',
    connection text collate "C" not null default '',
    subject    text collate "C" not null default '',
    person     text collate "C" not null default '',
    due        bigint not null,
    hash       bytea not null,
    body       bytea
);
alter table vault.inbox alter body set storage external; -- sealed bytes do not shrink
create index inbox_state on vault.inbox (state, number);
create index inbox_bodies on vault.inbox (day, number) where body is not null;
create index inbox_person on vault.inbox (person) where person <> '';

create table vault.inbox_counts (
    state text collate "C" primary key,
    items bigint not null
) with (fillfactor = 50);

create table vault.deliveries (
    channel  text collate "C" not null,
    app      text collate "C" not null,
    delivery text collate "C" not null,
    number   bigint not null,
    at       bigint not null,
    primary key (channel, app, delivery)
);
create index deliveries_at on vault.deliveries (at);

create table vault.people (
    id   text collate "C" primary key,
    data bytea not null,
    at   bigint not null
);

create table vault.labels (
    id     text collate "C" primary key,
    person text collate "C" not null,
    type   text collate "C" not null,
    file   bytea,
    at     bigint not null
);
alter table vault.labels alter file set storage external;
create index labels_person on vault.labels (person);

create table vault.secrets (
    kind    text collate "C" not null,
    id      text collate "C" not null,
    version bigint not null,
    sealed  bytea not null,
    at      bigint not null,
    primary key (kind, id)
);

create table vault.cursors (
    name  text collate "C" primary key,
    value text collate "C" not null
);

create table vault.users (
    name     text collate "C" primary key,
    role     text collate "C" not null,
    password text collate "C" not null,
    disabled bigint not null default 0,
    created  bigint not null
);

create table vault.links (
    hash      bytea primary key,
    user_name text collate "C" not null,
    role      text collate "C" not null,
    ends      bigint not null
);

create table vault.sessions (
    id        text collate "C" primary key,
    hash      bytea not null unique,
    user_name text collate "C" not null,
    agent     text collate "C" not null,
    created   bigint not null,
    seen      bigint not null,
    ends      bigint not null
);
create index sessions_user on vault.sessions (user_name);

create table vault.api_keys (
    prefix  text collate "C" primary key,
    hash    bytea not null,
    name    text collate "C" not null,
    role    text collate "C" not null,
    scopes  text collate "C" not null,
    created bigint not null,
    ends    bigint not null,
    used    bigint not null
);
