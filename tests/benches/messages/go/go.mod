module github.com/libwa/libwa/tests/benches/messages/go

go 1.26.0

require github.com/libwa/libwa/bindings/go v0.0.0

replace github.com/libwa/libwa/bindings/go => ../../../../bindings/go
