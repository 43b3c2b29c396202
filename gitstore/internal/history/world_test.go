package history_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// world is a repository in memory.
type world struct {
	mu      sync.Mutex
	objects map[object.ID][]byte
	reads   int                // of commits and trees
	gate    chan chan struct{} // each read of a commit sends a channel there, if it is not nil, and waits for it
}

func newWorld() *world {
	return &world{objects: map[object.ID][]byte{}}
}

func (w *world) put(k object.Kind, data []byte) object.ID {
	id := object.Hash(k, data)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.objects[id] = data
	return id
}

func (w *world) read(id object.ID) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	data, ok := w.objects[id]
	if !ok {
		return nil, fmt.Errorf("object %s is not there", id)
	}
	return data, nil
}

func (w *world) Commit(id object.ID) ([]byte, error) {
	if w.gate != nil {
		wait := make(chan struct{})
		w.gate <- wait
		<-wait
	}
	return w.read(id)
}

func (w *world) Tree(id object.ID) ([]byte, error) { return w.read(id) }

// leaf is what stands at a path: a file, a link or a submodule.
type leaf struct {
	mode uint32
	blob object.ID
}

func blob(text string) object.ID { return object.Hash(object.KindBlob, []byte(text)) }

func file(text string) leaf { return leaf{object.ModeFile, blob(text)} }

// tree puts the trees of a snapshot, and gives the root.
func (w *world) tree(files map[string]leaf) object.ID {
	entries := map[string]object.Entry{}
	below := map[string]map[string]leaf{}
	for path, l := range files {
		name, rest, deep := strings.Cut(path, "/")
		if !deep {
			entries[name] = object.Entry{Mode: l.mode, Name: []byte(name), ID: l.blob}
			continue
		}
		if below[name] == nil {
			below[name] = map[string]leaf{}
		}
		below[name][rest] = l
	}
	for name, files := range below {
		entries[name] = object.Entry{Mode: object.ModeTree, Name: []byte(name), ID: w.tree(files)}
	}
	key := func(e object.Entry) string {
		if e.IsTree() {
			return string(e.Name) + "/"
		}
		return string(e.Name)
	}
	var data []byte
	for _, e := range slices.SortedFunc(maps.Values(entries), func(a, b object.Entry) int { return strings.Compare(key(a), key(b)) }) {
		data = object.AppendEntry(data, e)
	}
	return w.put(object.KindTree, data)
}

// commit is a commit of the world with all that the rules look at.
type commit struct {
	id       object.ID
	raw      []byte
	files    map[string]leaf
	seconds  int64
	ns       int64
	trailers []trailer
}

type trailer struct{ key, value string }

// add makes a commit. Its first parent is the chain it belongs to.
func (w *world) add(c commit, parents ...object.ID) *commit {
	var raw strings.Builder
	fmt.Fprintf(&raw, "tree %s\n", w.tree(c.files))
	for _, p := range parents {
		fmt.Fprintf(&raw, "parent %s\n", p)
	}
	fmt.Fprintf(&raw, "author Ann <ann@example.org> %d +0100\ncommitter Bob <bob@example.org> 1700000000 +0000\n", c.seconds)
	if c.ns != 0 {
		fmt.Fprintf(&raw, "prompty {\"ns\":%d,\"by\":\"Ann\"}\n", c.ns)
	}
	raw.WriteString("\nSubject\n")
	for i, t := range c.trailers {
		if i == 0 {
			raw.WriteString("\n")
		}
		fmt.Fprintf(&raw, "%s: %s\n", t.key, t.value)
	}
	c.raw = []byte(raw.String())
	c.id = w.put(object.KindCommit, c.raw)
	return &c
}

// scope is the one that random chains are made for.
var scope = history.Scope{Dir: "p/q", Ext: ".md"}

var paths = []string{
	"p/q/a.md", "p/q/b.md", "p/q/a.md.md", "p/q/sub/a.md", "p/q/sub/c.md", "p/q/sub/deep/d.md", "p/q/a@2.md",
	"p/q/\xff.md", "p/q/a-b.md", "p/q/.md", "p/q/sub/.md", "p/q/a.txt", "p/a.md", "p/q.md", "other/a.md", "p/q/a.md/a.md", "p/q/sub.md/x.md",
	"p/q/ a.md", " a.md",
}

// next makes a commit on top of another one, or a root.
func (w *world) next(r *rand.Rand, m *model, on *commit) *commit {
	c := commit{files: map[string]leaf{}, seconds: 1_700_000_000 + r.Int64N(5)}
	var parents []object.ID
	if on != nil {
		c.files = maps.Clone(on.files)
		parents = []object.ID{on.id}
		for r.IntN(8) == 0 { // merges, octopuses
			parents = append(parents, blob(fmt.Sprint("side", r.Int64())))
		}
	}
	if r.IntN(3) == 0 {
		c.ns = r.Int64N(1e9)
	}
	for range [...]int{0, 1, 1, 1, 2, 5}[r.IntN(6)] {
		w.edit(r, c.files)
	}
	for range [...]int{0, 0, 1, 1, 2}[r.IntN(5)] {
		c.trailers = append(c.trailers, m.trailer(r, &c))
	}
	return w.add(c, parents...)
}

// put places a leaf: a file where a folder was, or the other way round, too.
func put(files map[string]leaf, path string, l leaf) {
	for other := range files {
		if strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			delete(files, other)
		}
	}
	files[path] = l
}

// edit changes something in a snapshot.
func (w *world) edit(r *rand.Rand, files map[string]leaf) {
	path := paths[r.IntN(len(paths))]
	put := func(path string, l leaf) { put(files, path, l) }
	mode := []uint32{object.ModeFile, object.ModeFile, object.ModeFile, object.ModeExec, 0o100664}[r.IntN(5)]
	switch r.IntN(12) {
	default:
		put(path, leaf{mode, blob(fmt.Sprint(r.IntN(3)))})
	case 0, 1:
		delete(files, path)
	case 2: // the mode alone
		if l, ok := files[path]; ok && l.mode != object.ModeLink {
			files[path] = leaf{mode, l.blob}
		}
	case 3:
		put(path, leaf{object.ModeLink, blob(fmt.Sprint(r.IntN(2)))})
	case 4:
		put(path, leaf{object.ModeSubmodule, blob("commit")})
	case 5: // a rename
		if l, ok := files[path]; ok {
			delete(files, path)
			put(paths[r.IntN(len(paths))], l)
		}
	case 6:
		switch r.IntN(6) {
		case 0:
			put("p/q", file("in the way"))
		case 1:
			put("p", leaf{object.ModeSubmodule, blob("commit")})
		case 2:
			clear(files)
		}
	}
}

// must ends a test at an error that nothing provokes.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
