package cli

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
)

// build is what a binary tells of itself, and the output of version --json.
type build struct {
	Version  string   `json:"version"`            // of the module; "(devel)" for a build of a working copy
	Revision string   `json:"revision,omitempty"` // the commit it was built from
	Time     string   `json:"time,omitempty"`     // of that commit
	Modified bool     `json:"modified"`           // whether the working copy differed from it
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
	Drivers  []string `json:"drivers"`
}

func buildOf(info *debug.BuildInfo, ok bool) build {
	b := build{Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Drivers: prompty.ListStorageDrivers()}
	if !ok {
		return b
	}
	b.Version = cmp.Or(info.Main.Version, "(devel)")
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is one line, for bug reports.
func (b build) String() string {
	var from []string
	if b.Revision != "" {
		commit := b.Revision[:min(len(b.Revision), 12)]
		if b.Modified {
			commit += ", modified"
		}
		from = append(from, "commit "+commit)
	}
	from = append(from, b.Go, b.Platform)
	return fmt.Sprintf("prompty %s (%s)", b.Version, strings.Join(from, ", "))
}

// installable is what go install gets cmd/prompty by: the release of its module
// that this command was built from, or the latest.
func installable(info *debug.BuildInfo) string {
	const core = "github.com/go-prompty/prompty"
	if info == nil {
		return "latest"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == core && m.Replace == nil && release.MatchString(m.Version) {
			return m.Version
		}
	}
	return "latest"
}

// release is a version that was tagged, and not one that go made of a commit.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[a-z]+(\.\d+)?)?$`)

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Tell which prompty this is",
		Long: `Tell the version, the commit and the Go release that this command was built
from, and the storage drivers that are in it. Put it into bug reports.`,
		Example: `  prompty version
  prompty version --json`,
		Args: wantArgs(0, 0),
		RunE: a.verb(func(*cobra.Command, []string) error {
			b := buildOf(debug.ReadBuildInfo())
			if asJSON {
				return a.printJSON(b)
			}
			fmt.Fprintln(&a.out, b)
			fmt.Fprintln(&a.out, "drivers:", strings.Join(b.Drivers, ", "))
			return nil
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
