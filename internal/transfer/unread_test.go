package transfer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/transfer"
)

// TestUnread has in the source what a listing leaves out. Nothing of it goes
// in silence, and the history of a prompt whose latest text is broken goes along.
func TestUnread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src, err := prompty.OpenStorage("filesystem", dir+"?sync=none&watch=poll")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for _, name := range []string{"ok", "sub/x", "sub/x"} {
		if err := src.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "text of " + name}); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{"sub/x": "\xff", "bad": "\xff\xfe", "has": "a\x00b", "front": "---\ntags: {a: b}\n---\nhi\n", "nul": "x"} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)+".prompty"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		opts transfer.Options
		want []string // name of the problem, and a part of it
		n    int      // versions
	}{
		"all":      {transfer.Options{}, []string{`: "nul"`, ": bad.prompty", ": has.prompty", "sub/x: sub/x.prompty"}, 4},
		"prefix":   {transfer.Options{Prefix: "sub/"}, []string{"sub/x: sub/x.prompty"}, 2},
		"fine":     {transfer.Options{Prefix: "ok"}, nil, 1},
		"named":    {transfer.Options{Names: []string{"sub/x", "bad", "ok"}}, []string{"bad: bad.prompty", "sub/x: sub/x.prompty"}, 3},
		"in a dry": {transfer.Options{DryRun: true, Prefix: "sub/"}, []string{"sub/x: sub/x.prompty"}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dst := prompty.NewMemoryStorage()
			for run := range 2 { // the second one finds all that can be had
				report := copyAll(t, src, in(dst), test.opts)
				var got []string
				for i, p := range report.Problems {
					if p.Kind != transfer.Unread || i >= len(test.want) {
						t.Fatalf("run %d: problem %v of kind %s", run, p, p.Kind)
					}
					want := test.want[i]
					if problem, part, _ := strings.Cut(want, ": "); p.Name == problem && strings.Contains(p.Error(), part) {
						got = append(got, want)
					} else {
						t.Errorf("run %d: problem %q: %v, want %s", run, p.Name, p, want)
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("run %d: problems (-want +got):\n%s", run, diff)
				}
			}
			if n := len(everything(t, dst)); n != test.n {
				t.Errorf("%d versions are copied, want %d", n, test.n)
			}
		})
	}
}

// TestUnreadVersion has a version amid a history that cannot be read: it leaves
// a gap, the second time as well.
func TestUnreadVersion(t *testing.T) {
	t.Parallel()
	inner := prompty.NewMemoryStorage()
	for _, text := range []string{"one", "two", "three"} {
		if err := inner.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: text}); err != nil {
			t.Fatal(err)
		}
	}
	src := damaged{inner, 2}
	dst := prompty.NewMemoryStorage()
	for run := range 2 {
		report := copyAll(t, src, in(dst), transfer.Options{})
		if len(report.Problems) != 1 || report.Problems[0].Kind != transfer.Unread || report.Problems[0].Version != 2 {
			t.Fatalf("run %d: problems %v", run, report.Problems)
		}
		if versions, err := dst.ListVersions(t.Context(), "a"); err != nil || !cmp.Equal(versions, []int{3, 1}) {
			t.Errorf("run %d: versions %v, %v", run, versions, err)
		}
	}
}

// damaged is a source one version of which cannot be read.
type damaged struct {
	prompty.TemplateStorage
	version int
}

func (d damaged) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if version == d.version {
		return nil, fmt.Errorf("%w: it is damaged", prompty.ErrInvalidTemplate)
	}
	return d.TemplateStorage.GetVersion(ctx, name, version)
}
