package tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/libwa/libwa/examples/go/gateway/internal/config"
)

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The README's table is that of the settings; WA_UPDATE=1 writes it.
func TestConfigurationTable(t *testing.T) {
	const begin, end = "<!-- configuration -->\n", "<!-- end -->\n"
	readme := read(t, "README.md")
	before, rest, found := strings.Cut(readme, begin)
	_, after, alsoFound := strings.Cut(rest, end)
	if !found || !alsoFound {
		t.Fatal("the README has no place for the table")
	}
	var table bytes.Buffer
	config.Table(&table)
	wanted := before + begin + table.String() + end + after
	if wanted == readme {
		return
	}
	if os.Getenv("WA_UPDATE") == "" {
		t.Fatal("the table of the README is old: WA_UPDATE=1 go test ./tests -run ConfigurationTable")
	}
	if err := os.WriteFile(filepath.Join("..", "README.md"), []byte(wanted), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What the documents and the files for deployment name is there.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	var help bytes.Buffer
	config.Help(&help)
	var table bytes.Buffer
	config.Table(&table)
	flag, variable := regexp.MustCompile(`(?:^|[\s\x60"'\[])--([a-z]+(?:-[a-z]+)*)`), regexp.MustCompile(`WA_GATEWAY_[A-Z_]+`)
	others := " name scopes sessions lifetime live help rm tags ready "
	for _, name := range []string{"README.md", "run", "deploy/compose.yaml", "deploy/gateway.service", "deploy/Dockerfile"} {
		text := read(t, name)
		for _, match := range flag.FindAllStringSubmatch(text, -1) {
			known := strings.Contains(help.String(), "--"+match[1]+" ") || strings.Contains(help.String(), "--"+match[1]+"\n")
			if name == "README.md" || name == "deploy/gateway.service" || name == "deploy/compose.yaml" {
				if !known && !strings.Contains(others, " "+match[1]+" ") {
					t.Errorf("%s names --%s, which is not there", name, match[1])
				}
			}
		}
		for _, named := range variable.FindAllString(text, -1) {
			if !strings.Contains(table.String(), "`"+named+"`") {
				t.Errorf("%s names %s, which is not there", name, named)
			}
		}
	}
	readme := read(t, "README.md")
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(filepath.Join("..", link[1])); err != nil {
			t.Error(err)
		}
	}
	for _, command := range []string{"examples/go/gateway/run", "tests/run", "examples/js/pair.mjs"} {
		if _, err := os.Stat(filepath.Join("../../../..", command)); err != nil || !strings.Contains(readme, command) {
			t.Errorf("%s: %v", command, err)
		}
	}
	// The paths of the README are those of the document.
	d, err := theDocument()
	if err != nil {
		t.Fatal(err)
	}
	paths := d.root["paths"].(object)
	named := 0
	for line := range strings.SplitSeq(readme, "\n") {
		if !strings.HasPrefix(line, "| `GET") && !strings.HasPrefix(line, "| `POST") {
			continue
		}
		for _, part := range regexp.MustCompile("`((?:GET|POST|DELETE)[^`]*)`").FindAllStringSubmatch(line, -1) {
			for _, path := range regexp.MustCompile(`/[a-z{}/-]+`).FindAllString(part[1], -1) {
				named++
				if strings.HasSuffix(path, "/") {
					path += "message.edit" // any of the library's methods
				}
				if paths[guide+path] == nil && paths["/v1"+path] == nil {
					t.Errorf("the README names %s, which is not there", path)
				}
			}
		}
	}
	if named < 15 {
		t.Errorf("only %d paths", named)
	}
}

// The script that builds and starts everything lists the flags without
// building anything.
func TestRunHelpBuildsNothing(t *testing.T) {
	folder := t.TempDir()
	for _, tool := range []string{"cargo", "go", "apt-get", "dpkg-query", "curl"} {
		if err := os.WriteFile(filepath.Join(folder, tool), []byte("#!/bin/sh\necho this is built >&2\nexit 9\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var table bytes.Buffer
	config.Table(&table)
	names := regexp.MustCompile("`(--[a-z-]+)`").FindAllStringSubmatch(table.String(), -1)
	for _, arguments := range [][]string{{"--help"}, {"-h"}, {"--live", "--help"}, {"--live", "--data", "x", "-h"}} {
		command := exec.Command("../run", arguments...)
		command.Env = append(os.Environ(), "PATH="+folder+":/usr/bin:/bin", "HOME="+folder)
		out, err := command.CombinedOutput()
		if err != nil || strings.Contains(string(out), "this is built") {
			t.Fatalf("%v: %v: %s", arguments, err, out)
		}
		for _, name := range names {
			if !regexp.MustCompile(`(?m)^  ` + name[1] + ` +\S.*`).Match(out) {
				t.Errorf("%v: there is no %s in %s", arguments, name[1], out)
			}
		}
		if !strings.Contains(string(out), "run --live [FLAGS]") || !strings.Contains(string(out), "WA_GATEWAY_ADMIN_TOKEN ") {
			t.Errorf("%v: %s", arguments, out)
		}
	}
}
