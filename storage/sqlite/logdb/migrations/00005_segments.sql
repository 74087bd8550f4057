-- +goose Up
-- Each month that the log has had, counted from January of year 0, and the position it begins with. The
-- month never falls with the position, whatever the clock does. A closed one is in a file.
create table months (
    month integer primary key,
    first integer not null
);

-- The time is the same for all events of a commit, and only a commit that ends later than all before
-- it can begin a month.
insert into months (month, first)
select cast(strftime('%Y', at / 1000000, 'unixepoch') as integer) * 12 + cast(strftime('%m', at / 1000000, 'unixepoch') as integer) - 1 as month,
    min(first)
from (select at, lag(position, 1, 0) over (order by position) + 1 as first, max(at) over (order by position rows between unbounded preceding and 1 preceding) as latest
    from events where seal is not null)
where latest is null or at > latest
group by month;

-- The files of closed months: docs/log-format.md.
create table segments (
    month integer primary key,
    first integer not null,
    last integer not null,
    seal_before blob not null,
    seal_after blob not null,
    sha256 blob not null,
    bytes integer not null
);
