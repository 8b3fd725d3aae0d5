package libwa

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestLinkage compares how this test was linked with what it was built for,
// and with what LIBWA_LINKAGE expects, if that is set.
func TestLinkage(t *testing.T) {
	if wanted := os.Getenv("LIBWA_LINKAGE"); wanted != "" && wanted != Linkage {
		t.Errorf("linked %s, wanted %s", Linkage, wanted)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("ldd", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ldd: %v: %s", err, output)
	}
	if shared := strings.Contains(string(output), "libwa.so.0"); shared != (Linkage == "dynamic") {
		t.Errorf("linked %s:\n%s", Linkage, output)
	}
}

func TestVersion(t *testing.T) {
	if err := checkVersion(); err != nil || Version() != bindingVersion {
		t.Errorf("%v; version %s, generated for %s", err, Version(), bindingVersion)
	}
	var reference struct {
		Version string
		Events  []struct{ Name string }
	}
	if err := json.Unmarshal(Reference(), &reference); err != nil || reference.Version != Version() || len(reference.Events) == 0 {
		t.Errorf("%+v, %v", reference, err)
	}
}

func TestStatuses(t *testing.T) {
	if name := ErrNotLinked.Name(); name != "WA_ERROR_NOT_LINKED" {
		t.Error(name)
	}
	if text := ErrNotLinked.Error(); !strings.Contains(text, "pair it first") {
		t.Error(text)
	}
	if text := Status(99).Error(); text == "" {
		t.Error("a status of another version has no text")
	}
}
