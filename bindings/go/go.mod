module github.com/libwa/libwa/bindings/go

go 1.24

replace github.com/libwa/libwa/bindings/go => /tmp/tmp.LkiJxx1BaL/module
