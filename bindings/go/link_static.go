//go:build !dynamic

package libwa

// The library goes into the program: from the checkout that this package is
// part of, else from where the linker looks, such as /usr/local/lib.

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../target/release -l:libwa.a -lpthread -lm -ldl
import "C"

// Linkage tells how the library was linked: "static", or "dynamic" when the
// program was built with -tags dynamic.
const Linkage = "static"
