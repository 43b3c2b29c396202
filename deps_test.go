package prompty_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/go-prompty/prompty"

// allowed is the import graph: each package with the packages of this module
// that its code, tests apart, may import. Imports point one way:
// cmd, examples → drivers → prompty → engine → promptfile; cmd → internal/cli.
var allowed = map[string][]string{
	"":                                 {"diff", "engine", "internal/feed"},
	"diff":                             {},
	"engine":                           {"engine/internal/builtin", "engine/internal/value", "promptfile"},
	"engine/internal/builtin":          {"engine/internal/value"},
	"engine/internal/value":            {},
	"promptfile":                       {},
	"fsstore":                          {"", "internal/feed", "internal/flock", "internal/lease", "internal/writeback", "promptfile", "watch"},
	"gitstore":                         {"", "internal/feed", "promptfile", "watch", "gitstore/internal/history", "gitstore/internal/lockfile", "gitstore/internal/object", "gitstore/internal/odb", "gitstore/internal/refs", "gitstore/internal/repo", "gitstore/internal/signature", "gitstore/internal/worktree"},
	"gitstore/internal/attributes":     {},
	"gitstore/internal/gitindex":       {"gitstore/internal/object"},
	"gitstore/internal/gittest":        {""},
	"gitstore/internal/history":        {"gitstore/internal/object"},
	"gitstore/internal/lockfile":       {"internal/flock", "internal/writeback"},
	"gitstore/internal/object":         {},
	"gitstore/internal/odb":            {"internal/flock", "internal/writeback", "gitstore/internal/object"},
	"gitstore/internal/refs":           {"gitstore/internal/lockfile", "gitstore/internal/object"},
	"gitstore/internal/repo":           {"gitstore/internal/object", "gitstore/internal/refs"},
	"gitstore/internal/signature":      {},
	"gitstore/internal/worktree":       {"gitstore/internal/attributes", "gitstore/internal/gitindex", "gitstore/internal/lockfile", "gitstore/internal/object"},
	"internal/feed":                    {},
	"internal/flock":                   {},
	"internal/inputschema":             {"engine"},
	"internal/lease":                   {},
	"internal/migrate":                 {"", "engine", "promptfile"},
	"internal/transfer":                {""},
	"internal/workload":                {},
	"internal/writeback":               {},
	"storetest":                        {""},
	"watch":                            {"internal/feed", "watch/internal/notify", "watch/internal/steady"},
	"watch/internal/notify":            {"watch/internal/steady"},
	"watch/internal/steady":            {"internal/lease"},
	"internal/cli":                     {"", "diff", "engine", "promptfile", "gitstore", "internal/feed", "internal/flock", "internal/inputschema", "internal/migrate", "internal/transfer", "watch"},
	"cmd/prompty":                      {"fsstore", "gitstore", "internal/cli"},
	"examples/custom_storage/logstore": {""},
	"examples/git_review":              {"", "gitstore"},
	"examples/hot_reload":              {"", "engine", "fsstore", "gitstore"},
	"examples/quickstart":              {"", "fsstore"},
	"examples/storage_persistence":     {"", "fsstore"},
}

// heavy are dependencies that, with all their packages, only those named may
// import.
var heavy = map[string][]string{
	"github.com/spf13/cobra":                {"internal/cli"},
	"github.com/fsnotify/fsnotify":          {"watch/internal/notify"},
	"github.com/anishathalye/porcupine":     {"storetest"},
	"pgregory.net/rapid":                    {"storetest"},
	"github.com/aymanbagabas/go-udiff/lcs":  {"diff"},
	"go.yaml.in/yaml/v3":                    {"promptfile", "internal/cli", "internal/migrate"},
	"github.com/gofrs/flock":                {"fsstore", "examples/custom_storage/logstore"},
	"github.com/go-git":                     {}, // see docs/design.md
	"github.com/klauspost/compress":         {"gitstore/internal/odb"},
	"github.com/tiktoken-go/tokenizer":      {"internal/cli"},
	"github.com/pjbgf/sha1cd":               {"gitstore/internal/object"},
	"github.com/ProtonMail/go-crypto":       {"gitstore/internal/signature"},
	"golang.org/x/crypto":                   {"gitstore/internal/signature"},
	"testing":                               {"storetest", "gitstore/internal/gittest"},
	"github.com/google/go-cmp/cmp":          {"storetest"},
	"github.com/rogpeppe/go-internal":       {},
	"github.com/santhosh-tekuri/jsonschema": {},
}

func TestImportGraph(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == "." {
			return err
		}
		if d.IsDir() {
			_, modErr := os.Stat(path.Join(file, "go.mod"))
			if strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || modErr == nil { // a module of its own
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(path.Dir(file), ".")
		seen[pkg] = true
		mayImport, known := allowed[pkg]
		if !known {
			t.Errorf("%s: package %q has no place in the import graph; give it one", file, pkg)
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if own, ok := strings.CutPrefix(imported, module); ok && !slices.Contains(mayImport, strings.TrimPrefix(own, "/")) {
				t.Errorf("%s imports %s, which points the wrong way", file, imported)
			}
			for dep, users := range heavy {
				if (imported == dep || strings.HasPrefix(imported, dep+"/")) && !slices.Contains(users, pkg) {
					t.Errorf("%s imports %s, which only %q may", file, imported, users)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range allowed {
		if !seen[pkg] {
			t.Errorf("package %q of the import graph does not exist", pkg)
		}
	}
}
