//go:build linux

package watch_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/watch"
)

// A worker is a process that does random things to a tree. Before it finishes
// a content, it says which: everything else that is ever told of is torn. A
// file whose name ends in a worker's number is written by that worker only, so
// that no two of them mix their contents; folders are everybody's.
type worker struct {
	ID    int
	Root  string
	Out   string // beside the tree
	Repo  string // "": none. A repository in the tree, that nobody else touches
	Seed  uint64
	Notes *bufio.Writer `json:"-"`

	rng     *rand.Rand
	serial  int
	largest int
}

// work is the main function of a worker: it does what each line of the input
// says, and answers with the hashes it made and "done".
func work(job string) int {
	if name, ok := strings.CutPrefix(job, "fault "); ok {
		return faultWriter(name)
	}
	w := &worker{}
	if err := json.Unmarshal([]byte(job), w); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	w.Notes = bufio.NewWriterSize(os.Stdout, 1<<16)
	w.rng = rand.New(rand.NewPCG(w.Seed, uint64(w.ID)))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		n, err := strconv.Atoi(in.Text())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
		w.largest = 64 << 10
		for range n {
			if w.Repo != "" {
				w.git()
				continue
			}
			for !w.step() {
			}
		}
		fmt.Fprintln(w.Notes, "done")
		w.Notes.Flush()
	}
	return 0
}

// body makes a content that has never been before, and says so.
func (w *worker) body(size int) []byte {
	w.serial++
	head := fmt.Sprintf("%d.%d %x:", w.ID, w.serial, w.Seed)
	b := make([]byte, max(size, len(head)))
	for i := copy(b, head); i < len(b); i++ {
		b[i] = 'a' + byte(w.serial+i)%26
	}
	return w.announce(b)
}

func (w *worker) announce(body []byte) []byte {
	fmt.Fprintln(w.Notes, hashOf(body))
	return body
}

func (w *worker) size() int {
	if w.rng.IntN(20) == 0 {
		return w.rng.IntN(w.largest)
	}
	return w.rng.IntN(2000)
}

// folder is a path of up to four of six names.
func (w *worker) folder() string {
	path := w.Root
	for range w.rng.IntN(4) {
		path = filepath.Join(path, fmt.Sprintf("d%d", w.rng.IntN(6)))
	}
	return path
}

func (w *worker) below() string {
	for {
		if d := w.folder(); d != w.Root {
			return d
		}
	}
}

// mine is the path of a file that only this worker writes.
func (w *worker) mine() string {
	return filepath.Join(w.folder(), fmt.Sprintf("f%d.w%d", w.rng.IntN(5), w.ID))
}

// step does one thing, and says whether there was something to do.
func (w *worker) step() bool {
	switch n := w.rng.IntN(100); {
	case n < 20:
		return w.write(w.mine(), w.body(w.size()), os.O_TRUNC|os.O_CREATE, w.rng.IntN(4)) == nil
	case n < 26:
		return w.add(w.mine()) == nil
	case n < 38:
		return w.replace(w.mine(), w.mine()+".tmp")
	case n < 42:
		return w.vim(w.mine())
	case n < 46:
		return w.jetBrains(w.mine())
	case n < 50:
		return w.emacs(w.mine())
	case n < 56:
		return os.Rename(w.mine(), w.mine()) == nil
	case n < 62:
		return os.Remove(w.mine()) == nil
	case n < 68:
		file := w.mine()
		return os.MkdirAll(filepath.Dir(file), 0o777) == nil && w.write(file, w.body(w.size()), os.O_CREATE|os.O_TRUNC, 0) == nil
	case n < 74:
		return os.Rename(w.below(), w.below()) == nil
	case n < 77:
		return exchange(w.below(), w.below()) == nil
	case n < 80:
		return exchange(w.mine(), w.mine()) == nil
	case n < 82:
		d := w.below()
		if _, err := os.Lstat(d); err != nil {
			return false
		}
		os.RemoveAll(d)
		return true
	case n < 84:
		return os.Rename(w.below(), filepath.Join(w.Out, fmt.Sprintf("o%d", w.rng.IntN(4)))) == nil
	case n < 87:
		return os.Rename(filepath.Join(w.Out, fmt.Sprintf("o%d", w.rng.IntN(4))), w.below()) == nil
	case n < 89:
		return w.write(w.outside(), w.body(w.size()), os.O_CREATE|os.O_TRUNC, 0) == nil
	case n < 91:
		return os.Link(w.mine(), w.mine()) == nil
	case n < 93:
		file := w.mine()
		info, err := os.Stat(file)
		if err != nil || info.Size() == 0 {
			return false
		}
		return writeMapped(file, string(w.body(int(info.Size()))), w.rng.IntN(2) == 0) == nil
	case n < 95:
		return w.sameTimes(w.mine())
	case n < 96:
		return os.Chmod(w.mine(), 0o600|os.FileMode(w.rng.IntN(64))) == nil
	case n < 97:
		file := w.mine() // a folder where a file was, or the other way round
		if os.Remove(file) != nil {
			return false
		}
		return w.rng.IntN(2) == 0 || os.Mkdir(file, 0o777) == nil
	case n < 99:
		return os.Symlink(w.target(), w.mine()) == nil
	default:
		return os.Symlink(filepath.Join(w.Out, static), w.below()) == nil
	}
}

// static is a folder beside the tree that stays where it is, and is written
// through links only.
const static = "static"

// target is where a link leads: to a file of this worker's in the same folder,
// anywhere in the tree, over whatever folders and links, or beside it.
func (w *worker) target() string {
	file := w.mine()
	switch w.rng.IntN(4) {
	case 0:
		return filepath.Base(file)
	case 1:
		return filepath.Join("..", filepath.Base(filepath.Dir(file)), filepath.Base(file))
	case 2:
		return file
	}
	path := filepath.Join(w.Out, static, filepath.Base(file))
	w.write(path, w.body(w.size()), os.O_CREATE|os.O_TRUNC, 0)
	return path
}

// write writes a file in place, in up to four pieces.
func (w *worker) write(path string, body []byte, flags, pieces int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0o666)
	if err != nil {
		return err
	}
	for i := range pieces {
		n := len(body) / (pieces + 1 - i)
		if _, err := f.Write(body[:n]); err != nil {
			f.Close()
			return err
		}
		body = body[n:]
		runtime.Gosched()
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}

// outside is a file of this worker in a folder that was moved out.
func (w *worker) outside() string {
	return filepath.Join(w.Out, fmt.Sprintf("o%d", w.rng.IntN(4)), fmt.Sprintf("f%d.w%d", w.rng.IntN(5), w.ID))
}

// add appends, as >> does.
func (w *worker) add(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	old, err := io.ReadAll(f)
	if err != nil || len(old) > w.largest {
		return errors.Join(err, errors.New("too long"))
	}
	more := fmt.Sprintf("and %d.%d", w.ID, w.rng.IntN(1e9))
	w.announce(append(old, more...))
	_, err = f.WriteString(more)
	return err
}

// replace writes a file beside and renames it.
func (w *worker) replace(path, tmp string) bool {
	return w.write(tmp, w.body(w.size()), os.O_CREATE|os.O_TRUNC, w.rng.IntN(2)) == nil && os.Rename(tmp, path) == nil
}

// vim is vim with backupcopy=no.
func (w *worker) vim(path string) bool {
	if _, err := os.Lstat(path); err != nil {
		return false
	}
	probe := filepath.Join(filepath.Dir(path), "4913")
	if f, err := os.OpenFile(probe, os.O_CREATE|os.O_EXCL, 0o666); err == nil {
		f.Close()
		os.Remove(probe)
	}
	os.Rename(path, path+"~")
	err := w.write(path, w.body(w.size()), os.O_CREATE|os.O_TRUNC, 1)
	os.Remove(path + "~")
	return err == nil
}

func (w *worker) jetBrains(path string) bool {
	if w.write(path+"___jb_tmp___", w.body(w.size()), os.O_CREATE|os.O_TRUNC, 0) != nil {
		return false
	}
	os.Rename(path, path+"___jb_old___")
	err := os.Rename(path+"___jb_tmp___", path)
	os.Remove(path + "___jb_old___")
	return err == nil
}

func (w *worker) emacs(path string) bool {
	lock := filepath.Join(filepath.Dir(path), ".#"+filepath.Base(path))
	os.Symlink("ann@example.org.1", lock)
	defer os.Remove(lock)
	if os.Rename(path, path+"~") != nil {
		return false
	}
	err := w.write(path, w.body(w.size()), os.O_CREATE|os.O_TRUNC, 1)
	os.Chmod(path, 0o640)
	return err == nil
}

// sameTimes writes as many bytes as there were and puts the old time back.
func (w *worker) sameTimes(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	head := len(fmt.Sprintf("%d.%d %x:", w.ID, w.serial+1, w.Seed))
	if info.Size() < int64(head) {
		return false
	}
	err = w.write(path, w.body(int(info.Size())), 0, 0)
	os.Chtimes(path, info.ModTime(), info.ModTime())
	return err == nil
}

// branches is how many there are in the repository of the model test.
const branches = 4

// git lets git change a work tree.
func (w *worker) git() {
	branch := fmt.Sprintf("b%d", w.rng.IntN(branches))
	other := fmt.Sprintf("b%d", w.rng.IntN(branches))
	switch w.rng.IntN(6) {
	case 0, 1, 2:
		w.runGit("checkout", "-qf", branch)
	case 3:
		w.runGit("reset", "-q", "--hard", branch)
	case 4:
		w.write(filepath.Join(w.Repo, "p00", "f.txt"), w.body(w.size()), os.O_CREATE|os.O_TRUNC, 0)
		w.runGit("stash", "-q")
		w.runGit("stash", "pop", "-q")
		w.runGit("checkout", "-qf", branch)
	case 5:
		w.runGit("checkout", "-qf", "--detach", branch)
		w.runGit("merge", "-q", "--no-edit", "-X", "ours", other)
		w.runGit("checkout", "-qf", branch)
	}
}

func (w *worker) runGit(args ...string) {
	exec.Command("git", append([]string{"-c", "gc.auto=0", "-c", "core.fsmonitor=false", "-C", w.Repo}, args...)...).Run()
}

// initRepo makes the repository of the model test, and gives the contents in
// it: each file on each branch has one of its own, so that merging makes none.
func initRepo(dir string) (map[watch.Hash]bool, error) {
	bodies := map[watch.Hash]bool{}
	w := &worker{Repo: dir}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	w.runGit("init", "-q", "-b", "b0")
	for b := range branches {
		if b > 0 {
			w.runGit("checkout", "-q", "-B", fmt.Sprintf("b%d", b), "b0")
		}
		for i := range 40 {
			folder := filepath.Join(dir, fmt.Sprintf("p%02d", i%5))
			if b == 0 && i%4 == 3 || b > 0 && i%(b+2) == 1 {
				continue // left out, or as on b0
			}
			name := filepath.Join(folder, fmt.Sprintf("g%d.txt", i))
			if i == 0 {
				name = filepath.Join(folder, "f.txt")
			}
			body := strings.Repeat(fmt.Sprintf("branch %d file %d", b, i), 50+i*20)
			bodies[hashOf(body)] = true
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return nil, err
			}
			if err := os.WriteFile(name, []byte(body), 0o666); err != nil {
				return nil, err
			}
		}
		w.runGit("add", "-A")
		w.runGit("commit", "-qm", "branch")
	}
	return bodies, nil
}
