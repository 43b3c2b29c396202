package prompty_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

func TestVersionHistoryRollbackClone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, s := range []prompty.TemplateStorage{prompty.NewMemoryStorage(), plain{prompty.NewMemoryStorage()}} {
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
		for i, by := range []string{"ann", "bob", "cy"} {
			err := se.Save(ctx, &prompty.StoredTemplate{
				Name: "a", Source: fmt.Sprint("text ", i+1), CreatedBy: by, Tags: []string{by}, Metadata: map[string]string{"n": fmt.Sprint(i + 1)},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := se.DeleteVersion(ctx, "a", 2); err != nil {
			t.Fatal(err)
		}
		h, err := se.GetVersionHistory(ctx, "a")
		if err != nil || len(h) != 2 || h[0].Version != 3 || h[1].Author != "ann" {
			t.Errorf("GetVersionHistory = %+v, %v", h, err)
		}
		if _, err := se.GetVersionHistory(ctx, "none"); !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("GetVersionHistory(none) = %v, want ErrTemplateNotFound", err)
		}
		back, err := se.RollbackToVersion(ctx, "a", 1)
		if err != nil || back.Version != 4 || back.Source != "text 1" || back.CreatedBy != "" || !cmp.Equal(back.Tags, []string{"ann"}) || back.Metadata["n"] != "1" {
			t.Errorf("RollbackToVersion(1) = %+v, %v, want version 4 with the text of 1", back, err)
		}
		wantSource(t, se, "a", "text 1")
		if _, err := se.RollbackToVersion(ctx, "a", 2); !errors.Is(err, prompty.ErrVersionNotFound) {
			t.Errorf("RollbackToVersion(2) = %v, want ErrVersionNotFound", err)
		}
		clone, err := se.CloneVersion(ctx, "a", 3, "b")
		if err != nil || clone.Name != "b" || clone.Version != 1 || clone.Source != "text 3" || clone.ID == back.ID {
			t.Errorf("CloneVersion = %+v, %v", clone, err)
		}
		if _, err := se.CloneVersion(ctx, "a", 3, "b"); !errors.Is(err, prompty.ErrConflict) {
			t.Errorf("CloneVersion onto b = %v, want ErrConflict", err)
		}
		if _, err := se.CloneVersion(ctx, "a", 3, "../b"); !errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("CloneVersion onto ../b = %v, want ErrInvalidName", err)
		}
		if _, err := se.CloneVersion(ctx, "a", 9, "c"); !errors.Is(err, prompty.ErrVersionNotFound) {
			t.Errorf("CloneVersion of 9 = %v, want ErrVersionNotFound", err)
		}
	}
}

func TestRollbackToWhatNoLongerParses(t *testing.T) {
	t.Parallel()
	se := newEngine(t, prompty.StorageEngineConfig{})
	save(t, se.Unwrap(), "a", "{~")
	save(t, se, "a", "good")
	if _, err := se.RollbackToVersion(t.Context(), "a", 1); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("RollbackToVersion of a broken text = %v, want ErrInvalidTemplate", err)
	}
	if _, err := se.CloneVersion(t.Context(), "a", 1, "b"); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("CloneVersion of a broken text = %v, want ErrInvalidTemplate", err)
	}
	wantSource(t, se, "a", "good")
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	se := newEngine(t, prompty.StorageEngineConfig{})
	lines := func(list ...string) string { return strings.Join(list, "\n") }
	versions := []*prompty.StoredTemplate{
		{Source: lines("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", ""), Tags: []string{"x", "y"}, Metadata: map[string]string{"k": "1", "gone": ""}},
		{Source: lines("a", "B", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "b"), Tags: []string{"y", "z"}, Metadata: map[string]string{"k": "2", "new": ""}},
		{Source: ""},
		{Source: "one"},
	}
	for _, v := range versions {
		v.Name = "a"
		if err := se.Save(ctx, v); err != nil {
			t.Fatal(err)
		}
	}
	d, err := se.CompareVersions(ctx, "a", 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := `--- a@1
+++ a@2
@@ -1,5 +1,5 @@
 a
-b
+B
 c
 d
 e
@@ -10,3 +10,4 @@
 j
 k
 l
+b
\ No newline at end of file
`
	if diff := cmp.Diff(want, d.String()); diff != "" {
		t.Errorf("String() (-want +got):\n%s", diff)
	}
	if d.Added != 2 || d.Removed != 1 || len(d.Hunks) != 2 ||
		!cmp.Equal(d.AddedTags, []string{"z"}) || !cmp.Equal(d.RemovedTags, []string{"x"}) || !cmp.Equal(d.ChangedMetadata, []string{"gone", "k", "new"}) {
		t.Errorf("CompareVersions(1, 2) = %+v", d)
	}
	for _, c := range []struct {
		from, to int
		want     string
	}{
		{3, 3, ""},
		{3, 4, "--- a@3\n+++ a@4\n@@ -0,0 +1 @@\n+one\n\\ No newline at end of file\n"},
		{4, 3, "--- a@4\n+++ a@3\n@@ -1 +0,0 @@\n-one\n\\ No newline at end of file\n"},
	} {
		d, err := se.CompareVersions(ctx, "a", c.from, c.to)
		if err != nil || d.String() != c.want {
			t.Errorf("CompareVersions(%d, %d) = %q, %v, want %q", c.from, c.to, d, err, c.want)
		}
	}
	for _, pair := range [][2]int{{1, 9}, {9, 1}} {
		if _, err := se.CompareVersions(ctx, "a", pair[0], pair[1]); !errors.Is(err, prompty.ErrVersionNotFound) {
			t.Errorf("CompareVersions(%v) = %v, want ErrVersionNotFound", pair, err)
		}
	}
}
