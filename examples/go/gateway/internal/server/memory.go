package server

import (
	"os"
	"strconv"
	"strings"
)

// resident gives how much memory the process has, 0 where that is not known.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	parts := strings.Fields(string(text))
	if len(parts) < 2 {
		return 0
	}
	pages, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0
	}
	return pages * float64(os.Getpagesize())
}
