package worktree

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

var errInjected = errors.New("injected fault")

// TestFaults fails each step of a save. Before the ref has moved nothing is
// changed; afterwards the next Begin finishes what is left.
func TestFaults(t *testing.T) {
	t.Parallel()
	for scenario := range scenarios {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			for step := 0; ; step++ {
				r := scene(t)
				b := openBench(t, r)
				left, failed, moved := step, "", false
				b.fault = func(name string) error {
					moved = moved || name == "ref moved"
					if left--; left == -1 {
						failed = name
						return errInjected
					}
					return nil
				}
				err := b.save(scenarios[scenario])
				if failed == "" {
					must(t, err)
					return
				}
				if failed != "rmdir" && !errors.Is(err, errInjected) {
					t.Errorf("step %d (%s): %v", step, failed, err)
				}
				if !moved {
					checkInStep(t, r)
					checkTidy(t, r)
				}
				b.begin(t)
				checkInStep(t, r)
				if failed != "rmdir" { // an empty folder that stays is no one's loss
					checkHead(t, r, scenario, "")
				}
				checkTidy(t, r)
				if head := r.Git("log", "-1", "--format=%s"); (head == "save") != moved {
					t.Errorf("HEAD is %q", head)
				}
				if t.Failed() {
					t.Fatalf("failed step %d, %s", step, failed)
				}
			}
		})
	}
}

// TestSlipIn has somebody save a file before each step after Check, in every
// manner. What they saved stays in the file; HEAD and index have the new text.
func TestSlipIn(t *testing.T) {
	t.Parallel()
	manners := map[string]func(t *testing.T, file string){
		"in place":  func(t *testing.T, file string) { must(t, os.WriteFile(file, []byte("mine"), 0o666)) },
		"same size": func(t *testing.T, file string) { must(t, os.WriteFile(file, []byte("Two!"), 0o666)) },
		"old time": func(t *testing.T, file string) { // which git takes for a settled one
			must(t, os.WriteFile(file, []byte("mine"), 0o666))
			past := time.Now().Add(-time.Hour)
			must(t, os.Chtimes(file, past, past))
		},
		"rename": func(t *testing.T, file string) {
			must(t, os.WriteFile(file+"~", []byte("mine"), 0o666))
			must(t, os.Rename(file+"~", file))
		},
		"delete": func(t *testing.T, file string) { must(t, os.Remove(file)) },
		"chmod":  func(t *testing.T, file string) { must(t, os.Chmod(file, 0o755)) },
		"folder": func(t *testing.T, file string) {
			must(t, os.Remove(file))
			must(t, os.Mkdir(file, 0o777))
			must(t, os.WriteFile(file+"/x", []byte("mine"), 0o666))
		},
		"link": func(t *testing.T, file string) {
			must(t, os.Remove(file))
			must(t, os.Symlink("e", file))
		},
	}
	for name, manner := range manners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for step := 0; ; step++ {
				r := scene(t)
				b := openBench(t, r)
				left, at, after := step, "", ""
				b.fault = func(step string) error {
					if left--; left == -1 {
						manner(t, r.Path("f"))
						at, after = step, files2(t, r)
					}
					return nil
				}
				must(t, b.save(scenarios["change"]))
				if at == "" {
					return
				}
				if now := files2(t, r); now != after {
					// What is told only by its bits is on the old text or on the new one.
					if name != "chmod" || !strings.Contains(now, "f true") {
						t.Errorf("files\n%s\nwere\n%s", now, after)
					}
				}
				checkIndex(t, r)
				if s := r.Git("status", "--porcelain", "f"); s == "" {
					t.Error("git does not see the edit")
				}
				b.begin(t)
				if t.Failed() {
					t.Fatalf("saved before step %d, %s", step, at)
				}
			}
		})
	}
}

// TestSlipInElsewhere is TestSlipIn for a path that is created or removed.
func TestSlipInElsewhere(t *testing.T) {
	t.Parallel()
	for scenario, path := range map[string]string{"create": "new/folder/n", "remove": "d/g"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			for step := 0; ; step++ {
				r := scene(t)
				b := openBench(t, r)
				left, at := step, ""
				b.fault = func(name string) error {
					if left--; left == -1 {
						at = name
						r.Write(path, "mine")
					}
					return nil
				}
				must(t, b.save(scenarios[scenario]))
				if at == "" {
					return
				}
				checkIndex(t, r)
				checkFile(t, r, path, "mine")
				if s := r.Git("status", "--porcelain", "-uall"); !strings.HasSuffix(s, path) {
					t.Errorf("git status: %s", s)
				}
				if t.Failed() {
					t.Fatalf("saved before step %d, %s", step, at)
				}
			}
		})
	}
}

// TestSlipInTwice: two saves slip in, so that the first is already put aside when
// the second comes. The second stays.
func TestSlipInTwice(t *testing.T) {
	t.Parallel()
	rename := func(r *gittest.Repo, path, text string) {
		r.Write("other", text)
		must(t, os.Rename(r.Path("other"), r.Path(path)))
	}
	for _, tc := range []struct {
		scenario, path string
		second         func(r *gittest.Repo, path string)
		want           string
		aside          int
	}{
		{"change", "f", func(r *gittest.Repo, path string) { rename(r, path, "later") }, "later", 1},
		{"change", "f", func(r *gittest.Repo, path string) { must(t, os.Remove(r.Path(path))) }, "earlier", 0},
		{"remove", "d/g", func(r *gittest.Repo, path string) { rename(r, path, "later") }, "later", 1},
		{"remove", "d/g", func(r *gittest.Repo, path string) {}, "earlier", 0},
	} {
		r := scene(t)
		b := openBench(t, r)
		b.fault = func(step string) error {
			switch step {
			case "exchange", "take out":
				rename(r, tc.path, "earlier")
			case "look at old":
				tc.second(r, tc.path)
			}
			return nil
		}
		must(t, b.save(scenarios[tc.scenario]))
		checkFile(t, r, tc.path, tc.want)
		checkIndex(t, r)
		lost, err := filepath.Glob(r.Path(".git/prompty/lost/*"))
		if err != nil || len(lost) != tc.aside {
			t.Errorf("%s, then %s: set aside %q, %v", tc.scenario, tc.want, lost, err)
		}
	}
}

// TestOpenWriter has the file open for writing all along, and writes when it
// has been swapped out already.
func TestOpenWriter(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"change", "remove"} {
		path := map[string]string{"change": "f", "remove": "d/g"}[scenario]
		r := scene(t)
		b := openBench(t, r)
		var w *os.File
		b.fault = func(step string) error {
			switch step {
			case "create file", "take out":
				var err error
				w, err = os.OpenFile(r.Path(path), os.O_WRONLY, 0)
				must(t, err)
			case "write index":
				_, err := w.WriteString("mine")
				must(t, errors.Join(err, w.Close()))
			}
			return nil
		}
		must(t, b.save(scenarios[scenario]))
		checkFile(t, r, path, "mine")
		checkIndex(t, r)
	}
}

// TestWithoutExchange is a system that cannot swap files.
func TestWithoutExchange(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	b.fault = func(step string) error {
		if step == "exchange" {
			return errNoExchange
		}
		return nil
	}
	must(t, b.save(scenarios["many"]))
	checkInStep(t, r)
	checkHead(t, r, "many", "")

	b.fault = func(step string) error {
		if step == "exchange" {
			r.Write("f", "mine")
			return errNoExchange
		}
		return nil
	}
	must(t, b.save(scenarios["change"]))
	checkFile(t, r, "f", "mine")
	checkIndex(t, r)
}
