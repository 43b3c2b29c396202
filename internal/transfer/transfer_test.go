package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore"
	_ "github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/internal/transfer"
)

// place is an empty storage that can be opened again and again.
type place func() (prompty.TemplateStorage, error)

// open opens it until the test ends.
func (p place) open(t *testing.T) prompty.TemplateStorage {
	t.Helper()
	s, err := p()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// unclosed lets a storage in memory be "opened" again.
type unclosed struct{ prompty.TemplateStorage }

func (u unclosed) Unwrap() prompty.TemplateStorage { return u.TemplateStorage }
func (u unclosed) Close() error                    { return nil }

func in(s prompty.TemplateStorage) place {
	return func() (prompty.TemplateStorage, error) { return unclosed{s}, nil }
}

var places = map[string]func(*testing.T) place{
	"memory": func(*testing.T) place { return in(prompty.NewMemoryStorage()) },
	"filesystem": func(t *testing.T) place {
		dir := t.TempDir()
		return func() (prompty.TemplateStorage, error) {
			return prompty.OpenStorage("filesystem", dir+"?sync=none&watch=poll")
		}
	},
	"git": func(t *testing.T) place {
		dir := filepath.Join(t.TempDir(), "repo.git")
		return func() (prompty.TemplateStorage, error) {
			return prompty.OpenStorage("git", dir+"?init=1&sync=none")
		}
	},
}

// fill saves prompts of every kind: gaps at the beginning, in the middle and
// two in a row, every field, and texts that must come through to the byte.
func fill(t *testing.T, s prompty.TemplateStorage) {
	t.Helper()
	ctx := t.Context()
	save := func(tmpl prompty.StoredTemplate) {
		t.Helper()
		if err := s.Save(ctx, &tmpl); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range []string{"", "---\ntags: [not, a, field]\n---\r\nCRLF\r\n", "no new line", "---\n", "日本 👩‍💻\n", "---\ninputs: [a]\n---\n{~prompty.var name=\"a\" /~}\n"} {
		save(prompty.StoredTemplate{Name: "support/texts", Source: text, Tags: []string{"b", "a", fmt.Sprint(i)}, Metadata: map[string]string{"k": " v: #"}})
	}
	for i, by := range []string{"", "ann", "Ann Lee <ann@example.org>", " odd\tone "} {
		save(prompty.StoredTemplate{Name: "by", Source: fmt.Sprint("by ", i), CreatedBy: by, TenantID: "acme"})
	}
	for i := range 9 {
		save(prompty.StoredTemplate{Name: "gaps", Source: fmt.Sprint("text ", i)})
	}
	for _, v := range []int{1, 4, 5, 8} {
		if err := s.DeleteVersion(ctx, "gaps", v); err != nil {
			t.Fatal(err)
		}
	}
	save(prompty.StoredTemplate{Name: "Same", Source: "twice"})
	save(prompty.StoredTemplate{Name: "Same", Source: "twice"})
	save(prompty.StoredTemplate{Name: "gone", Source: "gone"})
	if err := s.Delete(ctx, "gone"); err != nil {
		t.Fatal(err)
	}
}

// everything is all versions of a storage, without what is its own.
func everything(t *testing.T, s prompty.TemplateStorage) []*prompty.StoredTemplate {
	t.Helper()
	list, err := s.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var untimed = cmpopts.IgnoreFields(prompty.StoredTemplate{}, "ID", "CreatedAt", "UpdatedAt")

func same(t *testing.T, from, to prompty.TemplateStorage) {
	t.Helper()
	if diff := cmp.Diff(everything(t, from), everything(t, to), untimed); diff != "" {
		t.Fatalf("the copy differs (-source +copy):\n%s", diff)
	}
}

func copyAll(t *testing.T, from prompty.TemplateStorage, to place, opts transfer.Options) *transfer.Report {
	t.Helper()
	opts.Reopen = to
	report, err := transfer.Copy(t.Context(), from, to.open(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEveryDirection(t *testing.T) {
	t.Parallel()
	for fromName, from := range places {
		for toName, to := range places {
			t.Run(fromName+" to "+toName, func(t *testing.T) {
				t.Parallel()
				src, dst := from(t).open(t), to(t)
				fill(t, src)
				got := copyAll(t, src, dst, transfer.Options{})
				want := &transfer.Report{Prompts: 4, Copied: 17, Gaps: 4, Bytes: got.Bytes, Verified: 17}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("first copy (-want +got):\n%s", diff)
				}
				same(t, src, dst.open(t))
				got = copyAll(t, src, dst, transfer.Options{})
				if diff := cmp.Diff(&transfer.Report{Prompts: 4, Present: 17}, got); diff != "" {
					t.Errorf("second copy (-want +got):\n%s", diff)
				}
				// What comes later, with a gap after the last version that is there.
				for range 3 {
					if err := src.Save(t.Context(), &prompty.StoredTemplate{Name: "by", Source: "later", TenantID: "acme"}); err != nil {
						t.Fatal(err)
					}
				}
				if err := src.DeleteVersion(t.Context(), "by", 5); err != nil {
					t.Fatal(err)
				}
				got = copyAll(t, src, dst, transfer.Options{BatchVersions: 1})
				if diff := cmp.Diff(&transfer.Report{Prompts: 4, Present: 17, Copied: 2, Gaps: 1, Bytes: 10, Verified: 2}, got); diff != "" {
					t.Errorf("third copy (-want +got):\n%s", diff)
				}
				same(t, src, dst.open(t))
			})
		}
	}
}

func TestOnlySome(t *testing.T) {
	t.Parallel()
	src := prompty.NewMemoryStorage()
	fill(t, src)
	tests := map[string]struct {
		opts transfer.Options
		want []string
	}{
		"all":    {transfer.Options{}, []string{"Same", "by", "gaps", "support/texts"}},
		"names":  {transfer.Options{Names: []string{"gaps", "by", "gaps"}}, []string{"by", "gaps"}},
		"prefix": {transfer.Options{Prefix: "support/"}, []string{"support/texts"}},
		"none":   {transfer.Options{Prefix: "sales/"}, nil},
		"dry":    {transfer.Options{DryRun: true}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dst := prompty.NewMemoryStorage()
			report := copyAll(t, src, in(dst), test.opts)
			var got []string
			for _, tmpl := range everything(t, dst) {
				got = append(got, tmpl.Name)
			}
			if diff := cmp.Diff(test.want, slices.Compact(got)); diff != "" {
				t.Errorf("copied (-want +got):\n%s", diff)
			}
			if test.opts.DryRun && (report.Copied != 17 || report.Gaps != 4 || report.Verified != 0) {
				t.Errorf("a dry run reports %+v", report)
			}
		})
	}
	_, err := transfer.Copy(t.Context(), src, prompty.NewMemoryStorage(), transfer.Options{Names: []string{"by", "bye"}})
	if !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("a name that is not there gives %v", err)
	}
}

// TestConflict has in the destination what cannot become a copy. Nothing of
// that prompt may be written, and all others are copied.
func TestConflict(t *testing.T) {
	t.Parallel()
	version := func(text string) prompty.StoredTemplate {
		return prompty.StoredTemplate{Name: "a", Source: text, Tags: []string{"t"}, Metadata: map[string]string{"k": "v"}, CreatedBy: "ann", TenantID: "x"}
	}
	other := func(change func(*prompty.StoredTemplate)) []prompty.StoredTemplate {
		v := version("one")
		change(&v)
		return []prompty.StoredTemplate{v}
	}
	tests := map[string]struct {
		there   []prompty.StoredTemplate
		deleted []int
		want    string
	}{
		"text":             {other(func(t *prompty.StoredTemplate) { t.Source = "uno" }), nil, "a@1: the destination has another version 1: its text differs"},
		"tags":             {other(func(t *prompty.StoredTemplate) { t.Tags = nil }), nil, "a@1: the destination has another version 1: its tags differ"},
		"metadata":         {other(func(t *prompty.StoredTemplate) { t.Metadata["k"] = "w" }), nil, "a@1: the destination has another version 1: its metadata differ"},
		"author":           {other(func(t *prompty.StoredTemplate) { t.CreatedBy = "ben" }), nil, "a@1: the destination has another version 1: its author differs"},
		"tenant":           {other(func(t *prompty.StoredTemplate) { t.TenantID = "" }), nil, "a@1: the destination has another version 1: its tenant differs"},
		"deleted there":    {[]prompty.StoredTemplate{version("one"), version("two"), version("three")}, []int{2}, "a@2: the destination has later versions, but not this one; its number is used up there"},
		"deleted in FROM":  {[]prompty.StoredTemplate{version("one"), version("two"), version("three"), version("four")}, nil, "a@4: only the destination has this version"},
		"all deleted":      {[]prompty.StoredTemplate{version("one"), version("two")}, []int{2, 1}, "a@1: the destination would number it 3: it had such versions before; it is taken back"},
		"the last deleted": {[]prompty.StoredTemplate{version("one"), version("two"), version("three")}, []int{3, 2}, "a@2: the destination would number it 4: it had such versions before; it is taken back"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			src := prompty.NewMemoryStorage()
			for _, text := range []string{"one", "two", "three", "four", "five"} {
				v := version(text)
				if err := src.Save(ctx, &v); err != nil {
					t.Fatal(err)
				}
			}
			if err := src.DeleteVersion(ctx, "a", 4); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"A", "b"} {
				if err := src.Save(ctx, &prompty.StoredTemplate{Name: name, Source: name}); err != nil {
					t.Fatal(err)
				}
			}
			for kind, hide := range hidings {
				dst := prompty.NewMemoryStorage()
				for _, v := range test.there {
					v.Version = 0
					if err := dst.Save(ctx, &v); err != nil {
						t.Fatal(err)
					}
				}
				for _, v := range test.deleted {
					if err := dst.DeleteVersion(ctx, "a", v); err != nil {
						t.Fatal(err)
					}
				}
				before := slices.DeleteFunc(everything(t, dst), func(t *prompty.StoredTemplate) bool { return t.Name != "a" })
				report, err := transfer.Copy(ctx, src, hide(dst), transfer.Options{Reopen: in(dst)})
				if err != nil {
					t.Fatal(err)
				}
				if len(report.Problems) != 1 || report.Problems[0].Kind != transfer.Conflict || report.Problems[0].Error() != test.want {
					t.Errorf("%s: problems %v, want %s", kind, report.Problems, test.want)
				}
				after := everything(t, dst)
				if names := []string{after[0].Name, after[len(after)-1].Name}; names[0] != "A" || names[1] != "b" {
					t.Errorf("%s: the others are not all copied: %q", kind, names)
				}
				after = slices.DeleteFunc(after, func(t *prompty.StoredTemplate) bool { return t.Name != "a" })
				if diff := cmp.Diff(before, after, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s: the prompt was written on (-before +after):\n%s", kind, diff)
				}
			}
		})
	}
}

// TestAhead has versions in the destination on top of those of the source.
func TestAhead(t *testing.T) {
	t.Parallel()
	src, dst := prompty.NewMemoryStorage(), prompty.NewMemoryStorage()
	fill(t, src)
	copyAll(t, src, in(dst), transfer.Options{})
	if err := dst.Save(t.Context(), &prompty.StoredTemplate{Name: "by", Source: "own"}); err != nil {
		t.Fatal(err)
	}
	if report := copyAll(t, src, in(dst), transfer.Options{}); len(report.Problems) > 0 || report.Copied > 0 {
		t.Errorf("the report is %+v", report)
	}
	if latest, err := dst.Get(t.Context(), "by"); err != nil || latest.Source != "own" {
		t.Errorf("the latest is %v, %v", latest, err)
	}
}

// TestRefused copies what one of the two cannot hold.
func TestRefused(t *testing.T) {
	t.Parallel()
	src := prompty.NewMemoryStorage()
	for _, name := range []string{"Case", "case", "long", "plain"} {
		if err := src.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: strings.Repeat(name, 3)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, make := range places {
		if name == "memory" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dst := make(t)
			report := copyAll(t, src, dst, transfer.Options{})
			if len(report.Problems) != 1 || report.Problems[0].Name != "case" || report.Copied != 3 || report.Verified != 3 {
				t.Errorf("the report is %+v", report)
			}
			if !strings.Contains(report.Problems[0].Error(), "differs only in case") {
				t.Errorf("the problem is %v", report.Problems[0])
			}
		})
	}
	bad := map[string]func(t *prompty.StoredTemplate){
		"text":   func(t *prompty.StoredTemplate) { t.Source = "\xff" },
		"name":   func(t *prompty.StoredTemplate) { t.Name = "../long" },
		"number": func(t *prompty.StoredTemplate) { t.Version = 1 << 40 },
	}
	for name, change := range bad {
		t.Run(name, func(t *testing.T) {
			dst := prompty.NewMemoryStorage()
			report := copyAll(t, strange{src, change}, in(dst), transfer.Options{})
			if len(report.Problems) != 1 || report.Problems[0].Kind != transfer.Refused || report.Copied != 3 {
				t.Errorf("the report is %+v", report)
			}
			if n := len(everything(t, dst)); n != 3 {
				t.Errorf("%d versions are written, want 3", n)
			}
		})
	}
}

// strange is a source whose prompt "long" is one that no storage takes.
type strange struct {
	prompty.TemplateStorage
	change func(*prompty.StoredTemplate)
}

func (s strange) ListVersions(ctx context.Context, name string) ([]int, error) {
	list, err := s.TemplateStorage.ListVersions(ctx, name)
	if name == "long" {
		t := prompty.StoredTemplate{Version: 1}
		s.change(&t)
		list[0] = t.Version
	}
	return list, err
}

func (s strange) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if name != "long" {
		return s.TemplateStorage.GetVersion(ctx, name, version)
	}
	t, err := s.Get(ctx, name)
	s.change(t)
	return t, err
}

// moving is a source in which somebody saves between two pages of the listing.
type moving struct {
	prompty.TemplateStorage
	pages *int
}

func (m moving) List(ctx context.Context, q *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	if *m.pages++; *m.pages == 2 {
		if err := m.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "new"}); err != nil {
			return nil, err
		}
	}
	return m.TemplateStorage.List(ctx, q)
}

// TestPages has more prompts than a page of the listing, and one that comes
// meanwhile and moves the others on: each is copied once.
func TestPages(t *testing.T) {
	t.Parallel()
	src, dst, pages := prompty.NewMemoryStorage(), prompty.NewMemoryStorage(), 0
	for i := range 600 {
		if err := src.Save(t.Context(), &prompty.StoredTemplate{Name: fmt.Sprintf("p%03d", i), Source: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	report := copyAll(t, moving{src, &pages}, in(dst), transfer.Options{})
	if report.Prompts != 600 || report.Copied != 600 || pages < 3 {
		t.Errorf("%d pages, %+v", pages, report)
	}
}
