//go:build linux

package watch_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch"
)

// TestTerminal saves with editors as people use them: typed into a terminal.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for _, e := range []struct {
		name    string
		tools   []string
		command string
		type1   []string // changes v1 to v2 in the whole file, and saves
		type2   []string // v2 to v3, again
		quit    []string
	}{
		{"vim", []string{"vim"}, "vim -u NONE -i NONE -N x.txt",
			[]string{":%s/v1$/v2/", "Enter", ":w", "Enter"},
			[]string{":%s/v2$/v3/", "Enter", ":w", "Enter"},
			[]string{":q!", "Enter"}},
		{"vim backupcopy=no", []string{"vim"}, "vim -u NONE -i NONE -N -c 'set backupcopy=no backup' x.txt",
			[]string{":%s/v1$/v2/", "Enter", ":w", "Enter"},
			[]string{":%s/v2$/v3/", "Enter", ":w", "Enter"},
			[]string{":q!", "Enter"}},
		{"emacs", []string{"emacs"}, "emacs -Q -nw x.txt",
			[]string{"M-x", "replace-string", "Enter", "v1", "Enter", "v2", "Enter", "C-x", "C-s"},
			[]string{"M-<", "M-x", "replace-string", "Enter", "v2", "Enter", "v3", "Enter", "C-x", "C-s"},
			[]string{"C-x", "C-c"}},
		{"nano", []string{"nano"}, "nano --ignorercfiles x.txt",
			[]string{"M-R", "v1", "Enter", "v2", "Enter", "A", "C-s"},
			[]string{"M-R", "v2", "Enter", "v3", "Enter", "A", "C-s"},
			[]string{"C-x"}},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			need(t, append(e.tools, "tmux")...)
			p := newPlace(t)
			v := func(n int) string { return strings.Repeat(fmt.Sprintf("a line, v%d\n", n), 500) }
			put(t, p.file(), v(1))
			f := openFolder(t, p.root, watch.Options{})
			st := follow(t, f)
			socket := filepath.Join(t.TempDir(), "s")
			tmux := func(args ...string) {
				t.Helper()
				run(t, p.root, "tmux", append([]string{"-f", "/dev/null", "-S", socket}, args...)...)
			}
			tmux("new-session", "-d", "-x", "100", "-y", "30", "env TERM=screen "+e.command)
			t.Cleanup(func() { exec.Command("tmux", "-S", socket, "kill-server").Run() })
			screen := func() string { return run(t, p.root, "tmux", "-S", socket, "capture-pane", "-p") }
			appear(t, screen, "a line, v1")
			for n, keys := range [][]string{e.type1, e.type2} {
				for _, key := range keys {
					tmux("send-keys", key)
				}
				appear(t, screen, fmt.Sprintf("a line, v%d", n+2))
				st.untilHas("x.txt", v(n+2))
			}
			for _, key := range e.quit {
				tmux("send-keys", key)
			}
			st.until("only the file in the end", func(v view) bool { return len(v) == 1 })
			st.settle(p.root)
			whole := map[watch.Hash]bool{}
			for n := range 4 {
				whole[hashOf(v(n))] = true
			}
			st.wantWhole(whole)
			if left, _ := os.ReadDir(p.root); len(left) > 0 {
				t.Logf("left by the editor: %v", left)
			}
		})
	}
}

// appear waits until a terminal shows something.
func appear(t testing.TB, screen func() string, text string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(screen(), text) {
			return
		}
	}
	t.Fatalf("the terminal does not show %q:\n%s", text, screen())
}
