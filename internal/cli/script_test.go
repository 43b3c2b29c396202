package cli

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	_ "github.com/go-prompty/prompty/fsstore"
	_ "github.com/go-prompty/prompty/gitstore"
)

func TestMain(m *testing.M) {
	command := func() { os.Exit(Main(Config{})) }
	testscript.Main(m, map[string]func(){"prompty": command, "prompty-panics": panicOnScreen})
}

// run is the command as cmd/prompty has it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, lookupEnv func(string) (string, bool)) int {
	return Config{}.run(args, stdin, stdout, stderr, lookupEnv)
}

func TestScripts(t *testing.T) { testscript.Run(t, scripts()) }

// scripts says how scripts run: testdata/script, unless the caller has others.
func scripts() testscript.Params {
	return testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			if path, err := exec.LookPath("prompty"); err == nil {
				env.Setenv("PROMPTY", path)
			}
			env.Setenv("GORACE", "atexit_sleep_ms=0") // or each command takes a second more
			// Git as nobody configured it, and Gil commits.
			for key, value := range map[string]string{
				"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "2",
				"GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Gil",
				"GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "gil@example.org",
			} {
				env.Setenv(key, value)
			}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" { // who may write everywhere
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"tree":  tree,
			"bytes": writeBytes,
			"await": await,
			"gone":  gone,
		},
	}
}

// tree DIR FILE writes what lies in a folder, contents included, to a file, so
// that two moments can be compared.
func tree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tree DIR FILE")
	}
	var b strings.Builder
	root := os.DirFS(ts.MkAbs(args[0]))
	ts.Check(fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		fmt.Fprintf(&b, "%x %s\n", sha256.Sum256(data), path)
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o666))
}

// bytes FILE TEXT writes a text to a file, with the escapes of a Go string and
// no new line at its end.
func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE TEXT")
	}
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
	ts.Check(os.WriteFile(path, []byte(text), 0o666))
}
