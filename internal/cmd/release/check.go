package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
)

const project = "terraform-provider-signal"

// platforms are the platforms of every release, as GOOS and GOARCH.
var platforms = [][2]string{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// largest is the largest number of bytes that the binary for one platform may have. Those
// for the other platforms are the same program.
var (
	largest = 30_000_000
	limited = [2]string{"linux", "amd64"}
)

// release is a folder with the output of goreleaser.
type release struct{ dist, version, commit string }

func (r release) file(suffix string) string { return project + "_" + r.version + "_" + suffix }

func (r release) archive(platform [2]string) string {
	return r.file(platform[0] + "_" + platform[1] + ".zip")
}

// check checks the release against the requirements of the registries of Terraform and
// OpenTofu.
// https://developer.hashicorp.com/terraform/registry/providers/publishing
func (r release) check(manifest string) error {
	sums, err := r.sums()
	if err != nil {
		return err
	}
	want := map[string]string{}
	var wrong []error
	for _, platform := range platforms {
		name := r.archive(platform)
		content, err := os.ReadFile(filepath.Join(r.dist, name))
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		want[name] = sum(content)
		if err := r.checkArchive(content, platform); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
	}
	content, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	want[r.file("manifest.json")] = sum(content)
	wrong = append(wrong, checkManifest(content))
	found, err := filepath.Glob(filepath.Join(r.dist, "*.zip"))
	if err != nil {
		return err
	}
	if len(found) != len(platforms) {
		wrong = append(wrong, fmt.Errorf("there are %d archives for %d platforms: %q", len(found), len(platforms), found))
	}
	for name := range want {
		if sums[name] != want[name] {
			wrong = append(wrong, fmt.Errorf("%s is %q in the checksums and has %s", name, sums[name], want[name]))
		}
	}
	for name := range sums {
		if want[name] == "" {
			wrong = append(wrong, fmt.Errorf("the checksums name %s, which is not part of the release", name))
		}
	}
	return errors.Join(wrong...)
}

func (r release) checkArchive(content []byte, platform [2]string) error {
	files, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	// The registries require this name of the binary.
	binary := project + "_v" + r.version
	if platform[0] == "windows" {
		binary += ".exe"
	}
	var names []string
	for _, file := range files.File {
		names = append(names, file.Name)
		if file.Name != binary {
			continue
		}
		if file.Mode().Perm()&0o111 != 0o111 {
			return fmt.Errorf("%s cannot be executed: its mode is %s", binary, file.Mode())
		}
		if err := r.checkBinary(file, platform); err != nil {
			return fmt.Errorf("%s: %w", binary, err)
		}
	}
	slices.Sort(names)
	if want := []string{"CHANGELOG.md", "LICENSE", "README.md", binary}; !slices.Equal(names, want) {
		return fmt.Errorf("it holds %q, want %q", names, want)
	}
	return nil
}

// checkBinary reads what the Go linker has written into the binary.
func (r release) checkBinary(file *zip.File, platform [2]string) error {
	open, err := file.Open()
	if err != nil {
		return err
	}
	defer open.Close()
	content, err := io.ReadAll(open)
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return err
	}
	is := map[string]string{}
	for _, setting := range info.Settings {
		is[setting.Key] = setting.Value
	}
	var wrong []error
	if platform == limited && len(content) > largest {
		wrong = append(wrong, fmt.Errorf("it has %d bytes, want at most %d", len(content), largest))
	}
	for key, want := range map[string]string{
		"GOOS": platform[0], "GOARCH": platform[1], "CGO_ENABLED": "0", "-trimpath": "true", "-tags": "grpcnotrace",
		"vcs.revision": r.commit, "vcs.modified": "false",
	} {
		if is[key] != want {
			wrong = append(wrong, fmt.Errorf("it was built with %s=%s, want %s", key, is[key], want))
		}
	}
	return errors.Join(wrong...)
}

// checkManifest checks that the manifest has the protocol version that the provider serves.
func checkManifest(content []byte) error {
	type manifest struct {
		Version  int `json:"version"`
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		} `json:"metadata"`
	}
	var is, want manifest
	want.Version, want.Metadata.ProtocolVersions = 1, []string{"6.0"}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&is); err != nil {
		return fmt.Errorf("the manifest: %w", err)
	}
	if !reflect.DeepEqual(is, want) {
		return fmt.Errorf("the manifest says %+v, want %+v", is, want)
	}
	return nil
}

// sums reads the checksums, by file name.
func (r release) sums() (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(r.dist, r.file("SHA256SUMS")))
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, found := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !found {
			return nil, fmt.Errorf("the checksums have a line %q", line)
		}
		sums[name] = sum
	}
	return sums, nil
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// same compares two releases that have passed check.
func (r release) same(other release) error {
	mine, err := r.sums()
	if err != nil {
		return err
	}
	theirs, err := other.sums()
	if err != nil {
		return err
	}
	var differ []error
	for _, name := range slices.Sorted(maps.Keys(mine)) {
		if mine[name] != theirs[name] {
			differ = append(differ, errors.New(name))
		}
	}
	if len(mine) != len(theirs) {
		differ = append(differ, fmt.Errorf("one has %d files and the other %d", len(mine), len(theirs)))
	}
	return errors.Join(differ...)
}

// unpack extracts the binary for this machine into a folder.
func (r release) unpack(dir string) error {
	files, err := zip.OpenReader(filepath.Join(r.dist, r.archive([2]string{runtime.GOOS, runtime.GOARCH})))
	if err != nil {
		return err
	}
	defer files.Close()
	return os.CopyFS(dir, files)
}
