//go:build unix

package odb

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// TestFullDisk lets a process write that may make no file above some size,
// which to it is a full disk.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("ODB_TEST_FULL"); dir != "" {
		writeOnFullDisk(t, dir)
		return
	}
	r := gittest.Bare(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), "ODB_TEST_FULL="+r.Path("objects"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "was refused") {
		t.Errorf("the process did nothing:\n%s", out)
	}
	if left := append(files(t, r, "??/*"), files(t, r, "pack/*")...); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	r.Fsck()
}

func writeOnFullDisk(t *testing.T, dir string) {
	db, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	signal.Ignore(unix.SIGXFSZ)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip(err)
	}
	full := limit
	full.Cur = 10_000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &full); err != nil {
		t.Skip(err)
	}
	// What the test binary itself writes at its end has room again.
	defer unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
	for _, count := range []int{3, packFrom} {
		for _, how := range []Sync{SyncNone, SyncBatch, SyncFull} {
			b := db.Begin()
			for i := range count {
				if _, err := b.Put(object.KindBlob, noise(uint64(i), 9_000*(i+1))); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.Flush(how); err == nil {
				t.Errorf("%d objects, sync %d: Flush gave no error", count, how)
			} else {
				t.Logf("was refused: %v", err)
			}
		}
	}
}
