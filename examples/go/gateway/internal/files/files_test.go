package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is not a regular file, or too large, is refused by name at once; links are
// followed.
func TestRead(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, content := range map[string]string{"small": "12345678", "large": "123456789"} {
		if err := os.WriteFile(at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"link": "small", "zero": "/dev/zero", "loop": "loop"} {
		if err := os.Symlink(to, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(at("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]error{
		"large": ErrTooLarge, "fifo": ErrNotRegular, "zero": ErrNotRegular, ".": ErrNotRegular, "nothing": fs.ErrNotExist, "loop": syscall.ELOOP,
	} {
		if content, _, err := Read(at(name), 8); !errors.Is(err, wanted) || content != nil {
			t.Errorf("%s: %q, %v", name, content, err)
		}
	}
	var stamps []Stamp
	for _, name := range []string{"small", "link"} {
		content, stamp, err := Read(at(name), 8)
		if err != nil || string(content) != "12345678" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		again, err := StampOf(at(name))
		if err != nil || again != stamp {
			t.Errorf("%v, then %v, %v", stamp, again, err)
		}
		stamps = append(stamps, stamp)
	}
	if stamps[0] != stamps[1] {
		t.Errorf("a link has another stamp than its file: %v", stamps)
	}
	if err := os.Rename(at("large"), at("small")); err != nil {
		t.Fatal(err)
	}
	if now, err := StampOf(at("small")); err != nil || now == stamps[0] {
		t.Errorf("another file has the same stamp: %v", err)
	}
}
