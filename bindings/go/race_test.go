//go:build race

package libwa_test

// The race detector keeps memory of its own for what it has seen.
const raceDetectorKiB = 64 << 10
