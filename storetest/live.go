package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
)

// live is a storage engine, and another handle of the same place.
type live struct {
	*prompty.StorageEngine
	t     *trial
	other prompty.TemplateStorage
	print func(name string) string // renders; what is missing is ""
}

func (t *trial) live() *live {
	t.Helper()
	a, b := t.two()
	t.watch(t.ctx(), a) // that it can
	se, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: a})
	if err != nil {
		t.Fatalf("NewStorageEngine: %v", err)
	}
	t.Cleanup(func() { se.Close() })
	ctx := t.ctx()
	print := func(name string) string {
		got, err := se.Execute(ctx, name, nil)
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			return err.Error()
		}
		return got
	}
	return &live{se, t, b, print}
}

// gives wants Execute to print text after Sync, if the storage can.
func (l *live) gives(name, want, when string) {
	t := l.t
	t.Helper()
	if _, ok := prompty.As[prompty.Syncer](l.other); ok {
		t.within("StorageEngine.Sync", func() error { return l.Sync(t.ctx()) })
		if got := l.print(name); got != want {
			t.Errorf("Execute %s, after Sync, prints %q, want %q", when, got, want)
		}
		return
	}
	l.givesSoon(name, want, when)
}

// givesSoon wants Execute to print text of its own.
func (l *live) givesSoon(name, want, when string) {
	l.t.Helper()
	if !l.t.eventually(func() bool { return l.print(name) == want }) {
		l.t.Errorf("Execute %s prints %q for good, want %q", when, l.print(name), want)
	}
}

const including = `{~prompty.include template="part" /~}`

func checkLiveEngine(t *trial) {
	l := t.live()
	t.saveText(l.other, "part", "1")
	t.saveText(l.other, "page", "page "+including)
	l.gives("page", "page 1", "of what another handle saved")
	for i := 2; i <= 7; i++ {
		t.saveText(l.other, "part", fmt.Sprint(i))
		gives := l.gives
		if i%2 == 0 {
			gives = l.givesSoon
		}
		gives("page", fmt.Sprintf("page %d", i), "after another handle saved what the template includes")
	}
	t.saveText(l.other, "page", "new "+including)
	l.gives("page", "new 7", "after another handle saved it")
	t.saveText(l.other, "part", "{~prompty.if")
	l.gives("page", "new 7", "after what the template includes was broken")
	isBroken := func() bool { // once the engine has heard of it
		return slices.ContainsFunc(l.Status().Broken, func(e *prompty.ReloadError) bool { return e.Name == "part" })
	}
	if !t.eventually(isBroken) {
		t.Errorf("the status of an engine does not say that %q is broken, but %v", "part", l.Status().Broken)
	}
	t.saveText(l.other, "part", "mended")
	l.gives("page", "new mended", "after what the template includes was mended")
	t.deleteVersion(l.other, "part", 9)
	t.deleteVersion(l.other, "part", 8)
	l.gives("page", "new 7", "after another handle deleted the last versions")
	t.deleteName(l.other, "page")
	l.gives("page", "", "after another handle deleted it")
	t.saveText(l.other, "page", "again")
	l.gives("page", "again", "after another handle created it anew")
}

// checkEngineSubscribers wants what OnChange reports to be in service. It may
// begin with what was changed just before it.
func checkEngineSubscribers(t *trial) {
	l := t.live()
	ctx, heard := t.ctx(), make(chan prompty.ChangeBatch)
	stop := l.OnChange(func(b prompty.ChangeBatch) {
		select {
		case heard <- b:
		case <-ctx.Done():
		}
	})
	defer stop()
	w := &watch{t, heard}
	for i := range 6 {
		part, page := fmt.Sprint("part", i), fmt.Sprint("page", i)
		t.saveText(l.other, part, "one")
		t.saveText(l.other, page, `{~prompty.include template="`+part+`" /~}`)
		l.gives(page, "one", "of what another handle saved")
		t.saveText(l.other, part, "two")
		for got := "one"; got == "one"; {
			_, kind := w.until(part)
			if got = l.print(page); got != "two" && (got != "one" || kind == prompty.Changed) {
				t.Errorf("Execute after OnChange reported what the template includes prints %q, want %q", got, "two")
				break
			}
		}
	}
}

func checkLiveCache(t *trial) {
	a, b := t.two()
	ctx := t.ctx()
	w := t.watch(ctx, a)
	cache := prompty.NewCachedStorage(a, prompty.CacheConfig{})
	t.Cleanup(func() { cache.Close() })
	if !t.eventually(func() bool { return cache.Stats().Following }) {
		t.Errorf("a cache does not follow the storage, which can watch")
	}
	for i := range 8 {
		saved := t.saveText(b, "doc", strings.Repeat("x", i))
		same := func() bool {
			got, err := cache.Get(ctx, "doc")
			return err == nil && got.ID == saved.ID
		}
		w.until("doc")
		if c, ok := prompty.As[prompty.Syncer](cache); ok {
			t.within("Sync of a cache", func() error { return c.Sync(t.ctx()) })
			if !same() {
				t.Errorf("a cache, after Sync, does not give what another handle saved")
			}
		} else if !t.eventually(same) {
			t.Errorf("a cache never gives what another handle saved")
		}
		t.get(cache, "doc") // so that the next one has to be learned of
	}
}
