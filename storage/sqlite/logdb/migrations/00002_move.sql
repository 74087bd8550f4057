-- +goose Up
alter table log_head add column moved_to text not null default ''; -- where the log lives now, if it was moved away
alter table log_head add column filling integer not null default 0; -- 1 while it is a copy in the making
