//go:build unix

package odb

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// benchRepo is a bare repository of 1,000 files and 3,000 commits, or the one
// that PROMPTY_BENCH_REPO names.
func benchRepo(b *testing.B) *gittest.Repo {
	if dir := os.Getenv("PROMPTY_BENCH_REPO"); dir != "" {
		return gittest.InitAt(b, dir, true)
	}
	r := gittest.Bare(b)
	r.Pipe(importScript(3000), "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
	return r
}

// used is the time that the processors have spent on this process, which other
// processes change less than that of the clock.
func used(b *testing.B) time.Duration {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

// BenchmarkWalk reads what a history needs, every commit and every tree that
// changed, and compares that with git log --raw.
func BenchmarkWalk(b *testing.B) {
	r := benchRepo(b)
	tip, err := object.ParseID(r.Git("rev-parse", "main"))
	if err != nil {
		b.Fatal(err)
	}
	var ours, gits time.Duration
	commits := 0
	for b.Loop() {
		cmd := r.Command("log", "--first-parent", "--diff-merges=first-parent", "--raw", "-z", "--no-renames", "--format=%H", "main")
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		gits += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()

		begin := used(b)
		db, err := Open(filepath.Join(r.Dir, "objects"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if commits, err = walk(db, tip); err != nil {
			b.Fatal(err)
		}
		db.Close()
		ours += used(b) - begin
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/float64(commits), "ns/commit")
	b.ReportMetric(ours.Seconds()/gits.Seconds(), "of-git's-time")
}

// walk compares the trees of each commit with those of its first parent.
func walk(db *DB, tip object.ID) (commits int, err error) {
	_, raw, err := db.Read(tip)
	if err != nil {
		return 0, err
	}
	tree, parent, has, err := object.CommitLinks(raw)
	for err == nil && has {
		commits++
		if _, raw, err = db.Read(parent); err != nil {
			break
		}
		var before object.ID
		if before, parent, has, err = object.CommitLinks(raw); err == nil {
			err = diffTrees(db, before, tree)
		}
		tree = before
	}
	return commits, err
}

func diffTrees(db *DB, a, b object.ID) error {
	var before, after []byte
	var err error
	if !a.IsZero() {
		if _, before, err = db.Read(a); err != nil {
			return err
		}
	}
	if !b.IsZero() {
		if _, after, err = db.Read(b); err != nil {
			return err
		}
	}
	return object.Diff(before, after, func(_ []byte, x, y object.Entry) error {
		if x.IsTree() || y.IsTree() {
			if !x.IsTree() {
				x.ID = object.ID{}
			}
			if !y.IsTree() {
				y.ID = object.ID{}
			}
			return diffTrees(db, x.ID, y.ID)
		}
		return nil
	})
}

// BenchmarkImport writes 1,000 commits as one durable pack and compares that
// with git fast-import.
func BenchmarkImport(b *testing.B) {
	script := importScript(1000)
	var ours, gits time.Duration
	for b.Loop() {
		r := gittest.Bare(b)
		cmd := r.Command("-c", "fastimport.unpackLimit=0", "-c", "core.fsync=all", "fast-import", "--quiet")
		begin := time.Now()
		in, err := cmd.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		fmt.Fprint(in, script)
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
		gits += time.Since(begin)

		r = gittest.Bare(b)
		begin = time.Now()
		db, err := Open(filepath.Join(r.Dir, "objects"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := importCommits(db, 1000); err != nil {
			b.Fatal(err)
		}
		db.Close()
		ours += time.Since(begin)
	}
	b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ms/import")
	b.ReportMetric(gits.Seconds()/ours.Seconds(), "times-git")
}

// importCommits does what the script of importScript says.
func importCommits(db *DB, commits int) error {
	batch := db.Begin()
	folders, files := map[string][]byte{}, map[string]object.ID{}
	var root []byte
	var rootID, tip object.ID
	for i := range commits {
		folder, file, text := importStep(i)
		blob, err := batch.PutBased(object.KindBlob, []byte(text), files[folder+file])
		if err != nil {
			return err
		}
		files[folder+file] = blob
		before, _, err := object.Find(root, folder)
		if err != nil {
			return err
		}
		sub, err := object.Set(folders[folder], object.Entry{Mode: object.ModeFile, Name: []byte(file), ID: blob})
		if err != nil {
			return err
		}
		folders[folder] = sub
		id, err := batch.PutBased(object.KindTree, sub, before.ID)
		if err != nil {
			return err
		}
		if root, err = object.Set(root, object.Entry{Mode: object.ModeTree, Name: []byte(folder), ID: id}); err != nil {
			return err
		}
		if rootID, err = batch.PutBased(object.KindTree, root, rootID); err != nil {
			return err
		}
		who := object.Ident{Name: "a", Email: "a@b", Unix: 1_700_000_000}
		c := &object.Commit{Tree: rootID, Author: who, Committer: who, Message: "c\n"}
		if i > 0 {
			c.Parents = []object.ID{tip}
		}
		if tip, err = batch.Put(object.KindCommit, c.Encode()); err != nil {
			return err
		}
	}
	return batch.Flush(SyncFull)
}

// BenchmarkSave writes the four objects of one commit in a tree of 10,000.
func BenchmarkSave(b *testing.B) {
	for _, how := range []Sync{SyncNone, SyncBatch, SyncFull} {
		b.Run([]string{"none", "batch", "full"}[how], func(b *testing.B) {
			r := gittest.Bare(b)
			db := open(b, r)
			var tree []byte
			for i := range 10_000 {
				tree = object.AppendEntry(tree, object.Entry{Mode: object.ModeFile, Name: fmt.Appendf(nil, "template-%05d.prompty", i), ID: object.Hash(object.KindBlob, fmt.Append(nil, i))})
			}
			var tip object.ID
			for i := 0; b.Loop(); i++ {
				batch := db.Begin()
				blob, err := batch.Put(object.KindBlob, fmt.Appendf(nil, "text %d", i))
				if err != nil {
					b.Fatal(err)
				}
				if tree, err = object.Set(tree, object.Entry{Mode: object.ModeFile, Name: fmt.Appendf(nil, "template-%05d.prompty", i*7%10_000), ID: blob}); err != nil {
					b.Fatal(err)
				}
				id, err := batch.Put(object.KindTree, tree)
				if err != nil {
					b.Fatal(err)
				}
				c := &object.Commit{Tree: id, Parents: []object.ID{tip}, Message: "m"}
				if tip, err = batch.Put(object.KindCommit, c.Encode()); err != nil {
					b.Fatal(err)
				}
				if err := batch.Flush(how); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead reads old versions from a pack, blob by blob, and compares that
// with a git cat-file that is asked through a pipe.
func BenchmarkRead(b *testing.B) {
	r := benchRepo(b)
	db := open(b, r)
	listing := r.Git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)", "--unordered")
	var blobs []object.ID
	for line := range strings.Lines(listing) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "blob "); ok {
			id, err := object.ParseID(text)
			if err != nil {
				b.Fatal(err)
			}
			blobs = append(blobs, id)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(blobs), func(i, j int) { blobs[i], blobs[j] = blobs[j], blobs[i] })
	cmd := r.Command("cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	answers := bufio.NewReader(out)
	var ours, gits time.Duration
	for i := 0; b.Loop(); i++ {
		id := blobs[i%len(blobs)]
		begin := time.Now()
		if _, _, err := db.Read(id); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begin)
		begin = time.Now()
		if _, err := fmt.Fprintln(in, id); err != nil {
			b.Fatal(err)
		}
		var text string
		var size int
		if _, err := fmt.Fscanf(answers, "%s blob %d\n", &text, &size); err != nil {
			b.Fatal(err)
		}
		if _, err := answers.Discard(size + 1); err != nil {
			b.Fatal(err)
		}
		gits += time.Since(begin)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/read")
	b.ReportMetric(ours.Seconds()/gits.Seconds(), "of-git's-time")
}
