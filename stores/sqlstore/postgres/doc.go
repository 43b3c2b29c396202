// Package postgres keeps templates in PostgreSQL.
package postgres
