package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// follower is a reader who keeps a copy of a storage by reading again what the
// batches name. It holds each batch against what it was told before.
type follower struct {
	*watch
	s        prompty.TemplateStorage
	copy     map[string]string // name → version and text
	told     map[string]bool   // name → whether it exists, as last reported
	sure     bool              // what is not in told does not exist; not so after All
	revision string            // of the last batch
	batches  int
	states   map[string]string // revision → the names that exist then
}

// follow subscribes, and then reads everything. Nothing may change meanwhile.
func (t *trial) follow(ctx context.Context, s prompty.TemplateStorage) *follower {
	t.Helper()
	return t.following(t.watch(ctx, s), s)
}

func (t *trial) following(w *watch, s prompty.TemplateStorage) *follower {
	t.Helper()
	f := &follower{watch: w, s: s, told: make(map[string]bool), sure: true, states: make(map[string]string)}
	f.lookAtAll()
	for name := range f.copy {
		f.told[name] = true
	}
	return f
}

// take follows one batch. One that only has news of the watch itself tells of no
// state.
func (f *follower) take(b prompty.ChangeBatch) {
	t := f.t
	t.Helper()
	if !b.All && len(b.Changes) == 0 {
		return
	}
	f.batches++
	if b.Revision != "" && b.Revision == f.revision && !b.All {
		t.Errorf("two batches, the second with the changes %+v, are both of the revision %q", b.Changes, b.Revision)
	}
	f.revision = b.Revision
	if b.All {
		clear(f.told)
		f.sure = false
		f.lookAtAll()
	}
	for _, c := range b.Changes {
		before, known := f.told[c.Name]
		// Deleted is true of what came and went, too: somebody may have read it.
		wrong := before && c.Kind == prompty.Created || !before && c.Kind == prompty.Changed
		if (known || f.sure) && wrong {
			t.Errorf("a batch reports %q as %s to a reader who was told before that it exists: %v", c.Name, c.Kind, before)
		}
		f.told[c.Name] = c.Kind != prompty.Deleted
		f.look(c.Name)
	}
	if f.sure {
		var exist []string
		for name, exists := range f.told {
			if exists {
				exist = append(exist, name)
			}
		}
		slices.Sort(exist)
		f.states[b.Revision] = strings.Join(exist, " ")
	}
}

func (f *follower) look(name string) {
	got, err := f.s.Get(f.t.ctx(), name)
	switch {
	case err == nil:
		f.copy[name] = fmt.Sprint(got.Version, " ", got.Source)
	case errors.Is(err, prompty.ErrTemplateNotFound):
		delete(f.copy, name)
	default:
		f.t.Errorf("Get(%q), which a batch names: %v", name, err)
	}
}

func (f *follower) lookAtAll() {
	f.copy = f.state()
}

// state is what the storage has.
func (f *follower) state() map[string]string {
	list, err := f.s.List(f.t.ctx(), nil)
	if err != nil {
		f.t.Errorf("List beside a watch: %v", err)
	}
	state := make(map[string]string)
	for _, x := range list {
		state[x.Name] = fmt.Sprint(x.Version, " ", x.Source)
	}
	return state
}

// until follows the stream up to the batch that speaks of name.
func (f *follower) until(name string) {
	f.t.Helper()
	for {
		b := f.next(fmt.Sprintf("the change of %q", name))
		f.take(b)
		if _, ok := of(b, name); ok {
			return
		}
	}
}

// during follows the stream while work is done.
func (f *follower) during(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	for {
		select {
		case <-done:
			return
		case b, ok := <-f.ch:
			if !ok {
				f.t.Errorf("the channel was closed while others made changes")
				<-done
				return
			}
			f.t.wantForm(b)
			f.take(b)
		}
	}
}

// settle follows the stream to its end, when nobody else changes anything any
// more, and wants the copy to be the storage's state. A storage that can Sync has
// told of everything before it tells of the marker, which is saved afterwards.
func (f *follower) settle(marker string) {
	t := f.t
	t.Helper()
	c, syncs := prompty.As[prompty.Syncer](f.s)
	if syncs {
		if err := c.Sync(t.ctx()); err != nil {
			t.Fatalf("Sync: %v", err)
		}
	}
	t.saveText(f.s, marker, "text")
	f.until(marker)
	for diff := f.lag(); diff != ""; diff = f.lag() {
		if syncs {
			t.Errorf("a copy that follows the batches differs from the storage after Sync and the batch of a later change (-storage +copy):\n%s", shorten(diff))
			return
		}
		b, err := f.receive("the rest")
		if err != nil {
			t.Fatalf("a copy that follows the batches stays different from the storage (-storage +copy): %v\n%s", err, shorten(diff))
		}
		f.take(b)
	}
}

// lag is how the copy, or what was told of its names, differs from the storage.
func (f *follower) lag() string {
	state := f.state()
	if diff := cmp.Diff(state, f.copy); diff != "" {
		return diff
	}
	if !f.sure {
		return ""
	}
	exist := maps.Clone(f.told)
	maps.DeleteFunc(exist, func(_ string, exists bool) bool { return !exists })
	return cmp.Diff(slices.Sorted(maps.Keys(state)), slices.Sorted(maps.Keys(exist)))
}
