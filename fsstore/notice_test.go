package fsstore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNoticesSince asks what was added to a list: who may have missed some is
// told so.
func TestNoticesSince(t *testing.T) {
	t.Parallel()
	none := &notices{first: 1}
	list := func(id string, first uint64, names ...string) *notices {
		return &notices{list: id, first: first, names: names}
	}
	for _, tc := range []struct {
		before, now *notices
		want        string
	}{
		{none, none, "[]"},
		{none, list("x", 1, "a", "b"), "[a b]"},
		{none, list("x", 2, "b"), "all"},
		{list("x", 1, "a"), list("x", 1, "a"), "[]"},
		{list("x", 1, "a"), list("x", 1, "a", "b", "c"), "[b c]"},
		{list("x", 1, "a"), list("x", 2, "b"), "[b]"},
		{list("x", 1, "a"), list("x", 3, "c"), "all"},
		{list("x", 1, "a", "b"), list("x", 1, "a"), "all"}, // an older copy was put back
		{list("x", 1, "a"), list("y", 1, "a", "b"), "all"},
		{list("x", 1, "a"), none, "all"},
	} {
		got := "all"
		if names, ok := tc.now.since(tc.before); ok {
			got = fmt.Sprint(names)
		}
		if got != tc.want {
			t.Errorf("%+v since %+v = %s, want %s", tc.now, tc.before, got, tc.want)
		}
	}
}

// TestNoticesFile adds more names than the list keeps, and damages it.
func TestNoticesFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	must(t, s.acquire(t.Context()))
	defer s.release()
	var want []string
	for i := range 2*mostNotices + 5 {
		name := fmt.Sprintf("a b/ü%d", i)
		want = append(want, name)
		must(t, s.announce(t.Context(), name))
	}
	n, err := s.readNotices()
	must(t, err)
	if diff := cmp.Diff(want[mostNotices+5:], n.names); diff != "" || n.first != mostNotices+6 {
		t.Errorf("the list begins at %d (-want +got):\n%s", n.first, diff)
	}
	whole, err := os.ReadFile(filepath.Join(dir, noticePath))
	must(t, err)
	text := string(whole)
	for _, damaged := range []string{
		"", "x", "\xff", "\x00", "\n", text[1:], text[:len(text)-1],
		strings.Replace(text, " 70\n", " 0\n", 1), strings.Replace(text, " 70\n", " x\n", 1),
		strings.Replace(text, " 70\n", "\n", 1), strings.Replace(text, "a b", "../b", 1), text + text, text + "one more\n",
	} {
		writeFile(t, filepath.Join(dir, noticePath), damaged)
		if n, err := s.readNotices(); err != nil || n.list != "" || n.next() != 1 {
			t.Errorf("a list of %.40q … is read as %+v, %v, want none", damaged, n, err)
		}
	}
	must(t, s.announce(t.Context(), "anew"))
	if again, err := s.readNotices(); err != nil || again.list == n.list || again.next() != 2 {
		t.Errorf("after damage the list is %+v, %v, want a new one", again, err)
	}
}

// TestNoticesFullDisk deletes a version where there is no room for the list:
// that it goes says that everything may have changed.
func TestNoticesFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := newStore(t, dir, Options{Sync: SyncNone}), newStore(t, dir, Options{Sync: SyncNone})
	for i := range 4 {
		mustSave(t, s, "a", fmt.Sprint(i))
	}
	full := func(op, _ string) error {
		if op == "create" {
			return syscall.ENOSPC
		}
		return nil
	}
	other.disk.fault = full
	if err := other.DeleteVersion(t.Context(), "a", 1); err == nil {
		t.Error("a deletion that cannot be announced gave no error")
	}
	must(t, s.DeleteVersion(t.Context(), "a", 1))
	h := hear(t, s)
	must(t, other.DeleteVersion(t.Context(), "a", 2))
	h.wants("all")
	must(t, s.DeleteVersion(t.Context(), "a", 3))
	h.wants("changed a")
}
