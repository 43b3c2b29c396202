package worktree

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// smallDisk mounts an empty disk, where that is permitted.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill leaves that many pages of the disk free.
func fill(t *testing.T, disk string, pages int) {
	t.Helper()
	f, err := os.Create(disk + "/filler")
	must(t, err)
	defer f.Close()
	page := make([]byte, os.Getpagesize())
	size := int64(0)
	for err == nil {
		_, err = f.Write(page)
		size += int64(len(page))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	size -= int64(len(page) * (pages + 1))
	must(t, f.Truncate(size))
}

// inVain has each save looked at, and gives whether the last one changed a file
// though it never came to moving the branch.
func inVain(b *bench) func() bool {
	changed, moved := false, false
	b.fault = func(step string) error {
		switch step {
		case "create journal":
			changed, moved = false, false
		case "exchange", "place new":
			changed = true
		case "move ref":
			moved = true
		}
		return nil
	}
	return func() bool { return changed && !moved }
}

// TestFullDisk saves with ever more room on the disk. A save that fails has
// changed nothing, and one that has moved the branch finds all the room it needs.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	ignoreFiller := t.TempDir() + "/ignore"
	must(t, os.WriteFile(ignoreFiller, []byte("filler\nmade\n"), 0o666))
	for _, small := range []string{"all", "git", "work tree"} {
		t.Run(small, func(t *testing.T) {
			t.Parallel()
			disk := smallDisk(t)
			var r *gittest.Repo
			switch small {
			case "all":
				r = gittest.InitAt(t, disk, false)
			case "git":
				r = apart(t, t.TempDir(), disk)
			case "work tree":
				r = apart(t, disk, t.TempDir())
			}
			r.Git("config", "core.excludesFile", ignoreFiller)
			r.Commit("first", "f", "one", "d/g", strings.Repeat("g", 50_000))
			b := openBench(t, r)
			must(t, b.save(map[string]edit{"first": text("1")})) // so that our folders are there
			failed, vain := 0, inVain(b)
			for pages := 0; ; pages++ {
				head := r.Git("rev-parse", "HEAD")
				fill(t, disk, pages)
				body := strings.Repeat(string(rune('a'+pages%26)), 20_000)
				err := b.save(map[string]edit{"f": text(body), "new/n": text(body), "d/g": text(body)})
				pending := b.Pending()
				must(t, os.Remove(disk+"/filler"))
				moved := r.Git("rev-parse", "HEAD") != head
				if moved != (err == nil) || pending {
					t.Errorf("the save says %v, the branch has moved: %v, pending: %v", err, moved, pending)
				}
				if vain() {
					t.Error("files were changed in vain")
				}
				if err != nil && !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("the save says %v", err)
				}
				checkInStep(t, r)
				checkTidy(t, r)
				if t.Failed() {
					t.Fatalf("with %d pages free", pages)
				}
				if err == nil {
					break
				}
				failed++
			}
			if failed < 5 {
				t.Errorf("only %d saves failed: the test shows nothing", failed)
			}
		})
	}
}

// TestReadOnly: a folder in which nothing can be changed shows before the branch
// moves.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	d := r.Path("d")
	if err := syscall.Mount(d, d, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("no folder can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(d, syscall.MNT_DETACH) })
	must(t, syscall.Mount("", d, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	vain := inVain(b)
	for _, e := range []edit{text("new"), gone} {
		if err := b.save(map[string]edit{"f": text("two"), "d/g": e}); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "d/g") {
			t.Errorf("save: %v", err)
		}
		if vain() {
			t.Error("files were changed in vain")
		}
		checkInStep(t, r)
		checkTidy(t, r)
		if s := r.Git("log", "-1", "--format=%s"); s != "first" {
			t.Errorf("HEAD is %q", s)
		}
	}
}
