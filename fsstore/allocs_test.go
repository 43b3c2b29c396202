//go:build !race

package fsstore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// TestAllocations counts what reading costs the collector when nothing has
// changed. A rise is a regression; where it pays for something, say so here.
func TestAllocations(t *testing.T) {
	s := newStore(t, t.TempDir(), Options{Sync: SyncNone})
	const many = 100
	for i := range many {
		writeFile(t, filepath.Join(s.dir, fmt.Sprintf("teams/prompt%d.prompty", i)), "You are helpful.")
	}
	ctx := t.Context()
	settled := func() bool { // what is too young cannot be told from what it becomes next
		if _, err := s.List(ctx, nil); err != nil {
			t.Fatal(err)
		}
		return len(s.seen) == many
	}
	for deadline := time.Now().Add(10 * time.Second); !settled(); {
		if time.Now().After(deadline) {
			t.Fatal("the files do not come to rest")
		}
	}
	for _, tt := range []struct {
		call string
		fn   func() error
		want float64
	}{
		// The result, the file's path for us and for the system.
		{"Get", func() error { _, err := s.Get(ctx, "teams/prompt1"); return err }, 3},
		{"LatestID", func() error { _, err := s.LatestID(ctx, "teams/prompt1"); return err }, 2},
		{"Exists", func() error { _, err := s.Exists(ctx, "teams/prompt1"); return err }, 2},
		// For each the result, its path, the file's name for the system and what was found out.
		{"List", func() error { _, err := s.List(ctx, nil); return err }, 4*many + 50},
	} {
		got := testing.AllocsPerRun(20, func() {
			if err := tt.fn(); err != nil {
				t.Fatal(err)
			}
		})
		if got > tt.want && newQuick(s.disk.root).works() {
			t.Errorf("%s allocates %v times, want at most %v", tt.call, got, tt.want)
		}
		t.Logf("%s allocates %v times", tt.call, got)
	}
}
