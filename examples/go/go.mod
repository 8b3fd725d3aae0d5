module github.com/libwa/libwa/examples/go

go 1.24

require github.com/libwa/libwa/bindings/go v0.0.0

replace github.com/libwa/libwa/bindings/go => ../../bindings/go
