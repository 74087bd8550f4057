// Package postgres keeps the log, the views and the vault in schemas of one PostgreSQL database.
package postgres
