package storetest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
)

var closeChecks = []check{
	{name: "every method afterwards", rule: ruleClose, fn: checkAfterClose},
	{name: "again and at once", rule: ruleClose, fn: checkCloseTwice},
	{name: "during calls", rule: ruleClose, fn: checkCloseDuring},
	{name: "one handle only", rule: ruleClose, fn: checkCloseOne},
	{name: "ends its goroutines", rule: ruleClose, fn: checkGoroutines},
	{name: "gives back its files", rule: ruleClose, fn: checkFiles, alone: true},
}

func checkAfterClose(t *trial) {
	s := t.storage()
	saved := t.saveText(s, "doc", "one")
	t.get(s, "doc") // so that a cache holds it
	m := calls(t, s, saved.ID)
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for method, call := range m {
		t.wantErr(call(t.ctx()), prompty.ErrClosed, "%s after Close", method)
	}
	_, err := s.Get(t.ctx(), "nobody")
	t.wantErr(err, prompty.ErrClosed, "Get of a missing template after Close")
}

func checkCloseTwice(t *trial) {
	s := t.storage()
	t.saveText(s, "doc", "one")
	var fns []func()
	for range 8 {
		fns = append(fns, func() {
			if err := s.Close(); err != nil {
				t.Errorf("Close beside Close: %v", err)
			}
		})
	}
	all(fns...)
	if err := s.Close(); err != nil {
		t.Errorf("Close after Close: %v", err)
	}
}

func checkCloseDuring(t *trial) {
	p, ctx, l := t.place(), t.ctx(), t.newLog()
	s := p.handle()
	saved := t.saveText(s, "doc", "one")
	l.acknowledged(1, "one")
	enough := make(chan struct{})
	var done atomic.Int32
	var closed atomic.Bool // set when Close has returned
	count := func() {
		if done.Add(1) == 20 {
			close(enough)
		}
	}
	var fns []func()
	for w := range 4 {
		fns = append(fns, func() {
			for i := 0; ; i++ {
				tmpl := t.draft("doc", fmt.Sprintf("saver %d save %d", w, i))
				late := closed.Load()
				err := s.Save(ctx, tmpl)
				if err != nil || late {
					t.wantErr(err, prompty.ErrClosed, "Save beside Close")
					return
				}
				l.acknowledged(tmpl.Version, tmpl.Source)
				count()
			}
		}, func() {
			for {
				late := closed.Load()
				_, err := s.GetByID(ctx, saved.ID)
				if err == nil {
					_, err = s.Get(ctx, "doc")
				}
				if err == nil {
					_, err = s.List(ctx, &prompty.TemplateQuery{Limit: 1})
				}
				if err != nil || late {
					t.wantErr(err, prompty.ErrClosed, "a read beside Close")
					return
				}
			}
		})
	}
	fns = append(fns, func() {
		select {
		case <-enough:
		case <-ctx.Done():
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close beside calls: %v", err)
		}
		closed.Store(true)
	})
	all(fns...)
	if t.claims.private {
		return
	}
	s = p.reopen()
	for v, text := range l.text {
		if got, err := s.GetVersion(ctx, "doc", v); err != nil || got.Source != text {
			t.Errorf("version %d was acknowledged beside Close, and is now %v, %v", v, got, err)
		}
	}
}

// checkCloseOne wants the other handles of a place to live on.
func checkCloseOne(t *trial) {
	t.needShared()
	p := t.place()
	a, b := p.handle(), p.handle()
	saved := t.saveText(a, "doc", "one")
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	t.wantSame(t.get(b, "doc"), saved, "the template in another handle after Close")
	if got := t.saveText(b, "doc", "two").Version; got != 2 {
		t.Errorf("Save in another handle after Close gave version %d, want 2", got)
	}
}

// use opens a storage, makes it do all it can, and closes it.
func use(t *trial, opener Place) {
	t.Helper()
	s, err := opener()
	if err != nil {
		t.Fatalf("opening the place: %v", err)
	}
	saved := t.saveText(s, "doc", "one")
	ctx, cancel := context.WithCancel(t.ctx())
	defer cancel()
	if c, ok := prompty.As[prompty.Watcher](s); ok {
		if _, err := c.Watch(ctx); err != nil {
			t.Errorf("Watch: %v", err)
		}
	}
	for _, call := range calls(t, s, saved.ID) {
		call(ctx) // the order is random, so some find nothing
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// checkGoroutines knows the backend's goroutines by the label that they
// inherit, so that other tests may run meanwhile.
func checkGoroutines(t *trial) {
	label := strconv.FormatInt(time.Now().UnixNano(), 36) + t.Name()
	opener := t.open(t.TB)
	pprof.Do(context.Background(), pprof.Labels("storetest", label), func(context.Context) {
		for range 3 {
			use(t, opener)
		}
	})
	var left string
	if !t.eventually(func() bool { left = labelled(label); return left == "" }) {
		t.Errorf("goroutines live on after Close:\n%s", shorten(left))
	}
}

func labelled(label string) string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	var found []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, strconv.Quote(label)) {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}

// checkFiles opens and closes so often that a leak stands out from what other
// tests of the process may hold.
func checkFiles(t *trial) {
	const rounds = 24
	opener := t.open(t.TB)
	use(t, opener)
	before, ok := openFiles()
	if !ok {
		t.Skip("this system does not tell which files are open")
	}
	for range rounds {
		use(t, opener)
	}
	var after int
	if !t.eventually(func() bool { after, _ = openFiles(); return after < before+rounds }) {
		t.Errorf("%d files were open before, %d after %d times open and Close", before, after, rounds)
	}
}

func openFiles() (int, bool) {
	list, err := os.ReadDir("/proc/self/fd")
	return len(list), err == nil
}

// eventually gives what ends on its own, such as a goroutine's last steps or
// a connection's shutdown, the time for it.
func (t *trial) eventually(cond func() bool) bool {
	for deadline := time.Now().Add(t.claims.patience); !cond(); runtime.Gosched() {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
