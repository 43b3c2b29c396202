package cli

import (
	"runtime/debug"
	"testing"
)

func TestBuild(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-05-04T09:30:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	b := buildOf(info, true)
	b.Go, b.Platform = "go1.26", "plan9/mips"
	if got, want := b.String(), "prompty v1.2.3 (commit 0123456789ab, modified, go1.26, plan9/mips)"; got != want {
		t.Errorf("a release is %q, want %q", got, want)
	}
	if b.Time != "2026-05-04T09:30:00Z" {
		t.Errorf("its time is %q", b.Time)
	}
	if got := buildOf(nil, false).Version; got != "(unknown)" {
		t.Errorf("without information the version is %q", got)
	}
}

// TestInstallable asks for the release to put into a workflow: of the core, also
// where the command was built in the module of the databases.
func TestInstallable(t *testing.T) {
	t.Parallel()
	const core, stores = "github.com/go-prompty/prompty", "github.com/go-prompty/prompty/stores"
	for version, want := range map[string]string{
		"v1.2.3": "v1.2.3", "(devel)": "latest", "v0.0.0-20260504093000-0123456789ab": "latest", "v1.2.3+dirty": "latest", "v1.2.3-rc.1": "v1.2.3-rc.1",
	} {
		for of, info := range map[string]*debug.BuildInfo{
			"core":   {Main: debug.Module{Path: core, Version: version}},
			"stores": {Main: debug.Module{Path: stores, Version: "v9.9.9"}, Deps: []*debug.Module{{Path: core, Version: version}}},
		} {
			if got := installable(info); got != want {
				t.Errorf("%s %s is installed as %q, want %q", of, version, got, want)
			}
		}
	}
	for what, info := range map[string]*debug.BuildInfo{
		"unknown":  nil,
		"replaced": {Main: debug.Module{Path: stores, Version: "v9.9.9"}, Deps: []*debug.Module{{Path: core, Version: "v0.0.0", Replace: &debug.Module{Path: "../"}}}},
	} {
		if got := installable(info); got != "latest" {
			t.Errorf("what is %s is installed as %q", what, got)
		}
	}
}
