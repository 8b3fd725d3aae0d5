//go:build !cgo

package libwa

// Without cgo there is nothing to link to. The undefined name is what the
// compiler reports.
var _ = libwa_needs_cgo_set_CGO_ENABLED_to_1_and_install_a_C_compiler
