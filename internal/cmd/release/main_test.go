package main

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
)

const manifest = `{"version": 1, "metadata": {"protocol_versions": ["6.0"]}}`

// made is a correct release for this machine's platform, which a test then changes.
type made struct {
	release
	binary   []byte
	name     string
	mode     os.FileMode
	more     map[string]string
	manifest string
}

// build builds a program in its own repository, as goreleaser would.
func build(t *testing.T, flags ...string) (binary []byte, commit string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/program\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), name, args...)
		c.Dir = dir
		// The user's settings would change both.
		c.Env = append(checkout.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		said, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %s\n%s", name, args, err, said)
		}
		return strings.TrimSpace(string(said))
	}
	run("git", "init", "--quiet")
	run("git", "add", ".")
	run("git", "commit", "--quiet", "--message", "A program")
	run("go", append(append([]string{"build", "-buildvcs=true", "-o", filepath.Join("..", filepath.Base(dir)+".out")}, flags...), ".")...)
	binary, err := os.ReadFile(dir + ".out")
	if err != nil {
		t.Fatal(err)
	}
	return binary, run("git", "rev-parse", "HEAD")
}

func (m made) write(t *testing.T) (manifestFile string) {
	t.Helper()
	file, err := os.Create(filepath.Join(m.dist, m.archive([2]string{runtime.GOOS, runtime.GOARCH})))
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	add := func(name string, content []byte, mode os.FileMode) {
		header := &zip.FileHeader{Name: name}
		header.SetMode(mode)
		to, err := archive.CreateHeader(header)
		if err == nil {
			_, err = to.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add(m.name, m.binary, m.mode)
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		add(name, []byte(name), 0o644)
	}
	for _, err := range []error{archive.Close(), file.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{filepath.Base(file.Name()): sum(content), m.file("manifest.json"): sum([]byte(m.manifest))}
	var text strings.Builder
	for name, extra := range m.more {
		sums[name] = extra
	}
	for name, sum := range sums {
		if sum != "" {
			fmt.Fprintf(&text, "%s  %s\n", sum, name)
		}
	}
	manifestFile = filepath.Join(m.dist, "manifest.json")
	for name, content := range map[string]string{filepath.Join(m.dist, m.file("SHA256SUMS")): text.String(), manifestFile: m.manifest} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return manifestFile
}

func TestCheck(t *testing.T) {
	all, most := platforms, largest
	platforms, limited = [][2]string{{runtime.GOOS, runtime.GOARCH}}, [2]string{runtime.GOOS, runtime.GOARCH}
	t.Cleanup(func() { platforms, limited = all, [2]string{"linux", "amd64"} })
	binary, commit := build(t, "-trimpath", "-tags=grpcnotrace")
	untrimmed, untrimmedCommit := build(t, "-tags=grpcnotrace")
	untagged, untaggedCommit := build(t, "-trimpath")
	for name, test := range map[string]struct {
		spoil func(*made)
		says  string
	}{
		"as it should be":       {spoil: func(*made) {}},
		"another version":       {spoil: func(m *made) { m.name = strings.Replace(m.name, "1.2.3", "1.2.4", 1) }, says: "it holds"},
		"not executable":        {spoil: func(m *made) { m.mode = 0o644 }, says: "cannot be executed"},
		"paths not trimmed":     {spoil: func(m *made) { m.binary, m.commit = untrimmed, untrimmedCommit }, says: "-trimpath="},
		"not tagged":            {spoil: func(m *made) { m.binary, m.commit = untagged, untaggedCommit }, says: "-tags="},
		"another commit":        {spoil: func(m *made) { m.commit = strings.Repeat("0", 40) }, says: "vcs.revision="},
		"not a binary":          {spoil: func(m *made) { m.binary = []byte("#!/bin/sh") }, says: "unrecognized file format"},
		"another checksum":      {spoil: func(m *made) { m.more = map[string]string{m.file("manifest.json"): strings.Repeat("0", 64)} }, says: "in the checksums"},
		"no manifest":           {spoil: func(m *made) { m.more = map[string]string{m.file("manifest.json"): ""} }, says: "manifest.json is \"\""},
		"an unknown file":       {spoil: func(m *made) { m.more = map[string]string{"other.zip": strings.Repeat("0", 64)} }, says: "other.zip, which is not part"},
		"protocol 5":            {spoil: func(m *made) { m.manifest = strings.Replace(m.manifest, "6.0", "5.0", 1) }, says: "the manifest says"},
		"a manifest with more":  {spoil: func(m *made) { m.manifest = strings.Replace(m.manifest, "{", `{"more": 1, `, 1) }, says: "unknown field"},
		"too large":             {spoil: func(m *made) { largest = len(m.binary) - 1 }, says: "bytes, want at most"},
		"a missing platform":    {spoil: func(*made) { platforms = all }, says: "windows_arm64.zip"},
		"one platform too many": {spoil: func(m *made) { extra(m, "plan9_amd64.zip") }, says: "2 archives for 1 platforms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { platforms, largest = [][2]string{{runtime.GOOS, runtime.GOARCH}}, most })
			m := made{release: release{t.TempDir(), "1.2.3", commit}, binary: binary, name: project + "_v1.2.3", mode: 0o755, manifest: manifest}
			if runtime.GOOS == "windows" {
				m.name += ".exe"
			}
			test.spoil(&m)
			err := m.check(m.write(t))
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("it says %v, want %q", err, test.says)
			}
		})
	}
}

func extra(m *made, suffix string) {
	if err := os.WriteFile(filepath.Join(m.dist, m.file(suffix)), nil, 0o600); err != nil {
		panic(err)
	}
}

func TestSame(t *testing.T) {
	write := func(text string) release {
		r := release{dist: t.TempDir(), version: "1.2.3"}
		if err := os.WriteFile(filepath.Join(r.dist, r.file("SHA256SUMS")), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := write("aa  one.zip\nbb  two.zip\n")
	if err := first.same(write("bb  two.zip\naa  one.zip\n")); err != nil {
		t.Error(err)
	}
	for _, other := range []string{"aa  one.zip\ncc  two.zip\n", "aa  one.zip\n", "aa  one.zip\nbb  two.zip\ncc  three.zip\n"} {
		if first.same(write(other)) == nil {
			t.Errorf("%q passes for the same", other)
		}
	}
}

func TestReady(t *testing.T) {
	for name, test := range map[string]struct{ changelog, tag, says string }{
		"ready":           {"## 0.2.0 (January 2, 2027)\n\nNOTES:\n\n* new\n\n## 0.1.0 (January 1, 2027)\n\n* old\n", "v0.2.0", ""},
		"the first":       {"## 0.2.0 (January 2, 2027)\n\nNOTES:\n\n* new\n", "v0.2.0", ""},
		"unreleased":      {"## 0.2.0 (Unreleased)\n\n* new\n", "v0.2.0", "put the date there"},
		"another version": {"## 0.2.0 (January 2, 2027)\n\n* new\n", "v0.3.0", "one of the two is wrong"},
		"no states":       {"## 0.3.0 (January 2, 2027)\n\n* new\n", "v0.3.0", "has no 0.3.0"},
		"no heading":      {"# 0.2.0\n", "v0.2.0", "no heading"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte(test.changelog), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, "internal", "provider", "testdata", "releases", "0.2.0"), 0o755); err != nil {
				t.Fatal(err)
			}
			notes, err := ready(dir, test.tag)
			if test.says == "" && (err != nil || notes != "NOTES:\n\n* new\n") {
				t.Errorf("the notes are %q: %v", notes, err)
			}
			if test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("it says %v, want %q", err, test.says)
			}
		})
	}
}

// A release can be made from the repository's change log.
func TestChangelog(t *testing.T) {
	changelog, err := os.ReadFile(filepath.Join("..", "..", "..", "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, notes, err := latest(string(changelog)); err != nil || !strings.Contains(notes, "FEATURES:\n") {
		t.Errorf("the notes of the next release are %q: %v", notes, err)
	}
}
