package gitstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// everyRead calls what reads, and gives each call's error.
func everyRead(ctx context.Context, s *gitstore.Store, name string) map[string]error {
	errs := map[string]error{}
	_, errs["Get"] = s.Get(ctx, name)
	_, errs["GetVersion"] = s.GetVersion(ctx, name, 1)
	_, errs["List"] = s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: true})
	_, errs["Exists"] = s.Exists(ctx, name)
	_, errs["ListVersions"] = s.ListVersions(ctx, name)
	_, errs["LatestID"] = s.LatestID(ctx, name)
	_, errs["History"] = s.History(ctx, name)
	return errs
}

// refs says where everything points, to see that nothing moved.
func refs(r *gittest.Repo) string {
	out, _ := r.Try("for-each-ref")
	head, _ := os.ReadFile(r.Path("HEAD"))
	return out + string(head)
}

// overwrite changes a file that git made read-only.
func overwrite(t *testing.T, file string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	must(t, os.Remove(file))
	must(t, os.WriteFile(file, change(data), 0o444))
}

// TestCorruptPack damages a pack in all places, one after the other: an error
// that leads there, or the right answer; never another text, a crash or a hang.
func TestCorruptPack(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	const versions = 12
	texts := map[int]string{}
	for i := 1; i <= versions; i++ {
		texts[i] = strings.Repeat(fmt.Sprintf("line of version %d\n", i%3), 40) + fmt.Sprint(i)
		r.Commit("More", "a.prompty", texts[i], "b.prompty", fmt.Sprint("b", i))
	}
	r.Git("gc", "-q", "--aggressive")
	packs, _ := filepath.Glob(r.Path("objects/pack/*.pack"))
	if len(packs) != 1 {
		t.Fatalf("packs %q", packs)
	}
	whole, err := os.ReadFile(packs[0])
	must(t, err)
	failed := 0
	try := func(what string, change func([]byte) []byte) {
		t.Helper()
		overwrite(t, packs[0], func([]byte) []byte { return change(slices.Clone(whole)) })
		s, err := tryOpen(r.Dir, "timeout=100ms")
		if err != nil {
			failed++
			return
		}
		defer s.Close()
		bad := false
		for n := 1; n <= versions; n++ {
			got, err := s.GetVersion(t.Context(), "a", n)
			if err != nil {
				bad = true
				if errors.Is(err, prompty.ErrTemplateNotFound) {
					t.Errorf("%s: GetVersion(%d): %v, as if it had never been", what, n, err)
				}
			} else if got.Source != texts[n] {
				t.Errorf("%s: GetVersion(%d) gave another text: %.60q", what, n, got.Source)
			}
		}
		for call, err := range everyRead(t.Context(), s, "a") {
			if err == nil {
				continue
			}
			bad = true
			if errors.Is(err, prompty.ErrTemplateNotFound) || !strings.Contains(err.Error(), "git fsck") && !strings.Contains(err.Error(), filepath.Base(packs[0])) {
				t.Errorf("%s: %s: %v, want an error that says where and what to do", what, call, err)
			}
		}
		if bad {
			failed++
		}
	}
	step := max(1, len(whole)/60)
	for at := 0; at < len(whole)-20; at += step {
		try(fmt.Sprintf("byte %d flipped", at), func(b []byte) []byte { b[at] ^= 0x55; return b })
	}
	for at := 0; at < len(whole); at += len(whole) / 9 {
		try(fmt.Sprintf("cut at %d", at), func(b []byte) []byte { return b[:at] })
		try(fmt.Sprintf("zeros from %d", at), func(b []byte) []byte { clear(b[at:]); return b })
	}
	if failed < 10 {
		t.Errorf("of all that damage only %d cases were noticed", failed)
	}
	index := strings.TrimSuffix(packs[0], ".pack") + ".idx"
	overwrite(t, packs[0], func([]byte) []byte { return whole })
	wholeIndex, err := os.ReadFile(index)
	must(t, err)
	for _, cut := range []int{0, 4, 8, 1000, 1032, len(wholeIndex) - 30} {
		overwrite(t, index, func([]byte) []byte { return wholeIndex[:cut] })
		if s, err := tryOpen(r.Dir); err == nil {
			if got, err := s.GetVersion(t.Context(), "a", 1); err == nil && got.Source != texts[1] {
				t.Errorf("with an index cut at %d: GetVersion(1) = %.60q", cut, got.Source)
			} else if errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("with an index cut at %d: %v, as if it had never been", cut, err)
			}
			s.Close()
		}
	}
	overwrite(t, index, func([]byte) []byte { return wholeIndex })
	s := open(t, r.Dir) // mended
	agree(t, s, r, "main", "", ".prompty")
	settled(t, r)
}

// TestCorruptPackUnderWay damages it while a store is open, and mends it.
func TestCorruptPackUnderWay(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	for i := range 5 {
		r.Commit("More", "a.prompty", fmt.Sprint("text ", i))
	}
	r.Git("gc", "-q")
	s := open(t, r.Dir)
	want(t, s, "a", 5, "text 4")
	save(t, s, "b", "loose")
	packs, _ := filepath.Glob(r.Path("objects/pack/*.pack"))
	whole, err := os.ReadFile(packs[0])
	must(t, err)
	must(t, os.Chmod(packs[0], 0o644))
	must(t, os.Truncate(packs[0], int64(len(whole)/2)))
	for n := range 6 {
		if got, err := s.GetVersion(t.Context(), "a", n); err == nil && got.Source != fmt.Sprint("text ", n-1) {
			t.Errorf("GetVersion(%d) from half a pack = %q", n, got.Source)
		}
	}
	want(t, s, "b", 1, "loose")
	must(t, os.WriteFile(packs[0], whole, 0o644))
	fresh := open(t, r.Dir)
	agree(t, fresh, r, "main", "", ".prompty")
	save(t, fresh, "a", "more")
	settled(t, r)
}

// TestHistoryFile damages our own file: it is made anew, and nobody notices.
func TestHistoryFile(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Random(11, 120)
	s := open(t, r.Dir)
	agree(t, s, r, "main", "", ".prompty")
	must(t, s.Close())
	files := func() []string {
		list, _ := filepath.Glob(r.Path("prompty/history*"))
		return list
	}
	if len(files()) != 1 {
		t.Fatalf("after Close the files of the history are %q", files())
	}
	file := files()[0]
	whole, err := os.ReadFile(file)
	must(t, err)
	rewritten := 0
	damage := map[string]func([]byte) []byte{
		"empty":       func([]byte) []byte { return nil },
		"half":        func(b []byte) []byte { return b[:len(b)/2] },
		"last byte":   func(b []byte) []byte { return b[:len(b)-1] },
		"first bytes": func(b []byte) []byte { return b[8:] },
		"flipped":     func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"flipped end": func(b []byte) []byte { b[len(b)-1] ^= 4; return b },
		"longer":      func(b []byte) []byte { return append(b, 0) },
		"garbage":     func(b []byte) []byte { return bytes.Repeat([]byte{0xff}, len(b)) },
		"huge counts": func(b []byte) []byte { copy(b[8:], bytes.Repeat([]byte{0xff}, 20)); return b },
		"another's":   func(b []byte) []byte { return []byte("#!/bin/sh\necho hello\n") },
	}
	for at := 0; at < len(whole); at += len(whole)/40 + 1 {
		damage[fmt.Sprintf("flipped at %d of %d", at, len(whole))] = func(b []byte) []byte { b[at] ^= 1; return b }
	}
	for what, change := range damage {
		overwrite(t, file, func([]byte) []byte { return change(slices.Clone(whole)) })
		s := open(t, r.Dir)
		agree(t, s, r, "main", "", ".prompty")
		if t.Failed() {
			t.Fatal(what)
		}
		must(t, s.Close())
		if now, err := os.ReadFile(file); err == nil && bytes.Equal(now, whole) {
			rewritten++
		}
	}
	t.Logf("the file was made anew, the same, %d times", rewritten)

	// Something that is no file, and a folder that cannot be written to.
	must(t, os.Remove(file))
	must(t, os.MkdirAll(filepath.Join(file, "x"), 0o777))
	s = open(t, r.Dir)
	agree(t, s, r, "main", "", ".prompty")
	must(t, s.Close())
	must(t, os.RemoveAll(r.Path("prompty")))
	must(t, os.WriteFile(r.Path("prompty"), nil, 0o666))
	s = open(t, r.Dir)
	agree(t, s, r, "main", "", ".prompty")
	wantError(t, "Save", s.Save(t.Context(), &prompty.StoredTemplate{Name: "n", Source: "x"}), nil, "prompty")
	s.Close()
}

// TestMissing has refs and trees that lead nowhere.
func TestMissing(t *testing.T) {
	t.Parallel()
	object := func(r *gittest.Repo, rev string) string {
		id := r.Git("rev-parse", rev)
		return r.Path("objects/" + id[:2] + "/" + id[2:])
	}
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, r *gittest.Repo) (says string)
	}{
		{"ref to a missing commit", func(t *testing.T, r *gittest.Repo) string {
			must(t, os.WriteFile(r.Path("refs/heads/main"), []byte(strings.Repeat("12", 20)+"\n"), 0o666))
			return "refs/heads/main leads to a commit that is missing: history at commit " + strings.Repeat("12", 20)
		}},
		{"the commit is gone", func(t *testing.T, r *gittest.Repo) string {
			id := r.Git("rev-parse", "main")
			must(t, os.Remove(object(r, "main")))
			return id
		}},
		{"the tree is gone", func(t *testing.T, r *gittest.Repo) string {
			id := r.Git("rev-parse", "main^{tree}")
			must(t, os.Remove(object(r, "main^{tree}")))
			return id
		}},
		{"a parent is gone", func(t *testing.T, r *gittest.Repo) string {
			id := r.Git("rev-parse", "main~2")
			must(t, os.Remove(object(r, "main~2")))
			return id
		}},
		{"the commit is a blob", func(t *testing.T, r *gittest.Repo) string {
			id := r.Git("rev-parse", "main:a.prompty")
			must(t, os.WriteFile(r.Path("refs/heads/main"), []byte(id+"\n"), 0o666))
			return id
		}},
		{"the commit's file is empty", func(t *testing.T, r *gittest.Repo) string {
			id := r.Git("rev-parse", "main")
			overwrite(t, object(r, "main"), func([]byte) []byte { return nil })
			return id[2:]
		}},
		{"the commit's file is cut", func(t *testing.T, r *gittest.Repo) string {
			id := r.Git("rev-parse", "main")
			overwrite(t, object(r, "main"), func(b []byte) []byte { return b[:len(b)-5] })
			return id[2:]
		}},
		{"the tree's file is garbage", func(t *testing.T, r *gittest.Repo) string {
			id := r.Git("rev-parse", "main^{tree}")
			overwrite(t, object(r, "main^{tree}"), func([]byte) []byte { return []byte("garbage") })
			return id[2:]
		}},
		{"the ref is torn", func(t *testing.T, r *gittest.Repo) string {
			must(t, os.WriteFile(r.Path("refs/heads/main"), []byte(r.Git("rev-parse", "main")[:17]), 0o666))
			return "refs/heads/main"
		}},
		{"the ref is empty", func(t *testing.T, r *gittest.Repo) string {
			must(t, os.WriteFile(r.Path("refs/heads/main"), nil, 0o666))
			return "refs/heads/main"
		}},
		{"packed-refs are garbage", func(t *testing.T, r *gittest.Repo) string {
			r.Git("pack-refs", "--all")
			must(t, os.WriteFile(r.Path("packed-refs"), []byte("garbage\n"), 0o666))
			return "packed-refs"
		}},
		{"a ref to itself", func(t *testing.T, r *gittest.Repo) string {
			must(t, os.WriteFile(r.Path("refs/heads/main"), []byte("ref: refs/heads/main\n"), 0o666))
			return "refs/heads/main"
		}},
	} {
		for _, while := range []string{"before", "while open"} {
			t.Run(tc.name+"/"+while, func(t *testing.T) {
				t.Parallel()
				r := gittest.Bare(t)
				for i := range 4 {
					r.Commit("More", "a.prompty", fmt.Sprint("text ", i), "b.prompty", "b")
				}
				var s *gitstore.Store
				if while == "while open" {
					s = open(t, r.Dir, "timeout=100ms")
					want(t, s, "a", 4, "text 3")
					r.Commit("More", "a.prompty", "text 4", "b.prompty", "b")
				}
				says := tc.spoil(t, r)
				where := refs(r)
				if s == nil {
					var err error
					if s, err = tryOpen(r.Dir, "timeout=100ms"); err != nil {
						wantError(t, "Open", err, nil, says)
						return
					}
					defer s.Close()
				}
				for call, err := range everyRead(t.Context(), s, "a") {
					if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) && strings.Contains(err.Error(), says) {
						continue
					}
					if while == "while open" && tc.name == "a parent is gone" && err == nil {
						continue // it was read before
					}
					t.Errorf("%s: %v, want an error that says %s", call, err, says)
				}
				for call, write := range everyWrite {
					err := write(t.Context(), s)
					if err == nil && tc.name == "a parent is gone" && while == "while open" {
						return
					}
					if err == nil {
						t.Errorf("%s gave no error", call)
					}
				}
				if now := refs(r); now != where {
					t.Errorf("refs were\n%s\nand are\n%s", where, now)
				}
				if locks, _ := filepath.Glob(r.Path("refs/heads/*.lock")); locks != nil {
					t.Errorf("locks are left: %q", locks)
				}
			})
		}
	}
}

// TestBadTemplates has texts in the history that are no templates: those
// versions are errors or bodies, the others work.
func TestBadTemplates(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	yaml := "---\ntags: [a, b\n---\nHello"
	for _, text := range []string{"one", "\xff\xfe", "three", yaml, "a\x00b", "six", strings.Repeat("x", prompty.MaxSourceBytes+2<<20), "eight"} {
		r.Commit("More", "a.prompty", text, "bad.prompty", "\xff")
	}
	s := open(t, r.Dir)
	wantVersions(t, s, "a", 8, 7, 6, 5, 4, 3, 2, 1)
	want(t, s, "a", 8, "eight")
	for n, text := range map[int]string{1: "one", 3: "three", 4: yaml, 6: "six"} {
		if got, err := s.GetVersion(t.Context(), "a", n); err != nil || got.Source != text {
			t.Errorf("GetVersion(%d) = %+v, %v, want %q", n, got, err, text)
		}
	}
	for n, words := range map[int]string{2: "UTF-8", 5: "NUL", 7: "bytes"} {
		_, err := s.GetVersion(t.Context(), "a", n)
		wantError(t, fmt.Sprintf("GetVersion(%d)", n), err, prompty.ErrInvalidTemplate, "a.prompty", words)
	}
	h, err := s.History(t.Context(), "a")
	if err != nil || len(h) != 8 {
		t.Errorf("History = %d entries, %v, want 8", len(h), err)
	}
	for call, err := range everyRead(t.Context(), s, "bad") {
		if call != "List" && call != "ListVersions" && call != "LatestID" && call != "History" && !errors.Is(err, prompty.ErrInvalidTemplate) {
			t.Errorf("%s of a text that is no UTF-8: %v", call, err)
		}
	}
	list, err := s.List(t.Context(), nil)
	if err != nil || !slices.Equal(names(list), []string{"a"}) {
		t.Errorf("List = %q, %v, want a alone", names(list), err)
	}
	list, err = s.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil || len(list) != 5 {
		t.Errorf("List of all versions = %d, %v, want 5", len(list), err)
	}
	d, err := s.Describe(t.Context())
	if err != nil || !slices.ContainsFunc(d.Problems, func(p string) bool { return strings.Contains(p, "bad.prompty") }) {
		t.Errorf("Describe = %+v, %v, want a problem about bad.prompty", d, err)
	}
	save(t, s, "bad", "mended")
	want(t, s, "bad", 2, "mended")
	must(t, s.DeleteVersion(t.Context(), "a", 7))
	must(t, s.DeleteVersion(t.Context(), "a", 8))
	want(t, s, "a", 6, "six")
}

// TestBomb has blobs that say they are small, or are huge.
func TestBomb(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("First", "a.prompty", "1")
	big := filepath.Join(t.TempDir(), "big")
	f, err := os.Create(big)
	must(t, err)
	must(t, f.Truncate(200<<20))
	must(t, f.Close())
	id := r.Git("hash-object", "-w", big)
	tree := r.Pipe(fmt.Sprintf("100644 blob %s\ta.prompty\n100644 blob %s\tc.prompty\n", id, r.Git("rev-parse", "main:a.prompty")), "mktree")
	r.Git("update-ref", "refs/heads/main", r.Git("commit-tree", "-p", "main", "-m", "Huge", tree))
	s := open(t, r.Dir)
	_, err = s.Get(t.Context(), "a")
	wantError(t, "Get", err, prompty.ErrInvalidTemplate, "a.prompty", "bytes")
	want(t, s, "c", 1, "1")
	if got, err := s.GetVersion(t.Context(), "a", 1); err != nil || got.Source != "1" {
		t.Errorf("GetVersion(1) = %+v, %v", got, err)
	}
	if list, err := s.List(t.Context(), nil); err != nil || len(list) != 1 {
		t.Errorf("List = %q, %v", names(list), err)
	}
	save(t, s, "a", "small again")
	want(t, s, "a", 3, "small again")
}

// TestFullDisk runs out of space at every point on the way: nothing that was
// acknowledged is lost, and the repository is sound.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "4m")
	r := gittest.InitAt(t, dir, false)
	r.Commit("First", "a.prompty", "0")
	s := open(t, dir, "timeout=1s")
	acks := []string{"0"}
	incompressible := func(n int) string {
		var b strings.Builder
		x := uint64(n)*2654435761 + 1
		for b.Len() < 60_000 {
			x = x*6364136223846793005 + 1442695040888963407
			fmt.Fprintf(&b, "%x", x>>20)
		}
		return b.String()
	}
	full, lastErr := 0, error(nil)
	ballast := filepath.Join(dir, ".git", "ballast")
	for i := 1; full < 25 && i < 400; i++ {
		// From the first error on, a little more room each time.
		if full > 0 {
			os.Remove(ballast)
			fill(ballast, 4<<10*full)
		}
		tmpl := &prompty.StoredTemplate{Name: "a", Source: incompressible(i)}
		if err := s.Save(t.Context(), tmpl); err != nil {
			full++
			lastErr = err
			if got, err := s.Get(t.Context(), "a"); err == nil && got.Source == tmpl.Source {
				t.Errorf("Save gave the error %v, but version %d is saved", lastErr, got.Version)
				acks = append(acks, tmpl.Source)
			}
			if errors.Is(err, prompty.ErrConflict) {
				t.Fatalf("Save on a full disk: %v; git status: %s", err, r.Status())
			}
			if !strings.Contains(err.Error(), "no space") {
				t.Errorf("Save on a full disk: %v", err)
			}
		} else {
			acks = append(acks, tmpl.Source)
			if tmpl.Version != len(acks) {
				t.Fatalf("Save = version %d, want %d", tmpl.Version, len(acks))
			}
		}
		got, err := s.Get(t.Context(), "a")
		if err != nil || got.Version != len(acks) || got.Source != acks[len(acks)-1] {
			t.Fatalf("save %d, after %d errors (the last: %v): Get = version %d, %.20q, %v, want version %d, %.20q", i, full, lastErr, got.Version, got.Source, err, len(acks), acks[len(acks)-1])
		}
	}
	if full == 0 {
		t.Fatal("the disk was never full")
	}
	must(t, os.RemoveAll(ballast))
	os.RemoveAll(filepath.Join(dir, ".git", "prompty", "tmp"))
	if locks, _ := filepath.Glob(filepath.Join(dir, ".git", "*.lock")); locks != nil {
		t.Errorf("locks are left: %q", locks)
	}
	s.Close()
	s = open(t, dir)
	for i, text := range acks {
		if got, err := s.GetVersion(t.Context(), "a", i+1); err != nil || got.Source != text {
			t.Fatalf("version %d after the disk was full: %v", i+1, err)
		}
	}
	if out := r.Status(); out != "" {
		t.Errorf("git status: %s", out)
	}
	r.Fsck()
}

// fill takes what is left of a disk but for a little.
func fill(file string, leave int) {
	f, err := os.Create(file)
	if err != nil {
		return
	}
	defer f.Close()
	size := int64(0)
	for chunk := 64 << 10; chunk >= 1<<10; {
		n, err := f.Write(make([]byte, chunk))
		size += int64(n)
		if err != nil {
			chunk /= 2
		}
	}
	f.Truncate(max(0, size-int64(leave)))
}

// TestReadOnlyDisk reads, and refuses to write.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "8m")
	r := gittest.InitAt(t, dir, false)
	r.Commit("First", "a.prompty", "1")
	r.Commit("Second", "a.prompty", "two\n")
	before := open(t, dir)
	want(t, before, "a", 2, "two\n")
	remount(t, dir, true)
	for what, s := range map[string]*gitstore.Store{"opened before": before, "opened after": open(t, dir)} {
		want(t, s, "a", 2, "two\n")
		agree(t, s, r, "main", "", ".prompty")
		for name, write := range everyWrite {
			wantError(t, what+": "+name, write(t.Context(), s), prompty.ErrReadOnly)
		}
		if d, err := s.Describe(t.Context()); err != nil || !strings.Contains(d.State, "read-only") {
			t.Errorf("%s: Describe = %+v, %v, want read-only", what, d, err)
		}
	}
	remount(t, dir, false)
	save(t, before, "a", "3")
	settled(t, r)
}

// TestUnreadable is another user without rights.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("First", "a.prompty", "1")
	if os.Geteuid() == 0 {
		t.Skip("root may read everything; TestOwner has another user")
	}
	must(t, os.Chmod(r.Path("objects"), 0))
	defer os.Chmod(r.Path("objects"), 0o755)
	s, err := tryOpen(r.Dir)
	if err == nil {
		defer s.Close()
		_, err = s.Get(t.Context(), "a")
	}
	wantError(t, "reading", err, fs.ErrPermission, "objects")
}

// TestClosedPromptly closes a store that waits for a lock.
func TestClosedPromptly(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1")
	must(t, os.WriteFile(r.Path(".git/index.lock"), nil, 0o666))
	s := open(t, r.Dir, "timeout=1h")
	done := make(chan error)
	go func() { done <- s.Save(context.Background(), &prompty.StoredTemplate{Name: "a", Source: "x"}) }()
	time.Sleep(20 * time.Millisecond) // so that it waits; if not, Save says ErrClosed at once
	must(t, s.Close())
	wantError(t, "Save beside Close", <-done, prompty.ErrClosed)
}
