//go:build unix

package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// terminal is a real one, by tmux, with a shell in a folder of its own.
type terminal struct {
	t      *testing.T
	dir    string
	socket string
}

// newTerminal starts a server that nothing else uses. Without tmux the test is
// skipped, unless PROMPTY_TEST_REQUIRE names it.
func newTerminal(t *testing.T, width, height int, env ...string) *terminal {
	t.Helper()
	need(t, "tmux", "terminal")
	own, err := os.MkdirTemp("", "tmux-*") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(own) })
	term := &terminal{t: t, dir: t.TempDir(), socket: filepath.Join(own, "s")}
	config := filepath.Join(own, "conf")
	settings := "set -g default-terminal screen-256color\nset -g status off\nset -sg escape-time 0\nset -g exit-empty off\n"
	if err := os.WriteFile(config, []byte(settings), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("tmux", "-S", term.socket, "-f", config, "new-session", "-d",
		"-x", fmt.Sprint(width), "-y", fmt.Sprint(height), "-c", term.dir, "exec sh")
	cmd.Dir = term.dir
	cmd.Env = append(os.Environ(), append([]string{"PS1=$ ", "ENV=", "TZ=UTC", "LC_ALL=C.UTF-8", "PROMPTY_STORAGE=", "NO_COLOR=", "GORACE=atexit_sleep_ms=0"}, env...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", term.socket, "kill-server").Run() })
	return term
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// line types a command line; keys presses keys by tmux's names for them.
func (x *terminal) line(text string)     { x.tmux("send-keys", "-l", text); x.keys("Enter") }
func (x *terminal) keys(names ...string) { x.tmux(append([]string{"send-keys"}, names...)...) }

// screen is what there is to see; painted has the colors, too.
func (x *terminal) screen() string  { return x.tmux("capture-pane", "-p") }
func (x *terminal) painted() string { return x.tmux("capture-pane", "-p", "-e") }

// await waits until the screen matches.
func (x *terminal) await(pattern string) {
	x.t.Helper()
	x.awaitOf(x.screen, pattern)
}

func (x *terminal) awaitOf(look func() string, pattern string) {
	x.t.Helper()
	want := regexp.MustCompile("(?m)" + pattern)
	if !eventually(func() bool { return want.MatchString(look()) }) {
		x.t.Fatalf("the screen never matched %q:\n%s", pattern, look())
	}
}

// write writes a file in the terminal's folder as most editors do: a new file
// takes the old one's place.
func (x *terminal) write(name, text string) {
	x.t.Helper()
	path := filepath.Join(x.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		x.t.Fatal(err)
	}
	if err := os.WriteFile(path+"~", []byte(text), 0o666); err != nil {
		x.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		x.t.Fatal(err)
	}
}

// state is what a program must leave as it found it: what is on the screen, and
// how the terminal is set.
func (x *terminal) state() string {
	x.t.Helper()
	name := filepath.Join(x.dir, "stty")
	os.Remove(name)
	x.line("clear; stty -a >stty.new; mv stty.new stty")
	var stty []byte
	if !eventually(func() bool { stty, _ = os.ReadFile(name); return len(stty) > 0 }) {
		x.t.Fatal("stty never ran")
	}
	return string(stty) + x.flags()
}

// flags are: on the second screen, with a cursor, with wrapping.
func (x *terminal) flags() string {
	return x.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}")
}

// left checks that a program has ended, told its exit code, and left the
// terminal as it was.
func (x *terminal) left(before string, code int) {
	x.t.Helper()
	x.await(fmt.Sprintf("code %d$", code)) // behind the ^C that a terminal may show
	x.await(`first screen$`)
	if after := x.state(); after != before {
		x.t.Errorf("the terminal was\n%s\nand is\n%s", before, after)
	}
}

// start runs render --watch, and waits for its first output.
func (x *terminal) start(args, first string) (before string) {
	x.t.Helper()
	before = x.state()
	x.line("echo first screen; prompty render " + args + " --watch; echo code $?")
	x.await(first)
	return before
}

func TestLiveRedraw(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 60, 12)
	x.write("prompts/greeting.prompty", "Hello {~prompty.include template=\"name\" /~}!\nBe kind.\n")
	x.write("prompts/name.prompty", "Ann")
	before := x.start("greeting", `^  Hello Ann!\n  Be kind\.$`)
	x.await(`^ greeting@1  \d\d:\d\d:\d\d  \S+s  q ends$`)
	if got := x.flags(); got != "1 0 0\n" {
		t.Errorf("second screen, cursor, wrapping: %q", got)
	}

	// A partial changes: the words that did stand out.
	x.write("prompts/name.prompty", "Bob")
	x.await(`^- Hello Ann!\n\+ Hello Bob!\n  Be kind\.$`)
	x.await(`^ greeting@1  \d\d:\d\d:\d\d  changed: name  `)
	x.awaitOf(x.painted, `\x1b\[31m- Hello \x1b\[7mAnn`)
	x.awaitOf(x.painted, `\x1b\[32m\+ Hello \x1b\[7mBob`)

	// The prompt itself does: only its own change is marked now.
	x.write("prompts/greeting.prompty", "Hello {~prompty.include template=\"name\" /~}!\nBe very kind.\n")
	x.await(`^  Hello Bob!\n- Be kind\.\n\+ Be very kind\.$`)
	x.await(`^ greeting@2 `)

	// What breaks is shown in place, above what was good.
	x.write("prompts/name.prompty", "{~prompty.vra /~}")
	x.await(`^greeting:1:7: include "name": name:1:1: unknown tag$`)
	x.await(`^--- last good output: greeting@2, \d\d:\d\d:\d\d\n  Hello Bob!\n  Be very kind\.$`)
	x.await(`^ greeting@2  \d\d:\d\d:\d\d  error  changed: name  `)
	x.write("prompts/name.prompty", "Cleo")
	x.await(`^- Hello Bob!\n\+ Hello Cleo!\n  Be very kind\.$`)

	// It goes, and comes back.
	if err := os.Remove(filepath.Join(x.dir, "prompts/greeting.prompty")); err != nil {
		t.Fatal(err)
	}
	x.await(`^greeting: template not found$`)
	x.write("prompts/greeting.prompty", "Here again.\n")
	x.await(`^\+ Here again\.$`)

	x.keys("q")
	x.left(before, 0)
}

func TestLiveDataFile(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 60, 12)
	x.write("prompts/greeting.prompty", "Hello {~prompty.var name=\"user\" /~}!\n")
	x.write("data.yaml", "user: Ann\n")
	before := x.start("greeting --data data.yaml --stats", `^  Hello Ann!$`)
	x.await(`^ greeting@1 .* 3 tokens  `)
	x.write("data.yaml", "user: Bob Bob\n")
	x.await(`^\+ Hello Bob Bob!$`)
	x.await(`changed: data\.yaml  4 tokens \(\+1\)`)
	x.write("data.yaml", "user: [\n")
	x.await(`^data\.yaml: `)
	x.write("data.yaml", "user: Cleo\n")
	x.await(`^\+ Hello Cleo!$`)
	x.keys("C-c")
	x.left(before, 130)
}

func TestLiveFile(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 60, 12, "NO_COLOR=1")
	x.write("draft.prompty", "One.\n")
	x.write("in.json", `{}`)
	before := x.start("./draft.prompty --data - <in.json", `^  One\.$`)
	x.write("draft.prompty", "Two.\n")
	x.await(`^- One\.\n\+ Two\.$`)
	if got := x.painted(); strings.Contains(got, "\x1b[") {
		t.Errorf("with NO_COLOR the screen has colors:\n%q", got)
	}
	x.keys("q") // from the terminal: standard input is data
	x.left(before, 0)
}

func TestLiveScrollAndResize(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 40, 6)
	text := func(tenth string) string {
		var b strings.Builder
		for i := range 20 {
			if i == 10 {
				fmt.Fprintf(&b, "%s\n", tenth)
				continue
			}
			fmt.Fprintf(&b, "line %d\n", i)
		}
		return b.String()
	}
	x.write("prompts/long.prompty", text("A line of some forty letters, or a few more"))
	before := x.start("long", `\A  line 0\n(.*\n){4} long@1 .* 1-5/21`)
	x.keys("Down")
	x.await(`\A  line 1\n`)
	x.keys("Space")
	x.await(`\A  line 5\n`)
	x.keys("G")
	x.await(`\A  line 15\n(.*\n){4} long@1 .* 17-21/21`)
	x.keys("g")
	x.await(`\A  line 0\n`)
	// Wide lines go on below; a change further down is scrolled to.
	x.write("prompts/long.prompty", text("A line of some forty letters, or some more"))
	x.await(`\A  line 8\n  line 9\n- A line of some forty letters, or a few\n  more\n\+ A line`)
	x.tmux("resize-window", "-x", "60", "-y", "8")
	x.await(`^- A line of some forty letters, or a few more\n\+ A line of some forty letters, or some more\n  line 11$`)
	x.tmux("resize-window", "-x", "40", "-y", "6")
	x.await(`^- A line of some forty letters, or a few\n  more\n\+ A line`)
	x.keys("C-c")
	x.left(before, 130)
}

func TestLiveEndsBySignal(t *testing.T) {
	t.Parallel()
	for signal, code := range map[string]int{"TERM": 143, "HUP": 129, "INT": 130} {
		t.Run(signal, func(t *testing.T) {
			t.Parallel()
			x := newTerminal(t, 60, 8)
			x.write("prompts/a.prompty", "Hello\n")
			before := x.state()
			x.line(`echo first screen; sh -c 'echo $$ >pid; exec prompty render a --watch'; echo code $?`)
			x.await(`^  Hello$`)
			pid, err := os.ReadFile(filepath.Join(x.dir, "pid"))
			if err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("kill", "-"+signal, strings.TrimSpace(string(pid))).CombinedOutput(); err != nil {
				t.Fatalf("kill: %v\n%s", err, out)
			}
			x.left(before, code)
		})
	}
}

func TestPanicLeavesTheScreen(t *testing.T) {
	t.Parallel()
	for args, message := range map[string]string{"": "in the middle", " x": "beside"} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			x := newTerminal(t, 90, 50)
			before := x.state()
			x.line("echo first screen; prompty-panics" + args + "; echo code $?")
			x.await("^drawn$")
			x.keys("j")
			x.await("^panic: " + message)
			x.left(before, 2)
		})
	}
}

func TestLiveSuspend(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 60, 12)
	x.write("prompts/a.prompty", "One.\n")
	before := x.start("a", `^  One\.$`)
	x.keys("C-z")
	x.await(`first screen\n(.*\n)*.*Stopped`)
	if got := x.flags(); got != "0 1 1\n" {
		t.Errorf("while it is stopped: second screen, cursor, wrapping: %q", got)
	}
	x.write("prompts/a.prompty", "Two.\n")
	x.line("fg; echo code $?")
	x.await(`^- One\.\n\+ Two\.$`)
	x.keys("q")
	x.left(before, 0)
}

// Where a terminal can do nothing, outputs follow each other.
func TestLiveOnDumbTerminal(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 60, 12)
	x.write("prompts/a.prompty", "One.\n")
	before := x.state()
	x.line("echo first screen; TERM=dumb prompty render a --watch; echo code $?")
	x.await(`^One\.$`)
	x.write("prompts/a.prompty", "Two.\n")
	x.await(`^One\.\n--- a@2 \d\d:\d\d:\d\d changed: a\nTwo\.$`)
	x.keys("C-c")
	x.left(before, 130)
}

func TestWatchOnTerminal(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 60, 12)
	x.write("prompts/a.prompty", "Hello\n")
	before := x.state()
	x.line("echo first screen; prompty watch --exec 'echo ran; sleep 1000'; echo code $?")
	x.await(`^prompty: watching filesystem:\./prompts$`)
	x.write("prompts/a.prompty", "Hello, hello\n")
	x.awaitOf(x.painted, `\x1b\[33m~ a`)
	x.await(`^ran$`)
	x.keys("C-c") // the command gets it, too, or this would take a thousand seconds
	x.left(before, 130)
}
