package drivertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// callPatience is the deadline of a call while the server may be away.
const callPatience = 2 * time.Second

// crew works on a place while the test breaks things: savers, one of batches
// among them, readers, and a watcher who keeps a copy by reading what it is told
// of. Calls may fail meanwhile, but not lie.
type crew struct {
	t      *testing.T
	open   func(string) (prompty.TemplateStorage, error)
	s      prompty.TemplateStorage
	prefix string // of its names
	ledger *ledger
	watch  *copier

	stop   context.Context
	end    func() // ends the work
	done   sync.WaitGroup
	savers []*saver
	failed atomic.Int64 // calls
	lies   atomic.Int64
}

type saver struct {
	who  string
	save func(ctx context.Context, who string, i int) error
	acks atomic.Int64
}

// newCrew sets a crew to work on one handle. Nobody else uses the prefix.
func newCrew(t *testing.T, open func(string) (prompty.TemplateStorage, error), place, prefix string) *crew {
	t.Helper()
	s, err := open(place)
	if err != nil {
		t.Fatal(err)
	}
	c := &crew{t: t, open: open, s: s, prefix: prefix + "/", ledger: newLedger(t)}
	c.stop, c.end = context.WithCancel(context.Background())
	t.Cleanup(func() { // after a failure they may still be at work
		c.end()
		c.done.Wait()
		s.Close()
	})
	c.watch = newCopier(t, s)
	for i := range 3 {
		c.savers = append(c.savers, &saver{who: fmt.Sprint("one", i), save: c.saveOne})
	}
	if _, ok := prompty.As[prompty.BatchSaver](s); ok {
		c.savers = append(c.savers, &saver{who: "batch", save: c.saveBatch})
	}
	for _, w := range c.savers {
		c.done.Go(func() {
			for i := 0; c.stop.Err() == nil; i++ {
				c.call("a save", func(ctx context.Context) error {
					err := w.save(ctx, w.who, i)
					if err == nil {
						w.acks.Add(1)
					}
					return err
				})
			}
		})
	}
	c.done.Go(c.read)
	return c
}

// call makes one call. An error that says something about the templates, instead
// of the database, is a lie.
func (c *crew) call(what string, fn func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), callPatience)
	defer cancel()
	var err error
	within(c.t, what, func() { err = fn(ctx) })
	if err == nil {
		return
	}
	for _, lie := range []error{prompty.ErrTemplateNotFound, prompty.ErrConflict, prompty.ErrClosed, prompty.ErrInvalidName, prompty.ErrInvalidTemplate, prompty.ErrReadOnly} {
		if errors.Is(err, lie) && c.lies.Add(1) <= 5 {
			c.t.Errorf("%s while the server was away: %v", what, err)
		}
	}
	c.failed.Add(1)
	time.Sleep(time.Millisecond) // a refused connection takes no time at all
}

func (c *crew) saveOne(ctx context.Context, who string, i int) error {
	name := sharedName
	if i%3 == 2 {
		name = "own/" + who
	}
	tmpl := &prompty.StoredTemplate{Name: c.prefix + name, Source: textOf(who, i)}
	err := c.s.Save(ctx, tmpl)
	c.note(tmpl, err)
	return err
}

// saveBatch saves several names at once: all of them, or none.
func (c *crew) saveBatch(ctx context.Context, who string, i int) error {
	var list []*prompty.StoredTemplate
	for _, name := range batchNames {
		list = append(list, &prompty.StoredTemplate{Name: c.prefix + name, Source: textOf(who, i)})
	}
	err := prompty.SaveAll(ctx, c.s, list)
	for _, tmpl := range list {
		c.note(tmpl, err)
	}
	return err
}

var batchNames = []string{"batch/1", "batch/2", "batch/3"}

func (c *crew) note(tmpl *prompty.StoredTemplate, err error) {
	if err == nil {
		c.ledger.acknowledge(tmpl.Name, tmpl.Version, tmpl.Source)
		return
	}
	c.ledger.doubt(tmpl.Name, tmpl.Source)
	if tmpl.Version != 0 || tmpl.ID != "" {
		c.t.Errorf("a save that failed (%v) set version %d and ID %q", err, tmpl.Version, tmpl.ID)
	}
}

// read reads what is acknowledged, again and again: it stays, and the latest
// version never goes back.
func (c *crew) read() {
	name := c.prefix + sharedName
	for seen := 0; c.stop.Err() == nil; {
		version, text := c.ledger.anyAck(name)
		if version == 0 {
			time.Sleep(time.Millisecond)
			continue
		}
		c.call("reading a version", func(ctx context.Context) error {
			got, err := c.s.GetVersion(ctx, name, version)
			if err == nil && got.Source != text {
				c.t.Errorf("%s@%d is %.40q, acknowledged was %.40q", name, version, got.Source, text)
			}
			return err
		})
		c.call("reading the latest version", func(ctx context.Context) error {
			got, err := c.s.Get(ctx, name)
			if err != nil {
				return err
			}
			if got.Version < max(seen, version) {
				c.t.Errorf("Get gave version %d after version %d", got.Version, max(seen, version))
			}
			seen = got.Version
			return nil
		})
	}
}

// work waits until every saver has had n more saves acknowledged.
func (c *crew) work(n int64) {
	c.t.Helper()
	for _, w := range c.savers {
		want := w.acks.Load() + n
		await(c.t, func() error {
			if got := w.acks.Load(); got < want {
				return fmt.Errorf("saver %s has %d saves acknowledged, and should get to %d", w.who, got, want)
			}
			return nil
		})
	}
}

// suffer waits until calls have failed.
func (c *crew) suffer() {
	c.t.Helper()
	want := c.failed.Load() + 5
	await(c.t, func() error {
		if got := c.failed.Load(); got < want {
			return fmt.Errorf("%d calls have failed, and %d should while the server is away", got, want)
		}
		return nil
	})
}

// finish ends the work, and holds what is there against what was acknowledged,
// in the handle that went through it all and in a new one.
func (c *crew) finish(place string) {
	t := c.t
	t.Helper()
	c.end()
	c.done.Wait()
	t.Logf("%d versions acknowledged, %d calls failed", c.ledger.all, c.failed.Load())
	c.ledger.verify(t.Context(), c.s, c.prefix)
	other, err := c.open(place)
	if err != nil {
		t.Errorf("opening the place again: %v", err)
	} else {
		c.ledger.verify(t.Context(), other, c.prefix)
		c.verifyBatches(other)
		if err := other.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	c.watch.settle()
	if err := c.s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	await(t, c.watch.closed)
}

func (c *crew) verifyBatches(s prompty.TemplateStorage) {
	c.t.Helper()
	list, err := s.List(c.t.Context(), &prompty.TemplateQuery{NamePrefix: c.prefix + "batch/", IncludeAllVersions: true})
	if err != nil {
		c.t.Errorf("List: %v", err)
	}
	texts := make(map[string][]string)
	for _, x := range list {
		texts[x.Name] = append(texts[x.Name], x.Source)
	}
	for _, name := range batchNames[1:] {
		if diff := cmp.Diff(texts[c.prefix+batchNames[0]], texts[c.prefix+name]); diff != "" {
			c.t.Errorf("a batch was saved in part (-%s +%s):\n%s", batchNames[0], name, diff)
		}
	}
}

// await waits for a condition.
func await(t *testing.T, condition func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if err = condition(); err == nil {
			return
		}
	}
	t.Fatal(strings.TrimSpace(err.Error()), "– for good")
}
