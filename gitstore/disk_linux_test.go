package gitstore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// smallDisk mounts an empty disk of a size, where that is permitted.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func remount(t *testing.T, dir string, readOnly bool) {
	t.Helper()
	flags := uintptr(syscall.MS_REMOUNT)
	if readOnly {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, ""); err != nil {
		t.Fatalf("remount: %v", err)
	}
}

// TestOwner has repositories that belong to others, with git's own rules.
func TestOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a repository away")
	}
	give := func(dir string) {
		must(t, filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(p, 12345, 12345)
		}))
	}
	for name, r := range map[string]*gittest.Repo{"bare": gittest.Bare(t), "work tree": gittest.WorkTree(t)} {
		r.Commit("First", "a.prompty", "1")
		give(r.Dir)
		_, gitErr := r.Try("log")
		_, err := tryOpen(r.Dir)
		if gitErr == nil {
			t.Logf("%s: git itself opens it", name)
		}
		wantError(t, name, err, nil, r.Dir, "owner=any", "safe.directory")
		s := open(t, r.Dir, "owner=any")
		want(t, s, "a", 1, "1")
		save(t, s, "a", "2")
		if _, err := tryOpen(r.Dir); err == nil {
			t.Errorf("%s: opened without owner=any", name)
		}
	}
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("there is no setpriv to become another user with")
	}
	// And one who may not read it at all: the test binary as that user.
	r := gittest.Bare(t)
	r.Commit("First", "a.prompty", "1")
	must(t, os.Chmod(r.Path("objects"), 0o700))
	for p := r.Dir; len(p) > len(os.TempDir()); p = filepath.Dir(p) {
		must(t, os.Chmod(p, 0o755))
	}
	program := filepath.Join(t.TempDir(), "program")
	data, err := os.ReadFile(os.Args[0])
	must(t, err)
	must(t, os.WriteFile(program, data, 0o755))
	for p := filepath.Dir(program); len(p) > len(os.TempDir()); p = filepath.Dir(p) {
		must(t, os.Chmod(p, 0o755))
	}
	cmd := exec.Command("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", program)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), workerEnv+"=read "+r.Dir, "HOME=/")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "objects") || !strings.Contains(string(out), "permission denied") {
		t.Errorf("reading without rights: %v, %s", err, out)
	}
}
