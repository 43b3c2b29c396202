package history_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// saved makes a random chain and writes its index.
func saved(t testing.TB, seed uint64, length int, over history.Overrides) (w *world, models []*model, file string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 2))
	w = newWorld()
	models = []*model{newModel(scope)}
	for range length {
		m := models[len(models)-1]
		models = append(models, m.after(w.next(r, m, m.tip)))
	}
	ix, _, err := history.New(w, scope, over).Advance(t.Context(), models[length].tip.id)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "index")
	if err := ix.WriteFile(file, 0); err != nil {
		t.Fatal(err)
	}
	return w, models, file
}

func TestFile(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		w, models, file := saved(t, seed, 60, history.Overrides{})
		what := fmt.Sprintf("seed %d", seed)
		last := models[len(models)-1]
		w.reads = 0
		ix, err := history.Load(file, w, scope, history.Overrides{})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		last.check(t, what, ix.View())
		for i, m := range models[1:] {
			if v, ok := ix.At(m.tip.id); ok {
				m.check(t, fmt.Sprintf("%s, commit %d", what, i), v)
			}
		}
		if w.reads != 0 {
			t.Errorf("%s: loading read %d objects", what, w.reads)
		}
		again := file + "2"
		if err := ix.WriteFile(again, 0); err != nil {
			t.Fatal(err)
		}
		if a, b := must[[]byte](t)(os.ReadFile(file)), must[[]byte](t)(os.ReadFile(again)); !bytes.Equal(a, b) {
			t.Errorf("%s: written again, the file is another one", what)
		}
		// What was loaded goes on as what was built.
		r := rand.New(rand.NewPCG(seed, 3))
		more := last.after(w.next(r, last, last.tip))
		more = more.after(w.next(r, more, more.tip))
		ix, up, err := ix.Advance(t.Context(), more.tip.id)
		if err != nil {
			t.Fatal(err)
		}
		more.check(t, what+", grown", ix.View())
		more.checkUpdate(t, what, last, up)
		back := models[len(models)/2]
		ix, up, err = ix.Advance(t.Context(), back.tip.id)
		if err != nil {
			t.Fatal(err)
		}
		back.check(t, what+", taken back", ix.View())
		back.checkUpdate(t, what, more, up)
	}
}

func TestEmptyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "index")
	if err := history.New(newWorld(), scope, history.Overrides{}).WriteFile(file, 0); err != nil {
		t.Fatal(err)
	}
	ix, err := history.Load(file, newWorld(), scope, history.Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	newModel(scope).check(t, "empty", ix.View())
}

// TestTimes keeps times long before and after everything else.
func TestTimes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := newModel(scope)
	files := map[string]leaf{}
	for i, at := range []struct{ seconds, ns int64 }{{-9e9, 0}, {-1, 5}, {-1, 0}, {0, 0}, {9e9, 999_999_999}, {3, 4}} {
		var parents []object.ID
		if m.tip != nil {
			parents = []object.ID{m.tip.id}
		}
		files = maps.Clone(files)
		files[fmt.Sprintf("p/q/%d.md", i)] = file("x")
		m = m.after(w.add(commit{seconds: at.seconds, ns: at.ns, files: files}, parents...))
	}
	ix := advance(t, history.New(w, scope, history.Overrides{}), m.tip.id)
	m.check(t, "built", ix.View())
	ix, err := history.Decode(ix.Encode(), scope)
	if err != nil {
		t.Fatal(err)
	}
	m.check(t, "loaded", ix.View())
}

// body makes a file up.
type body struct{ data []byte }

func newBody(tip byte, commits ...byte) *body {
	b := &body{[]byte("prompty history 1\n")}
	b.text(scope.Dir).text(scope.Ext).text("").id(tip).numbers(0, uint64(len(commits)))
	for _, c := range commits {
		b.id(c)
	}
	return b
}

func (b *body) numbers(list ...uint64) *body {
	for _, n := range list {
		b.data = binary.AppendUvarint(b.data, n)
	}
	return b
}

func (b *body) text(s string) *body {
	b.numbers(uint64(len(s)))
	b.data = append(b.data, s...)
	return b
}

func (b *body) id(c byte) *body {
	b.data = append(b.data, bytes.Repeat([]byte{c}, 20)...)
	return b
}

// TestImpossible has files that are whole, and tell what cannot be.
func TestImpossible(t *testing.T) {
	t.Parallel()
	const version, remove, hide, commit = 0, 1, 2, 4 // what an event is, and that it is of the next commit
	two := func() *body { return newBody(2, 1, 2).numbers(0, 0) }
	one := func(path string, events ...uint64) *body {
		return two().numbers(1, 1, 0).text(path).numbers(events...).id(9)
	}
	const a, b = "p/q/a.md", "p/q/b.md"
	if _, err := history.Decode(seal(one(a, 1, 1, commit|version, commit|hide, 1).data), scope); err != nil {
		t.Fatalf("a good file: %v", err)
	}
	if ix, err := history.Decode(seal(two().numbers(2, 2, 0).text(a).numbers(1, 0, commit|version, 4).text("b.md").numbers(1, 0, 2*commit|version).id(8).id(9).data), scope); err != nil || !slices.Equal(ix.View().Paths(""), []string{a, b}) {
		t.Fatalf("a good file: %v", err)
	}
	for what, body := range map[string]*body{
		"commits without a tip":           newBody(0, 1).numbers(0, 0, 0),
		"more commits than bytes":         {append(newBody(1).data[:len(newBody(1).data)-1], 0xff, 0xff, 0xff, 0xff, 0x7f)},
		"a time too far":                  newBody(1, 1).numbers(10_000_000_000*4, 0, 0),
		"a time too long ago":             newBody(1, 1).numbers(10_000_000_000*4-2, 0, 0),
		"too many nanoseconds":            newBody(1, 1).numbers(1, 1_000_000_000, 0, 0),
		"a version before all commits":    one(a, 1, 0, version),
		"a version after all commits":     one(a, 1, 0, 3*commit|version),
		"two versions of a commit":        two().numbers(1, 2, 0).text(a).numbers(2, 0, commit|version, version).id(8).id(9),
		"a version that is taken at once": one(a, 1, 1, commit|version, remove),
		"a version that is hid at once":   one(a, 1, 1, commit|version, hide, 1),
		"a removal that brings something": two().numbers(1, 2, 0).text(a).numbers(2, 1, commit|version, commit|remove, version).id(8).id(9),
		"a removal of nothing":            one(a, 1, 1, commit|remove, version),
		"a removal twice":                 one(a, 1, 2, commit|version, commit|remove, remove),
		"an unknown event":                one(a, 1, 1, commit|version, commit|3),
		"version 0 is hidden":             one(a, 1, 1, commit|version, commit|hide, 0),
		"a version to come is hidden":     one(a, 1, 1, commit|version, commit|hide, 2),
		"a version is hidden twice":       one(a, 1, 2, commit|version, commit|hide, 1, hide, 1),
		"a file without versions":         two().numbers(1, 0, 0).text(a).numbers(0, 0),
		"fewer versions than it says":     one(a, 1, 0),
		"a removal counted as a version":  two().numbers(1, 2, 0).text(a).numbers(2, 0, commit|version, commit|remove).id(8).id(9),
		"more versions than it says":      two().numbers(1, 1, 0).text(a).numbers(1, 1, commit|version, commit|version).id(9),
		"a version of no file":            two().numbers(1, 2, 0).text(a).numbers(1, 0, commit|version).id(8).id(9),
		"more versions than there are":    two().numbers(1, 1, 0).text(a).numbers(2, 0, commit|version, commit|version).id(9),
		"a path twice":                    two().numbers(2, 2, 0).text(a).numbers(1, 0, commit|version, 8).text("").numbers(1, 0, commit|version).id(8).id(9),
		"paths in no order":               two().numbers(2, 2, 0).text(b).numbers(1, 0, commit|version, 0).text(a).numbers(1, 0, commit|version).id(8).id(9),
		"a path like a longer one":        two().numbers(2, 2, 0).text(a).numbers(1, 0, commit|version, 9).text("").numbers(1, 0, commit|version).id(8).id(9),
		"a path out of scope":             one("p/a.md", 1, 0, commit|version),
		"a path that is only .md":         one("p/q/.md", 1, 0, commit|version),
		"a number without end":            {append(two().data, 0xff, 0xff)},
	} {
		ix, err := history.Decode(seal(body.data), scope)
		if err == nil {
			t.Errorf("%s: loaded, with %q", what, ix.View().Paths(""))
		}
	}
}

// TestDamage loads files that are cut off at every byte, have any one bit
// flipped, or are followed by something.
func TestDamage(t *testing.T) {
	t.Parallel()
	w, _, file := saved(t, 7, 12, history.Overrides{})
	whole := must[[]byte](t)(os.ReadFile(file))
	load := func(data []byte) error {
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := history.Load(file, w, scope, history.Overrides{})
		return err
	}
	if err := load(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if load(whole[:n]) == nil {
			t.Errorf("loaded when cut off at byte %d of %d", n, len(whole))
		}
		bent := bytes.Clone(whole)
		bent[n] ^= 1 << (n % 8)
		if load(bent) == nil {
			t.Errorf("loaded with a bit flipped in byte %d of %d", n, len(whole))
		}
	}
	if load(append(bytes.Clone(whole), 0)) == nil {
		t.Error("loaded with a byte too many")
	}
	if load(seal(append(bytes.Clone(whole[:len(whole)-4]), 0))) == nil {
		t.Error("loaded with a byte too many that is checked")
	}
}

// seal puts the right check behind a body.
func seal(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

func TestOtherFile(t *testing.T) {
	t.Parallel()
	over := history.Overrides{Fingerprint: "grafts"}
	w, _, file := saved(t, 1, 5, over)
	for _, other := range []struct {
		what  string
		scope history.Scope
		over  history.Overrides
	}{
		{"dir", history.Scope{Dir: "p", Ext: scope.Ext}, over},
		{"ext", history.Scope{Dir: scope.Dir, Ext: ".prompty"}, over},
		{"fingerprint", scope, history.Overrides{}},
	} {
		if _, err := history.Load(file, w, other.scope, other.over); err == nil || !strings.Contains(err.Error(), "another") {
			t.Errorf("Load with another %s: %v", other.what, err)
		}
	}
	if _, err := history.Load(file, w, scope, over); err != nil {
		t.Error(err)
	}
	if _, err := history.Load(file+"x", w, scope, over); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of no file: %v", err)
	}
	if _, err := history.Load(filepath.Dir(file), w, scope, over); err == nil {
		t.Error("loaded a folder")
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ix := history.New(newWorld(), scope, history.Overrides{})
	if err := ix.WriteFile(filepath.Join(dir, "none", "index"), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile in a missing folder: %v", err)
	}
	// A folder in the place of the file: nothing is left behind.
	if err := os.Mkdir(filepath.Join(dir, "index"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := ix.WriteFile(filepath.Join(dir, "index"), 0); err == nil {
		t.Error("WriteFile over a folder: no error")
	}
	// What a killed writer left goes after a while; what another one is writing
	// now stays, and so does what is not ours.
	for name, age := range map[string]time.Duration{"index.0123abcd.tmp": 2 * time.Hour, "index.4567abcd.tmp": 0, "other.0123abcd.tmp": 2 * time.Hour} {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "index")); err != nil {
		t.Fatal(err)
	}
	if err := ix.WriteFile(filepath.Join(dir, "index"), 0o660); err != nil {
		t.Fatal(err)
	}
	if fi := must[fs.FileInfo](t)(os.Stat(filepath.Join(dir, "index"))); runtime.GOOS != "windows" && fi.Mode().Perm() != 0o660 {
		t.Errorf("the file has the mode %v, want that which was asked for", fi.Mode())
	}
	var got []string
	for _, e := range must[[]fs.DirEntry](t)(os.ReadDir(dir)) {
		got = append(got, e.Name())
	}
	if want := []string{"index", "index.4567abcd.tmp", "other.0123abcd.tmp"}; !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

// FuzzLoad loads files that are damaged, but say that they are whole.
func FuzzLoad(f *testing.F) {
	for seed := range uint64(4) {
		_, _, file := saved(f, seed, 8, history.Overrides{})
		data := must[[]byte](f)(os.ReadFile(file))
		f.Add(data[:len(data)-4])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ix, err := history.Decode(seal(body), scope)
		if err != nil {
			return
		}
		// Whatever it says, it is a history: it can be read and written.
		v := ix.View()
		again, err := history.Decode(ix.Encode(), scope)
		if err != nil {
			t.Fatalf("loaded, written and not loaded again: %v", err)
		}
		for _, path := range v.Paths("") {
			latest, ok := v.Latest(path)
			all := v.Versions(path)
			if !ok || len(all) == 0 || all[0] != latest || v.HighWater(path) < latest.N {
				t.Errorf("Latest(%q) = %v, %v of %v", path, latest, ok, all)
			}
			if _, ok := ix.At(latest.Commit); !ok {
				t.Errorf("%q is of an unknown commit", path)
			}
			if b := again.View().Versions(path); !slices.Equal(all, b) {
				t.Errorf("Versions(%q) = %v, then %v", path, all, b)
			}
		}
	})
}
