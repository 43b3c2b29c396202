package worktree

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAfterCrashMovedOn: somebody removed index.lock and went on with git.
func TestAfterCrashMovedOn(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][][]string{
		"reset --hard":   {{"reset", "-q", "--hard"}},
		"undone":         {{"reset", "-q", "--hard", "HEAD~"}},
		"committed over": {{"reset", "-q", "--hard"}, {"rm", "-q", "f"}, {"commit", "-q", "-m", "x"}},
		"other branch":   {{"checkout", "-q", "-f", "-b", "other", "HEAD~"}},
		"refreshed":      {{"update-index", "-q", "--refresh"}},
		"staged":         {{"rm", "-q", "-f", "f"}, {"reset", "-q", "--hard"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, step := range []string{"ref moved", "look at old", "write index"} {
				r := scene(t)
				if !killed(t, r, "many", step) {
					t.Fatal("not killed")
				}
				for _, lock := range []string{"index.lock", "HEAD.lock", "refs/heads/main.lock"} {
					if err := os.Remove(r.Path(".git/" + lock)); err != nil && (lock == "index.lock" || step != "ref moved") {
						t.Fatal(err)
					}
				}
				for _, a := range args {
					_, _ = r.Try(a...)
				}
				if step == "write index" && (name == "undone" || name == "other branch") {
					must(t, os.Remove(r.Path("n"))) // git left it there: it had never heard of it
				}
				b := openBench(t, r)
				b.begin(t)
				checkInStep(t, r)
				checkHead(t, r, "many", "")
				checkTidy(t, r)
				if t.Failed() {
					t.Fatal("after a crash before", step)
				}
			}
		})
	}
}

// TestSetAside: a crash had swapped out what somebody saved, and somebody saved
// again. The later text stays, and the earlier one is not lost.
func TestSetAside(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"later": "later", "two!": "earlier", "": "earlier", "one": "one"} {
		r := scene(t)
		if !killed(t, r, "change", "look at old") {
			t.Fatal("not killed")
		}
		checkFile(t, r, "f", "two!")
		checkFile(t, r, ".git/prompty/file-0", "one")
		r.Write(".git/prompty/file-0", "earlier")
		if name == "" {
			must(t, os.Remove(r.Path("f")))
		} else {
			r.Write("f", name)
		}
		b := openBench(t, r)
		b.begin(t)
		checkFile(t, r, "f", want)
		checkIndex(t, r)
		lost, _ := filepath.Glob(r.Path(".git/prompty/lost/*-f"))
		if (len(lost) == 1) != (name == "later") {
			t.Errorf("%q in the tree: set aside %q", name, lost)
		}
		for _, f := range lost {
			if data, err := os.ReadFile(f); string(data) != "earlier" {
				t.Errorf("%s holds %q, %v", f, data, err)
			}
		}
	}
}

func TestDamagedJournal(t *testing.T) {
	t.Parallel()
	r := scene(t)
	if !killed(t, r, "many", "create file") {
		t.Fatal("not killed")
	}
	whole, err := os.ReadFile(r.Path(".git/prompty/pending"))
	must(t, err)
	for i := range whole {
		x := &Txn{plan: map[string]*item{}}
		bad := append([]byte{}, whole...)
		bad[i] ^= 0x20
		if x.decodeJournal(bad) || x.decodeJournal(whole[:i]) {
			t.Fatalf("damage at byte %d is not seen", i)
		}
	}
	must(t, os.WriteFile(r.Path(".git/prompty/pending"), whole[:len(whole)/2], 0o666))
	b := openBench(t, r)
	b.begin(t)
	checkTidy(t, r)
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(journalHead + "\nfrom x\nto y\n100644 0 0 0 \"a\\xff\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x := &Txn{plan: map[string]*item{}}
		if x.decodeJournal(data) {
			y := &Txn{plan: map[string]*item{}}
			if !y.decodeJournal(x.encodeJournal()) || len(x.plan) != len(y.plan) {
				t.Fatal("not read back")
			}
		}
	})
}

// TestHealNeedsObjects: what cannot be read is named, nothing is changed, and
// git is kept out until it can be.
func TestHealNeedsObjects(t *testing.T) {
	t.Parallel()
	r := scene(t)
	if !killed(t, r, "change", "ref moved") {
		t.Fatal("not killed")
	}
	blob := r.Git("rev-parse", "HEAD:f")
	object := r.Path(".git/objects/" + blob[:2] + "/" + blob[2:])
	data, err := os.ReadFile(object)
	must(t, err)
	must(t, os.Remove(object))
	b := openBench(t, r)
	if !b.Pending() {
		t.Error("nothing is pending after a crash")
	}
	if _, err := b.Begin(t.Context()); err == nil || !strings.Contains(err.Error(), journalName) || !strings.Contains(err.Error(), blob) {
		t.Errorf("Begin: %v", err)
	}
	if err := b.Heal(t.Context()); err == nil || !strings.Contains(err.Error(), blob) {
		t.Errorf("Heal: %v", err)
	}
	if _, err := r.Try("add", "e/i"); err == nil {
		t.Error("git can change the index")
	}
	must(t, os.WriteFile(object, data, 0o444))
	b.begin(t)
	checkInStep(t, r)
	if b.Pending() {
		t.Error("something is pending after Begin")
	}
}

// TestJournalLines: a checksum does not make sense of what has none.
func TestJournalLines(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("ab", 20)
	head := journalHead + "\nfrom " + id + "\nto " + id + "\n"
	entry := "100644 " + id + " "
	for body, want := range map[string]bool{
		"":                                  false,
		journalHead + "\n":                  false,
		"prompty pending 2" + head[17:]:     false,
		strings.Replace(head, "to", "2", 1): false,
		head:                                true,
		head + entry + entry + "\"a\"\n":    true,
		head + entry + entry + "a\n":        false,
		head + entry + entry + "\"../a\"\n": false,
		head + entry + "\n":                 false,
		head + "9 " + id + " " + entry + "\"a\"\n":                                           false,
		head + "0 " + strings.Repeat("0", 40) + " 0 " + strings.Repeat("0", 40) + " \"a\"\n": false,
	} {
		x := &Txn{plan: map[string]*item{}}
		if got := x.decodeJournal(fmt.Appendf([]byte(body), "sum %08x\n", crc32.ChecksumIEEE([]byte(body)))); got != want {
			t.Errorf("%q: %v, want %v", body, got, want)
		}
	}
}

// TestAbortAfterMove: the ref has moved although its Commit gave an error.
func TestAbortAfterMove(t *testing.T) {
	t.Parallel()
	r := scene(t)
	b := openBench(t, r)
	b.fault = func(step string) error {
		if step == "ref moved" {
			return errInjected
		}
		return nil
	}
	if err := b.save(scenarios["many"]); !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	checkInStep(t, r)
	checkHead(t, r, "many", "")
	checkTidy(t, r)
}

// TestStagedAfterCrash: what somebody staged meanwhile is hers.
func TestStagedAfterCrash(t *testing.T) {
	t.Parallel()
	r := scene(t)
	if !killed(t, r, "change", "ref moved") {
		t.Fatal("not killed")
	}
	must(t, os.Remove(r.Path(".git/index.lock")))
	r.Write("f", "mine")
	r.Git("add", "f")
	b := openBench(t, r)
	b.begin(t)
	if s := r.Git("status", "--porcelain"); s != "M  f" {
		t.Errorf("git status %q", s)
	}
	checkFile(t, r, "f", "mine")
	checkTidy(t, r)
}
