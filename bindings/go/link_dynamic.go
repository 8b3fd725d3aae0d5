//go:build dynamic

package libwa

// The program loads libwa.so.0 when it starts; pkg-config says where it is.

// #cgo pkg-config: wa
import "C"

// Linkage tells how the library was linked: "dynamic", or "static" when the
// program was built without -tags dynamic.
const Linkage = "dynamic"
