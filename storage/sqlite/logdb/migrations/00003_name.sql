-- +goose Up
alter table log_head add column id_sum integer; -- row_sum of log_id, which nothing else guards; null until the log is opened
