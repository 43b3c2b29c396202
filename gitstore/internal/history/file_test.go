package history_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/history"
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
	if err := ix.WriteFile(file); err != nil {
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
		if err := ix.WriteFile(again); err != nil {
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
	if err := history.New(newWorld(), scope, history.Overrides{}).WriteFile(file); err != nil {
		t.Fatal(err)
	}
	ix, err := history.Load(file, newWorld(), scope, history.Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	newModel(scope).check(t, "empty", ix.View())
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
	if err := ix.WriteFile(filepath.Join(dir, "none", "index")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile in a missing folder: %v", err)
	}
	// A folder in the place of the file: nothing is left behind.
	if err := os.Mkdir(filepath.Join(dir, "index"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := ix.WriteFile(filepath.Join(dir, "index")); err == nil {
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
	if err := ix.WriteFile(filepath.Join(dir, "index")); err != nil {
		t.Fatal(err)
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
