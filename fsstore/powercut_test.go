//go:build linux

package fsstore_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// goingDown is EXT4_IOC_SHUTDOWN, which XFS has as XFS_IOC_GOINGDOWN: with
// noLogFlush the file system stops as if its power had failed.
const goingDown, noLogFlush = 0x8004587d, 2

// TestPowerCut cuts the power of real file systems, as far as a kernel can play
// that: nothing reaches the disk any more, and what comes back is what the
// journal has. TestPowerLoss tries every moment of a model; this tries the model.
// Every acknowledged version is there, and every text is whole.
func TestPowerCut(t *testing.T) {
	if f := flag.Lookup("long"); f.Value.String() != "true" || os.Getuid() != 0 {
		t.Skip("makes file systems: needs -long and root")
	}
	for name, make := range map[string][]string{
		"ext4": {"mkfs.ext4", "-q", "-F"}, "ext4 without journal": {"mkfs.ext4", "-q", "-F", "-O", "^has_journal"}, "xfs": {"mkfs.xfs", "-q", "-f"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(make[0]); err != nil {
				t.Skip(err)
			}
			img, mnt := filepath.Join(t.TempDir(), "img"), t.TempDir()
			if err := os.WriteFile(img, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(img, 320<<20); err != nil {
				t.Fatal(err)
			}
			run(t, append(make, img)...)
			t.Cleanup(func() { _ = unix.Unmount(mnt, unix.MNT_DETACH) })
			cuts, acked := 15, 0
			for round := range cuts {
				run(t, "mount", "-o", "loop", img, mnt)
				dir := filepath.Join(mnt, fmt.Sprint(round))
				if err := os.Mkdir(dir, 0o777); err != nil {
					t.Fatal(err)
				}
				run(t, "sync", "-f", mnt)
				acks := cutPower(t, mnt, dir)
				run(t, "umount", mnt)
				if strings.HasPrefix(make[0], "mkfs.ext") { // does what a journal would
					_, _ = exec.Command("e2fsck", "-fy", img).CombinedOutput()
				}
				run(t, "mount", "-o", "loop", img, mnt)
				checkKilled(t, dir, acks)
				acked += len(acks)
				run(t, "umount", mnt)
			}
			t.Logf("%d versions were acknowledged before %d cuts", acked, cuts)
			if acked == 0 {
				t.Error("no version was ever acknowledged: the test shows nothing")
			}
		})
	}
}

func run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
}

// cutPower lets a process work in dir until the file system's power fails, and
// returns what it was told before.
func cutPower(t *testing.T, mnt, dir string) (acks map[string]string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d full", workerEnv, dir, rand.Uint64N(1e9)))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acks = map[string]string{} // by "name version": the ID
	working, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			if f := strings.Fields(sc.Text()); f[0] == "saved" && len(f) == 4 {
				if acks[f[1]+" "+f[2]] = f[3]; len(acks) == 1 {
					close(working)
				}
			}
		}
	}()
	select {
	case <-working:
	case <-done:
		t.Fatal("the worker ended before it saved anything")
	}
	time.Sleep(time.Duration(rand.IntN(600)) * time.Millisecond) // when does not matter
	root, err := os.Open(mnt)
	if err != nil {
		t.Fatal(err)
	}
	err = unix.IoctlSetPointerInt(int(root.Fd()), goingDown, noLogFlush)
	if err := errors.Join(err, root.Close()); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	<-done
	_ = cmd.Wait()
	return acks
}
