module github.com/libwa/libwa/examples/go/gateway

go 1.25.0

require (
	github.com/libwa/libwa/bindings/go v0.0.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	github.com/standard-webhooks/standard-webhooks/libraries v0.0.1
	go.etcd.io/bbolt v1.5.0
)

require (
	golang.org/x/sys v0.45.0 // indirect
	golang.org/x/text v0.14.0 // indirect
)

replace github.com/libwa/libwa/bindings/go => ../../../bindings/go
