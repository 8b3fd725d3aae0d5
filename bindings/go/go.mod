module github.com/libwa/libwa/bindings/go

go 1.24
