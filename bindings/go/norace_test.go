//go:build !race

package libwa_test

const raceDetectorKiB = 0
