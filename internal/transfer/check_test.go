package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/transfer"
)

// lines compares two storages, and writes what was told as lines.
func lines(t *testing.T, a, b prompty.TemplateStorage, opts transfer.CheckOptions) (*transfer.Checked, []string) {
	t.Helper()
	var told []string
	checked, err := transfer.Check(t.Context(), a, b, opts, func(d transfer.Drift) error {
		line := fmt.Sprint(d.Kind, " ", d.Name, d.Versions)
		if len(d.Parts) > 0 {
			line += " " + strings.Join(d.Parts, " ")
		}
		told = append(told, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked.Drift != len(told) {
		t.Errorf("%d lines are told, the report says %d", len(told), checked.Drift)
	}
	return checked, told
}

// TestCheckCopies finds a copy the same, whatever the two storages are, and finds
// each thing that is changed in it.
func TestCheckCopies(t *testing.T) {
	t.Parallel()
	for fromName, from := range places {
		for toName, to := range places {
			t.Run(fromName+" to "+toName, func(t *testing.T) {
				t.Parallel()
				src, dst := from(t).open(t), to(t)
				fill(t, src)
				copyAll(t, src, dst, transfer.Options{})
				other := dst.open(t)
				if checked, told := lines(t, src, other, transfer.CheckOptions{}); told != nil || checked.Prompts != 4 || checked.Versions != 17 {
					t.Errorf("of a copy is told %q, report %+v", told, checked)
				}
				for _, step := range []struct {
					change func() error
					want   []string
				}{
					{func() error { return other.DeleteVersion(t.Context(), "gaps", 6) }, []string{"only in A gaps[6]"}},
					{func() error { return other.Delete(t.Context(), "Same") }, []string{"only in A Same[1 2]", "only in A gaps[6]"}},
					{func() error { return other.Save(t.Context(), &prompty.StoredTemplate{Name: "new", Source: "x"}) },
						[]string{"only in A Same[1 2]", "only in A gaps[6]", "only in B new[1]"}},
				} {
					if err := step.change(); err != nil {
						t.Fatal(err)
					}
					_, told := lines(t, src, other, transfer.CheckOptions{})
					if diff := cmp.Diff(step.want, told); diff != "" {
						t.Errorf("told (-want +got):\n%s", diff)
					}
				}
			})
		}
	}
}

// TestCheckParts changes one part of a version at a time.
func TestCheckParts(t *testing.T) {
	t.Parallel()
	for part, change := range map[string]func(*prompty.StoredTemplate){
		"text":     func(t *prompty.StoredTemplate) { t.Source += "." },
		"tags":     func(t *prompty.StoredTemplate) { slices.Reverse(t.Tags) },
		"metadata": func(t *prompty.StoredTemplate) { t.Metadata["k"] = "w" },
		"author":   func(t *prompty.StoredTemplate) { t.CreatedBy = "ben" },
		"tenant":   func(t *prompty.StoredTemplate) { t.TenantID = "x" },
	} {
		t.Run(part, func(t *testing.T) {
			a, b := prompty.NewMemoryStorage(), prompty.NewMemoryStorage()
			for _, s := range []prompty.TemplateStorage{a, b} {
				v := prompty.StoredTemplate{Name: "p", Source: "one", Tags: []string{"t", "u"}, Metadata: map[string]string{"k": "v"}, CreatedBy: "ann"}
				if s == b {
					change(&v)
				}
				if err := s.Save(t.Context(), &v); err != nil {
					t.Fatal(err)
				}
			}
			if _, told := lines(t, a, b, transfer.CheckOptions{}); !slices.Equal(told, []string{"differs p[1] " + part}) {
				t.Errorf("told is %q", told)
			}
		})
	}
}

func TestCheckSome(t *testing.T) {
	t.Parallel()
	a, b := prompty.NewMemoryStorage(), prompty.NewMemoryStorage()
	fill(t, a)
	phases := map[transfer.Phase]bool{}
	for want, opts := range map[string]transfer.CheckOptions{
		"only in A by[1 2 3 4],only in A gaps[2 3 6 7 9]": {Names: []string{"gaps", "by", "gaps"}},
		"only in A support/texts[1 2 3 4 5 6]":            {Prefix: "support/", Progress: func(p transfer.Progress) { phases[p.Phase] = true }},
		"":                                                {Prefix: "sales/"},
	} {
		if _, told := lines(t, a, b, opts); strings.Join(told, ",") != want {
			t.Errorf("told is %q, want %q", told, want)
		}
	}
	if !phases[transfer.Listing] || !phases[transfer.Comparing] {
		t.Errorf("the phases are %v", phases)
	}
	_, err := transfer.Check(t.Context(), a, b, transfer.CheckOptions{Names: []string{"by", "bye"}}, nil)
	if !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("a name that neither has gives %v", err)
	}
}

// TestCheckUnread has versions that one of the two cannot read.
func TestCheckUnread(t *testing.T) {
	t.Parallel()
	a := prompty.NewMemoryStorage()
	for _, text := range []string{"one", "two", "three"} {
		if err := a.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: text}); err != nil {
			t.Fatal(err)
		}
	}
	if _, told := lines(t, damaged{a, 2}, damaged{a, 3}, transfer.CheckOptions{}); !slices.Equal(told, []string{"unread in A a[2]", "unread in B a[3]"}) {
		t.Errorf("told is %q", told)
	}
}

// vanishing deletes a version while it is compared.
type vanishing struct {
	prompty.TemplateStorage
	version int
}

func (v vanishing) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if version == v.version {
		return nil, prompty.NewStorageVersionNotFoundError(name, version)
	}
	return v.TemplateStorage.GetVersion(ctx, name, version)
}

func TestCheckMeanwhile(t *testing.T) {
	t.Parallel()
	a := prompty.NewMemoryStorage()
	for range 3 {
		if err := a.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, told := lines(t, vanishing{a, 2}, a, transfer.CheckOptions{}); !slices.Equal(told, []string{"only in B a[2]"}) {
		t.Errorf("told is %q", told)
	}
	if _, told := lines(t, vanishing{a, 2}, vanishing{a, 2}, transfer.CheckOptions{}); told != nil {
		t.Errorf("of what both have lost is told %q", told)
	}
}

// TestCheckBreaks ends a check by an error of either storage, of the caller, and
// by its context.
func TestCheckBreaks(t *testing.T) {
	t.Parallel()
	s := prompty.NewMemoryStorage()
	fill(t, s)
	broken := forgetful{unclosed{s}, func(*prompty.StoredTemplate) error { return errBroken }}
	none := func(transfer.Drift) error { return nil }
	// A snapshot would be whole.
	hidden := struct{ prompty.TemplateStorage }{broken}
	for side, pair := range map[string][2]prompty.TemplateStorage{"A": {hidden, s}, "B": {s, hidden}} {
		if _, err := transfer.Check(t.Context(), pair[0], pair[1], transfer.CheckOptions{}, none); !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "read "+side+": ") {
			t.Errorf("%s broken gives %v", side, err)
		}
	}
	if _, err := transfer.Check(t.Context(), s, prompty.NewMemoryStorage(), transfer.CheckOptions{}, func(transfer.Drift) error { return errBroken }); !errors.Is(err, errBroken) {
		t.Errorf("a caller's error gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transfer.Check(ctx, s, s, transfer.CheckOptions{}, none); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context gives %v", err)
	}
}
