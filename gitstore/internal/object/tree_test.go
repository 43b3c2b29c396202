package object

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	m.Run()
}

// plain is a tree as a test thinks of it.
type plain map[string]Entry

// encode is written to be right, not to be fast.
func (p plain) encode() []byte {
	entries := slices.SortedFunc(maps.Values(p), func(a, b Entry) int { return cmp.Compare(slashed(a), slashed(b)) })
	var raw []byte
	for _, e := range entries {
		raw = fmt.Appendf(raw, "%o %s\x00%s", e.Mode, e.Name, e.ID[:])
	}
	return raw
}

func slashed(e Entry) string {
	if e.Mode == ModeTree {
		return string(e.Name) + "/"
	}
	return string(e.Name)
}

func decode(t testing.TB, tree []byte) []Entry {
	t.Helper()
	var all []Entry
	for len(tree) > 0 {
		e, rest, err := NextEntry(tree)
		if err != nil {
			t.Fatal(err)
		}
		all, tree = append(all, e), rest
	}
	return all
}

var names = rapid.OneOf(
	rapid.SampledFrom([]string{"a", "a.b", "a0", "a-", "ab", "A", "a b", "größe", "b", "\xff\xfe", "0", "100644 a", ".gitx", "~"}),
	rapid.StringMatching(`[a-c./]{1,40}`).Filter(func(s string) bool { return checkEntry(Entry{ModeFile, []byte(s), ID{1}}) == nil }),
)

func drawEntry(t *rapid.T) Entry {
	e := Entry{
		Mode: rapid.SampledFrom([]uint32{ModeFile, ModeFile, ModeExec, ModeLink, ModeTree, ModeSubmodule, 0o100664}).Draw(t, "mode"),
		Name: []byte(names.Draw(t, "name")),
		ID:   ID{1},
	}
	copy(e.ID[1:], rapid.SliceOfN(rapid.SampledFrom([]byte{0, ' ', '1', 'a', 0xff}), 19, 19).Draw(t, "id"))
	return e
}

func TestTreeEditsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		model, tree := plain{}, []byte(nil)
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			e := drawEntry(t)
			name := string(e.Name)
			old, exists := model[name]
			before := bytes.Clone(tree)
			if rapid.Bool().Draw(t, "drop") {
				edited, dropped, err := Drop(tree, name)
				if err != nil || dropped != exists {
					t.Fatalf("Drop(%q) = %v, %v, want %v", name, dropped, err, exists)
				}
				delete(model, name)
				checkUntouched(t, before, tree)
				tree = edited
			} else {
				edited, err := Set(tree, e)
				checkUntouched(t, before, tree)
				if exists && old.IsTree() != e.IsTree() {
					if !errors.Is(err, ErrClash) {
						t.Fatalf("Set(%q) in the place of %o = %v, want ErrClash", name, old.Mode, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("Set(%q): %v", name, err)
				}
				model[name], tree = e, edited
			}
			if !bytes.Equal(tree, model.encode()) {
				t.Fatalf("tree is %q, want %q", tree, model.encode())
			}
			got, found, err := Find(tree, name)
			want, exists := model[name]
			if err != nil || found != exists || gocmp.Diff(got, want) != "" {
				t.Fatalf("Find(%q) = %v, %v, %v, want %v", name, got, found, err, want)
			}
		}
	})
}

func checkUntouched(t *rapid.T, before, after []byte) {
	if !bytes.Equal(before, after) {
		t.Fatal("the tree that was given was changed")
	}
}

// TestTreeOrder asks git for the order of names, among them some that sort
// otherwise as folders.
func TestTreeOrder(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	blob := r.Pipe("text", "hash-object", "-w", "--stdin")
	folder := r.Pipe("100644 blob "+blob+"\tx\n", "mktree")
	commit := strings.Repeat("12", 20)
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var listing strings.Builder
		var tree []byte
		for i, name := range rng.Perm(200) {
			kind, mode, id := "blob", uint32([]int{ModeFile, ModeExec, ModeLink}[i%3]), blob
			switch rng.IntN(4) {
			case 0:
				kind, mode, id = "tree", ModeTree, folder
			case 1:
				kind, mode, id = "commit", ModeSubmodule, commit
			}
			text := strings.Repeat("a", name%7) + []string{"", "-", ".", "0", "b", "ü", "\x7f"}[name/7%7] + strings.Repeat("1", name/49)
			if text == "" || text == "." {
				continue
			}
			fmt.Fprintf(&listing, "%06o %s %s\t%s\x00", mode, kind, id, text)
			parsed, err := ParseID(id)
			if err != nil {
				t.Fatal(err)
			}
			if tree, err = Set(tree, Entry{mode, []byte(text), parsed}); err != nil {
				t.Fatal(err)
			}
		}
		want := r.Pipe(listing.String(), "mktree", "-z", "--missing")
		if got := Hash(KindTree, tree).String(); got != want {
			t.Errorf("seed %d: tree %s, want %s as git mktree made it", seed, got, want)
		}
	}
}

func TestDiffModel(t *testing.T) {
	t.Parallel()
	type change struct {
		Name          string
		Before, After Entry
	}
	rapid.Check(t, func(t *rapid.T) {
		model := plain{}
		for i := range rapid.IntRange(0, 60).Draw(t, "size") {
			name := fmt.Sprintf("%03d", i)
			model[name] = Entry{ModeFile, []byte(name), ID{1, byte(i)}}
		}
		a := model.encode()
		other := maps.Clone(model)
		for range rapid.IntRange(0, 6).Draw(t, "changes") {
			e := drawEntry(t)
			if len(model) > 0 && rapid.Bool().Draw(t, "inside") {
				e.Name = []byte(rapid.SampledFrom(slices.Sorted(maps.Keys(model))).Draw(t, "which"))
			}
			if rapid.Bool().Draw(t, "drop") {
				delete(other, string(e.Name))
			} else {
				other[string(e.Name)] = e
			}
		}
		b := other.encode()

		var want []change
		for name := range maps.Keys(model) {
			if gone := other[name]; gone.IsTree() != model[name].IsTree() || gone.IsZero() {
				want = append(want, change{name, model[name], Entry{}})
			}
		}
		for name, e := range other {
			old, exists := model[name]
			switch {
			case !exists || old.IsTree() != e.IsTree():
				want = append(want, change{name, Entry{}, e})
			case old.Mode != e.Mode || old.ID != e.ID:
				want = append(want, change{name, old, e})
			}
		}
		slices.SortFunc(want, func(x, y change) int {
			return cmp.Compare(max(slashed(x.Before), slashed(x.After)), max(slashed(y.Before), slashed(y.After)))
		})
		var got []change
		err := Diff(a, b, func(name []byte, before, after Entry) error {
			got = append(got, change{string(name), before, after})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("Diff of\n%q\n%q (-want +got):\n%s", a, b, diff)
		}
	})
}

func TestDiffEndsWithTheCallersError(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	b := plain{"a": {ModeFile, []byte("a"), ID{1}}, "b": {ModeFile, []byte("b"), ID{2}}}.encode()
	calls := 0
	err := Diff(nil, b, func([]byte, Entry, Entry) error { calls++; return enough })
	if err != enough || calls != 1 {
		t.Errorf("Diff = %v after %d calls, want the caller's error after 1", err, calls)
	}
}

func TestDamagedTrees(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("i", 20)
	good := "100644 a\x00" + id
	visit := func([]byte, Entry, Entry) error { return nil }
	for _, tree := range []string{
		"1", "100644", "100644 ", "100644 a", "100644 a\x00", good[:len(good)-1], "100644 \x00" + id, " a\x00" + id, "100648 a\x00" + id,
		"40 a\x00" + id, "1006440 a\x00" + id, good + "x", good + strings.Repeat("x", 100),
	} {
		if _, _, err := Find([]byte(tree), "zzz"); err == nil {
			t.Errorf("Find in %q gave no error", tree)
		}
		if _, err := Set([]byte(tree), Entry{ModeFile, []byte("zzz"), ID{1}}); err == nil {
			t.Errorf("Set in %q gave no error", tree)
		}
		if _, _, err := Drop([]byte(tree), "zzz"); err == nil {
			t.Errorf("Drop in %q gave no error", tree)
		}
		if err := Diff([]byte(tree), nil, visit); err == nil {
			t.Errorf("Diff of %q and nothing gave no error", tree)
		}
		if err := Diff(nil, []byte(tree), visit); err == nil {
			t.Errorf("Diff of nothing and %q gave no error", tree)
		}
		if err := Diff([]byte(tree), []byte(tree+"y"), visit); err == nil {
			t.Errorf("Diff of %q and more gave no error", tree)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	for _, e := range []Entry{
		{ModeFile, nil, ID{1}}, {ModeFile, []byte("a/b"), ID{1}}, {ModeFile, []byte("a\x00b"), ID{1}}, {ModeFile, []byte("."), ID{1}},
		{ModeFile, []byte(".."), ID{1}}, {ModeTree, []byte(".Git"), ID{1}}, {ModeFile, []byte("a"), ID{}}, {0o644, []byte("a"), ID{1}}, {0, []byte("a"), ID{1}},
	} {
		if tree, err := Set(nil, e); err == nil {
			t.Errorf("Set(%o %q %v) = %q, want an error", e.Mode, e.Name, e.ID, tree)
		}
	}
}

func TestEntryKinds(t *testing.T) {
	t.Parallel()
	for mode, want := range map[uint32][2]bool{
		ModeTree: {true, false}, ModeFile: {false, true}, ModeExec: {false, true}, 0o100664: {false, true}, ModeLink: {}, ModeSubmodule: {},
	} {
		e := Entry{Mode: mode}
		if got := [2]bool{e.IsTree(), e.IsRegular()}; got != want {
			t.Errorf("%o: folder, file = %v, want %v", mode, got, want)
		}
	}
}

// TestOldModes reads a tree of the first days, with a zero before a folder's
// mode.
func TestOldModes(t *testing.T) {
	t.Parallel()
	tree := []byte("040000 d\x00" + strings.Repeat("i", 20))
	e, found, err := Find(tree, "d")
	if err != nil || !found || !e.IsTree() {
		t.Fatalf("Find = %v, %v, %v, want a folder", e, found, err)
	}
	edited, err := Set(tree, Entry{ModeFile, []byte("d.a"), ID{1}})
	if err != nil {
		t.Fatal(err)
	}
	if all := decode(t, edited); string(all[0].Name) != "d.a" {
		t.Errorf("%q stands first, want d.a, which is before d/", all[0].Name)
	}
}

func FuzzTree(f *testing.F) {
	id := strings.Repeat("\x00", 19) + "1"
	f.Add([]byte("100644 a\x00"+id+"40000 b\x00"+id), []byte("100644 a\x00"+id), "a")
	f.Add([]byte("100644 a\x00"+id), []byte("100644 a\x00"+id[:5]), "b")
	f.Fuzz(func(t *testing.T, a, b []byte, name string) {
		var entries []Entry
		rest, err := a, error(nil)
		for len(rest) > 0 && err == nil {
			var e Entry
			if e, rest, err = NextEntry(rest); err == nil {
				entries = append(entries, e)
			}
		}
		if err == nil {
			at := slices.IndexFunc(entries, func(e Entry) bool { return string(e.Name) == name })
			if e, found, err := Find(a, name); err != nil || found != (at >= 0) || found && gocmp.Diff(e, entries[at]) != "" {
				t.Errorf("Find(%q) = %v, %v, %v in %v", name, e, found, err, entries)
			}
		}
		if edited, err := Set(a, Entry{ModeFile, []byte(name), ID{1}}); err == nil {
			if e, found, err := Find(edited, name); err != nil || !found || e.ID != (ID{1}) {
				t.Errorf("Find(%q) after Set = %v, %v, %v", name, e, found, err)
			}
		}
		count := 0
		same := Diff(a, b, func(_ []byte, before, after Entry) error {
			if count++; before.IsZero() && after.IsZero() {
				t.Error("Diff visited nothing")
			}
			return nil
		})
		if same == nil && (count == 0) != bytes.Equal(a, b) && err == nil && !bytes.Contains(a, []byte("04")) && !bytes.Contains(b, []byte("04")) {
			t.Errorf("Diff made %d visits of %q and %q", count, a, b)
		}
	})
}

func BenchmarkSetInTree10000(b *testing.B) {
	tree := bigTree(10000)
	e := Entry{ModeFile, []byte("template-05000.prompty"), ID{9}}
	b.SetBytes(int64(len(tree)))
	for b.Loop() {
		if _, err := Set(tree, e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiffTree10000(b *testing.B) {
	before := bigTree(10000)
	after, err := Set(before, Entry{ModeFile, []byte("template-05000.prompty"), ID{9}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(before)))
	for b.Loop() {
		count := 0
		if err := Diff(before, after, func([]byte, Entry, Entry) error { count++; return nil }); err != nil || count != 1 {
			b.Fatal(count, err)
		}
	}
}

func bigTree(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var tree []byte
	for i := range n {
		e := Entry{ModeFile, fmt.Appendf(nil, "template-%05d.prompty", i), ID{}}
		for j := range e.ID {
			e.ID[j] = byte(rng.Uint32())
		}
		tree = AppendEntry(tree, e)
	}
	return tree
}
