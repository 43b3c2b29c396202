//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// need skips a test without a program, unless PROMPTY_TEST_REQUIRE names it.
func need(t *testing.T, program, what string) {
	t.Helper()
	_, err := exec.LookPath(program)
	if err == nil {
		return
	}
	if slices.Contains(strings.FieldsFunc(os.Getenv("PROMPTY_TEST_REQUIRE"), func(r rune) bool { return r == ',' || r == ' ' }), program) {
		t.Fatalf("PROMPTY_TEST_REQUIRE names %s: %v", program, err)
	}
	t.Skipf("no %s here, and so no %s to test in: %v", program, what, err)
}

// completionPlace is a project whose prompts begin alike.
func completionPlace(write func(name, text string)) {
	write("prompty.yaml", "storage: filesystem:prompts\n")
	write("prompts/support/refund.prompty", "---\ndescription: Money back\ntags: [billing]\n---\nR\n")
	write("prompts/support/reply.prompty", "---\ndescription: An answer\n---\nA\n")
	write("prompts/greeting.prompty", "G\n")
	write("sub/x", "")
}

// TestCompletionInBash presses the Tab key in a real bash.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	need(t, "bash", "shell")
	x := newTerminal(t, 70, 20)
	completionPlace(x.write)
	x.line("exec bash --norc --noprofile")
	x.line(`cd sub; PS1='% '; bind 'set bell-style none'; eval "$(prompty completion bash)"; clear`)
	x.await(`^%$`)
	x.line("prompty save greeting ../prompts/support/reply.prompty >/dev/null; prompty log greeting | wc -l")
	x.await(`^3\n%$`)
	// To what the two have in common, then both with what they are for.
	x.keys("prompty show sup", "Tab")
	x.await(`^% prompty show support/re$`)
	x.keys("Tab", "Tab")
	x.await(`^support/refund +\(Money back\)$`)
	x.await(`^support/reply +\(An answer\)$`)
	x.keys("p", "Tab")
	x.await(`^% prompty show support/reply$`)
	// Versions, behind an @ which bash takes for the end of a word.
	x.keys("C-u", "prompty show gr", "Tab", "BSpace", "@", "Tab", "Tab")
	x.await(`^@2 +\(\d{4}-`)
	x.keys("2", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty show greeting@2\n%$`)
	x.keys("prompty rollback greeting 1", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty rollback greeting 1\n%$`)
	x.keys("prompty ls --tag=bi", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty ls --tag=billing\n%$`)
	x.keys("prompty show 'support/ref", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty show support/refund\n%$`)
	x.keys("prompty -s fi", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty -s filesystem:\n%$`)
	// Nothing on the line is run.
	x.keys("prompty show $(touch ran)", "Tab", "C-u")
	x.line("echo ran*")
	x.await(`^ran\*$`)
}

// TestCompletionInZsh presses the Tab key in a real zsh.
func TestCompletionInZsh(t *testing.T) {
	t.Parallel()
	need(t, "zsh", "shell")
	x := newTerminal(t, 70, 20)
	completionPlace(x.write)
	x.line("exec zsh -f")
	x.line("PS1='%% '; unsetopt beep; autoload -U compinit && compinit -D; source <(prompty completion zsh); clear")
	x.await(`^%$`)
	x.keys("prompty show sup", "Tab", "Tab")
	x.await(`^support/refund +-- Money back$`)
	x.keys("p", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty show support/reply\n%$`)
	x.keys("prompty show greeting@", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty show greeting@1\n%$`)
	x.keys("prompty ls --tag=bi", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty ls --tag=billing\n%$`)
	x.keys("prompty show 'support/ref", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty show support/refund\n%$`)
	x.keys("prompty -s fi", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty -s filesystem:\n%$`)
	x.keys("prompty save x ./prompts/gr", "Tab", "C-a", "echo ", "C-m")
	x.await(`^prompty save x \./prompts/greeting.prompty\n%$`)
	x.keys("prompty show $(touch ran) gr", "Tab", "C-u")
	x.line("echo ran(N) none")
	x.await(`^none$`)
}

// TestCompletionInFish asks a real fish what it would show.
func TestCompletionInFish(t *testing.T) {
	t.Parallel()
	need(t, "fish", "shell")
	dir := t.TempDir()
	completionPlace(func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	})
	cmd := exec.Command("fish", "--no-config", "-c",
		`prompty completion fish | source; complete -C "prompty show sup"; complete -C "prompty show greeting@"; complete -C "prompty lin";
		 complete -C "prompty ls --tag=bi"; complete -C "prompty -s fi"; complete -C "prompty save x ../prom"; complete -C "prompty show 'support/ref";
		 complete -C "prompty rm (touch ran) gr"; ls`)
	cmd.Dir = filepath.Join(dir, "sub")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir, "PROMPTY_STORAGE=", "TERM=dumb", "GORACE=atexit_sleep_ms=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("fish: %v", err)
	}
	for _, want := range []string{"support/refund\tMoney back\n", "support/reply\tAn answer\n", "greeting@1\t", "lint\tLook ", "--tag=billing\n", "filesystem:\n", "../prompts/\n", "support/refund\tMoney back\ngreeting\nx\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("fish shows no %q:\n%s", want, out)
		}
	}
}
