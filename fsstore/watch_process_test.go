package fsstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/fsstore"
)

// obey is a process that changes templates as it is told, a line each.
func obey(dir string) {
	s, err := fsstore.Open(dir, fsstore.Options{Sync: fsstore.SyncNone})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx := context.Background()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		f := strings.Fields(in.Text())
		n := 0
		if len(f) > 2 {
			n, _ = strconv.Atoi(f[2])
		}
		var err error
		switch f[0] {
		case "save":
			err = s.Save(ctx, &prompty.StoredTemplate{Name: f[1], Source: f[2]})
		case "saveif":
			err = s.SaveIf(ctx, &prompty.StoredTemplate{Name: f[1], Source: f[3]}, n)
		case "delete":
			err = s.Delete(ctx, f[1])
		case "deleteversion":
			err = s.DeleteVersion(ctx, f[1], n)
		case "many": // eight writers, each n versions of names that all share
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for w := range errs {
				wg.Go(func() {
					for i := range n {
						name := fmt.Sprintf("%s/%d", f[1], (w+i)%6)
						if err := s.Save(ctx, &prompty.StoredTemplate{Name: name, Source: body(fmt.Sprintf("%d.%d.%d", os.Getpid(), w, i), 100*w)}); err != nil {
							errs[w] = err
						}
					}
				})
			}
			wg.Wait()
			err = errors.Join(errs...)
		}
		if err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok")
		}
	}
}

// servant is a process that obeys.
type servant struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

func newServant(t *testing.T, dir string) *servant {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), workerEnv+"=obey "+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &servant{t, in, bufio.NewScanner(out)}
}

func (w *servant) begin(order string) { fmt.Fprintln(w.in, order) }

func (w *servant) done(order string) {
	w.t.Helper()
	if !w.out.Scan() || w.out.Text() != "ok" {
		w.t.Fatalf("%s: %q, %v", order, w.out.Text(), w.out.Err())
	}
}

// TestWatchOtherProcess hears of all ways in which another process changes
// templates, under their names, once each.
func TestWatchOtherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := fsstore.Open(dir, fsstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := newServant(t, dir)
	ch, err := s.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ order, want string }{
		{"save a one", "created a@1"},
		{"save d/b one", "created d/b@1"},
		{"save a two", "changed a@2"},
		{"save a two", "changed a@3"},
		{"saveif a 3 four", "changed a@4"},
		{"deleteversion a 1", "changed a@4"},
		{"deleteversion a 3", "changed a@4"},
		{"deleteversion a 4", "changed a@2"},
		{"deleteversion a 2", "deleted a@0"},
		{"save a five", "created a@5"},
		{"delete d/b", "deleted d/b@0"},
		{"delete a", "deleted a@0"},
	} {
		w.begin(step.order)
		w.done(step.order)
		b := receive(t, ch)
		got := fmt.Sprint(b.Changes)
		if len(b.Changes) == 1 && !b.All {
			c := b.Changes[0]
			latest, err := s.Get(t.Context(), c.Name)
			if err != nil {
				latest = &prompty.StoredTemplate{}
			}
			got = fmt.Sprintf("%s %s@%d", c.Kind, c.Name, latest.Version)
		}
		if got != step.want {
			t.Errorf("after %q: %s, want %s", step.order, got, step.want)
		}
	}
}

func receive(t *testing.T, ch <-chan prompty.ChangeBatch) prompty.ChangeBatch {
	t.Helper()
	for {
		select {
		case b, ok := <-ch:
			if !ok {
				t.Fatal("the channel was closed")
			}
			if b.All || len(b.Changes) > 0 {
				return b
			}
		case <-time.After(time.Minute): // not to hang
			t.Fatal("nothing was reported within a minute")
		}
	}
}

// mirror is a copy of a store that is kept by its batches alone.
type mirror struct {
	t    *testing.T
	s    *fsstore.Store
	ch   <-chan prompty.ChangeBatch
	copy map[string]string
}

func newMirror(t *testing.T, dir string) *mirror {
	t.Helper()
	s, err := fsstore.Open(dir, fsstore.Options{Sync: fsstore.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ch, err := s.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{t: t, s: s, ch: ch}
	m.copy = m.truth()
	return m
}

// truth is the latest version and the numbers of all.
func (m *mirror) truth() map[string]string {
	m.t.Helper()
	list, err := m.s.List(m.t.Context(), nil)
	if err != nil {
		m.t.Fatal(err)
	}
	all := map[string]string{}
	for _, x := range list {
		all[x.Name] = m.describe(x)
	}
	return all
}

func (m *mirror) describe(x *prompty.StoredTemplate) string {
	m.t.Helper()
	if _, ok := whole(x.Source); !ok {
		m.t.Errorf("%s@%d is not whole: %d bytes", x.Name, x.Version, len(x.Source))
	}
	numbers, err := m.s.ListVersions(m.t.Context(), x.Name)
	if err != nil {
		m.t.Error(err)
	}
	return fmt.Sprint(x.Version, " of ", numbers)
}

func (m *mirror) take(b prompty.ChangeBatch) {
	m.t.Helper()
	if b.All {
		m.copy = m.truth()
	}
	for _, c := range b.Changes {
		got, err := m.s.Get(m.t.Context(), c.Name)
		if err != nil {
			if !errors.Is(err, prompty.ErrTemplateNotFound) {
				m.t.Errorf("Get(%s): %v", c.Name, err)
			}
			delete(m.copy, c.Name)
			continue
		}
		m.copy[c.Name] = m.describe(got)
	}
}

// settle reads on until the copy is the truth, which it has to be at the
// latest when the batch of a change comes that was made after Sync.
func (m *mirror) settle() {
	m.t.Helper()
	if err := m.s.Sync(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	name := fmt.Sprintf("marker/%d", rand.Uint32())
	if err := m.s.Save(m.t.Context(), &prompty.StoredTemplate{Name: name, Source: body(name, 10)}); err != nil {
		m.t.Fatal(err)
	}
	for m.copy[name] == "" {
		m.take(receive(m.t, m.ch))
	}
	if diff := cmp.Diff(m.truth(), m.copy); diff != "" {
		m.t.Errorf("what the batches told differs from the store (-store +told):\n%s", diff)
	}
}

// TestWatchManyWriters lets 32 writers in four processes save the same names,
// one watcher reading all the time and another one only afterwards.
func TestWatchManyWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const each = 6
	busy, late := newMirror(t, dir), newMirror(t, dir)
	var servants []*servant
	for range 4 {
		w := newServant(t, dir)
		w.begin(fmt.Sprint("many x ", each))
		servants = append(servants, w)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, w := range servants {
			w.done("many")
		}
	}()
	for working := true; working; {
		select {
		case b := <-busy.ch:
			busy.take(b)
		case <-ended:
			working = false
		}
	}
	busy.settle()
	late.settle()
	total := 0
	for i := range 6 {
		numbers, err := busy.s.ListVersions(t.Context(), fmt.Sprintf("x/%d", i))
		if err != nil {
			t.Fatal(err)
		}
		total += len(numbers)
	}
	if total != 32*each {
		t.Errorf("there are %d versions, want %d", total, 32*each)
	}
}

// TestWatchKilled kills writers at random moments. Watchers end up with the
// truth, though nobody else ever looks.
func TestWatchKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := newMirror(t, dir)
	seed := rand.Uint64N(1e9)
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 4))
	for round := range 8 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d none", workerEnv, dir, seed+uint64(round)))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		m.take(receive(t, m.ch))                                           // it is at work
		kill := time.After(time.Duration(rnd.IntN(60)) * time.Millisecond) // when does not matter
		for working := true; working; {
			select {
			case b := <-m.ch:
				m.take(b)
			case <-kill:
				cmd.Process.Kill()
				working = false
			}
		}
		cmd.Wait()
		m.settle()
	}
}
