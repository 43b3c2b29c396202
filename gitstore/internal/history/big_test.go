package history_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
)

// The size of the history that TestBig times beside git log:
//
//	go test -run Big -v -templates 10000 -commits 100000
var (
	templates = flag.Int("templates", 300, "files in the history of TestBig")
	commits   = flag.Int("commits", 1500, "commits in the history of TestBig")
	folder    = flag.Int("folder", 100, "files in a folder there")
	repack    = flag.Bool("repack", false, "let git repack it")
	place     = flag.String("place", "", "make it there, and keep it for the next time")
)

// store reads objects with our own code.
type store struct{ db *odb.DB }

func openStore(t testing.TB, r *gittest.Repo) store {
	t.Helper()
	db, err := odb.Open(r.Path("objects"), odb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return store{db}
}

func (s store) read(id object.ID, want object.Kind) ([]byte, error) {
	kind, data, err := s.db.Read(id)
	if err == nil && kind != want {
		err = fmt.Errorf("%s is a %s, not a %s", id, kind, want)
	}
	return data, err
}

func (s store) Commit(id object.ID) ([]byte, error) { return s.read(id, object.KindCommit) }
func (s store) Tree(id object.ID) ([]byte, error)   { return s.read(id, object.KindTree) }

// bigRepo makes a history in which each commit changes one file.
func bigRepo(t testing.TB) *gittest.Repo {
	t.Helper()
	dir := *place
	if dir == "" {
		dir = t.TempDir()
	}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err == nil {
		r := gittest.InitAt(t, dir, true)
		return r
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r := gittest.InitAt(t, dir, true)
	cmd := r.Command("fast-import", "--quiet", "--date-format=raw")
	pipe, in := io.Pipe()
	cmd.Stdin, cmd.Stderr = pipe, os.Stderr
	go func() {
		w := bufio.NewWriterSize(in, 1<<20)
		put := func(i, n int) {
			text := fmt.Sprintf("You are assistant %d, in its version %d. Answer in one sentence.\n", i, n)
			fmt.Fprintf(w, "M 100644 inline prompts/team-%03d/prompt-%05d.prompty\ndata %d\n%s\n", i / *folder, i, len(text), text)
		}
		fmt.Fprintf(w, "reset refs/heads/main\n")
		for n := range *commits {
			message := fmt.Sprintf("Save prompt %d", n)
			fmt.Fprintf(w, "commit refs/heads/main\nauthor Ann <ann@example.org> %[1]d +0000\ncommitter Ann <ann@example.org> %[1]d +0000\ndata %[2]d\n%[3]s\n",
				gittest.Epoch+n*60, len(message), message)
			if n == 0 {
				for i := range *templates {
					put(i, 0)
				}
			} else {
				put(n*7919%*templates, n)
			}
		}
		in.CloseWithError(w.Flush())
	}()
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if *repack {
		r.Git("repack", "-adfq", "--depth=50")
	}
	return r
}

// parsedLog is git log and reading what it prints, as one would write it: how
// many versions each path has, and the newest one's blob.
func parsedLog(t testing.TB, r *gittest.Repo) (versions map[string]int, latest map[string]object.ID) {
	t.Helper()
	cmd := r.Command("log", "--first-parent", "--raw", "-z", "--no-abbrev", "--no-renames", "--format=%x01%H %at", "main")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	versions, latest = map[string]int{}, map[string]object.ID{}
	for len(out) > 0 {
		var field []byte
		field, out, _ = bytes.Cut(out, []byte{0})
		field = bytes.TrimLeft(field, "\n")
		if len(field) == 0 || field[0] != ':' {
			continue
		}
		part := bytes.Fields(field)
		id, err := object.ParseID(string(part[3]))
		if err != nil {
			t.Fatal(err)
		}
		var path []byte
		path, out, _ = bytes.Cut(out, []byte{0})
		versions[string(path)]++
		if _, newer := latest[string(path)]; !newer {
			latest[string(path)] = id
		}
	}
	return versions, latest
}

// TestBig compares the index of a larger history with what git log says, and
// logs how long either took.
func TestBig(t *testing.T) {
	r := bigRepo(t)
	scope := history.Scope{Dir: "prompts", Ext: ".prompty"}
	start := time.Now()
	versions, latest := parsedLog(t, r)
	git := time.Since(start)

	tip := id(t, r.Git("rev-parse", "main"))
	objects := openStore(t, r)
	before := heap()
	start = time.Now()
	ix := advance(t, history.New(objects, scope, history.Overrides{}), tip)
	build := time.Since(start)
	resident := heap() - before

	same := func(v history.View) {
		t.Helper()
		if v.Len() != len(versions) {
			t.Errorf("%d paths, want %d", v.Len(), len(versions))
		}
		for path, n := range versions {
			if got, ok := v.Latest(path); !ok || got.N != n || got.Blob != latest[path] || v.HighWater(path) != n {
				t.Errorf("Latest(%q) = %v, %v, want version %d, %s", path, got, ok, n, latest[path])
			}
		}
	}
	same(ix.View())

	file := filepath.Join(t.TempDir(), "index")
	start = time.Now()
	if err := ix.WriteFile(file, 0); err != nil {
		t.Fatal(err)
	}
	write := time.Since(start)
	start = time.Now()
	loaded, err := history.Load(file, objects, scope, history.Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	load := time.Since(start)
	same(loaded.View())
	size := must[os.FileInfo](t)(os.Stat(file)).Size()

	// Catching up with a tenth of the commits.
	tenth := *commits / 10
	part := advance(t, history.New(openStore(t, r), scope, history.Overrides{}), id(t, r.Git("rev-parse", fmt.Sprintf("main~%d", tenth))))
	start = time.Now()
	advance(t, part, tip)
	catch := time.Since(start)
	same(part.View())

	all := len(versions)
	for _, n := range versions {
		all += n - 1
	}
	t.Logf("%d versions: git log %v, build %v (%.2f), write %v, load %v (1/%.0f), catch-up %v a commit, %.1f bytes a version, heap %d MB (objects' cache and all)",
		all, git, build, float64(build)/float64(git), write, load, float64(git)/float64(load), catch/time.Duration(tenth), float64(size)/float64(all), resident>>20)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The benchmarks take the history of TestBig, and so its flags.
func BenchmarkGitLog(b *testing.B) {
	r := bigRepo(b)
	for b.Loop() {
		parsedLog(b, r)
	}
}

func BenchmarkBuild(b *testing.B) {
	r := bigRepo(b)
	tip := id(b, r.Git("rev-parse", "main"))
	for b.Loop() {
		advance(b, history.New(openStore(b, r), history.Scope{Dir: "prompts", Ext: ".prompty"}, history.Overrides{}), tip)
	}
}

func BenchmarkLoad(b *testing.B) {
	_, file := bigIndex(b)
	for b.Loop() {
		if _, err := history.Load(file, nil, history.Scope{Dir: "prompts", Ext: ".prompty"}, history.Overrides{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLatest(b *testing.B) {
	ix, _ := bigIndex(b)
	v := ix.View()
	all := v.Paths("")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := v.Latest(all[i%len(all)]); !ok {
			b.Fatal(all[i])
		}
		i++
	}
}

func bigIndex(b *testing.B) (*history.Index, string) {
	r := bigRepo(b)
	ix := advance(b, history.New(openStore(b, r), history.Scope{Dir: "prompts", Ext: ".prompty"}, history.Overrides{}), id(b, r.Git("rev-parse", "main")))
	file := filepath.Join(b.TempDir(), "index")
	if err := ix.WriteFile(file, 0); err != nil {
		b.Fatal(err)
	}
	return ix, file
}
