// A Go program with an SQLite of its own beside libwa, both linked statically.
module github.com/libwa/libwa/tests/go/sqlite

go 1.24

replace github.com/libwa/libwa/bindings/go => ../../../bindings/go

require (
	github.com/libwa/libwa/bindings/go v0.0.0-00010101000000-000000000000
	github.com/mattn/go-sqlite3 v1.14.32
)
