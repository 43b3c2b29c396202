package worktree

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// scenarios are saves on the repository that scene makes.
var scenarios = map[string]map[string]edit{
	"change": {"f": text("two!")},
	"create": {"new/folder/n": text("new")},
	"remove": {"d/g": gone},
	"many":   {"f": {text: text("exec").text, mode: object.ModeExec}, "d/g": gone, "n": text("new"), "e/h": text("other")},
}

func scene(t testing.TB) *gittest.Repo {
	r := gittest.WorkTree(t)
	r.Commit("first", "f", "one", "d/g", "g", "e/h", "h", "e/i", "i")
	return r
}

const childEnv = "WORKTREE_TEST_CHILD" // "dir|scenario|step": save, and die before that step, by number or name

func child(job string) {
	f := strings.Split(job, "|")
	die, byName := strconv.Atoi(f[2])
	b, err := open(f[0])
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	b.fault = func(name string) error {
		if die--; byName == nil && die < 0 || name == f[2] {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Kill()
			}
			select {}
		}
		return nil
	}
	if err := b.save(scenarios[f[1]]); err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}

// killed runs a save that dies before that step; false: it has fewer steps.
func killed(t testing.TB, r *gittest.Repo, scenario string, step any) bool {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%s|%v", childEnv, r.Dir, scenario, step))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if cmd.ProcessState.ExitCode() == 2 {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	return true
}

// begin is what the next save does first.
func (b *bench) begin(t testing.TB) {
	t.Helper()
	x, err := b.Begin(t.Context())
	must(t, err)
	must(t, x.Abort())
}

// checkHead compares the files that a scenario touches with HEAD, but for one.
func checkHead(t testing.TB, r *gittest.Repo, scenario, but string) {
	t.Helper()
	for p := range scenarios[scenario] {
		want, err := r.Try("cat-file", "blob", "HEAD:"+p)
		switch {
		case p == but:
		case err != nil:
			checkGone(t, r, p)
			if dir, _ := splitPath(p); dir != "" && r.Git("ls-tree", "HEAD", dir) == "" {
				checkGone(t, r, dir)
			}
		default:
			checkFile(t, r, p, want)
		}
	}
}

// TestKill kills a save before each of its steps. git is locked out then; the
// next Begin leaves everything as before the save or as after it.
func TestKill(t *testing.T) {
	t.Parallel()
	for scenario := range scenarios {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			for step := 0; ; step++ {
				r := scene(t)
				if !killed(t, r, scenario, step) {
					if step < 8 {
						t.Errorf("only %d steps", step)
					}
					return
				}
				if _, err := r.Try("add", "f"); err == nil {
					t.Errorf("step %d: git can change the index", step)
				}
				b := openBench(t, r)
				b.begin(t)
				checkInStep(t, r)
				checkHead(t, r, scenario, "")
				checkTidy(t, r)
				must(t, b.save(map[string]edit{"f": text("after")}))
				checkInStep(t, r)
				if t.Failed() {
					t.Fatalf("killed before step %d", step)
				}
			}
		})
	}
}

// TestKillThenEdit has somebody edit the file before the next Begin: the edit
// stays, and all else is finished.
func TestKillThenEdit(t *testing.T) {
	t.Parallel()
	for scenario, path := range map[string]string{"change": "f", "create": "new/folder/n", "remove": "d/g", "many": "f"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			for step := 0; ; step++ {
				r := scene(t)
				if !killed(t, r, scenario, step) {
					return
				}
				r.Write(path, "mine")
				b := openBench(t, r)
				b.begin(t)
				checkIndex(t, r)
				checkHead(t, r, scenario, path)
				checkFile(t, r, path, "mine")
				if s := r.Git("status", "--porcelain", "-uall"); strings.Contains(s, "\n") || !strings.HasSuffix(s, " "+path) {
					t.Errorf("git status:\n%s", s)
				}
				if t.Failed() {
					t.Fatalf("killed before step %d", step)
				}
			}
		})
	}
}
