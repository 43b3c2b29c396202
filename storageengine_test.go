package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

func newEngine(t testing.TB, config prompty.StorageEngineConfig) *prompty.StorageEngine {
	t.Helper()
	if config.Storage == nil {
		config.Storage = prompty.NewMemoryStorage()
	}
	se, err := prompty.NewStorageEngine(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := se.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return se
}

func wantOutput(t testing.TB, se *prompty.StorageEngine, name string, data any, want string) {
	t.Helper()
	got, err := se.Execute(t.Context(), name, data)
	if err != nil || got != want {
		t.Errorf("Execute(%q) = %q, %v, want %q", name, got, err, want)
	}
}

// kinds are the ways a StorageEngine finds out that something changed.
var kinds = map[string]func() (prompty.TemplateStorage, prompty.TemplateStorage){ // the engine's, and the one to change
	"memory": func() (prompty.TemplateStorage, prompty.TemplateStorage) {
		m := prompty.NewMemoryStorage()
		return m, m
	},
	"ten methods": func() (prompty.TemplateStorage, prompty.TemplateStorage) {
		m := prompty.NewMemoryStorage()
		return plain{m}, m
	},
	"snapshots": func() (prompty.TemplateStorage, prompty.TemplateStorage) {
		m := prompty.NewMemoryStorage()
		return struct {
			plain
			prompty.Snapshotter
		}{plain{m}, m.(prompty.Snapshotter)}, m
	},
	"tenant": func() (prompty.TemplateStorage, prompty.TemplateStorage) {
		s := prompty.ForTenant(prompty.NewMemoryStorage(), "acme")
		return s, s
	},
	"cached": func() (prompty.TemplateStorage, prompty.TemplateStorage) {
		c := prompty.NewCachedStorage(plain{prompty.NewMemoryStorage()}, prompty.CacheConfig{})
		return c, c
	},
	"tenant of cached": func() (prompty.TemplateStorage, prompty.TemplateStorage) {
		s := prompty.ForTenant(prompty.NewCachedStorage(plain{prompty.NewMemoryStorage()}, prompty.CacheConfig{}), "acme")
		return s, s
	},
}

func TestExecuteFollowsEveryChange(t *testing.T) {
	t.Parallel()
	for kind, open := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s, change := open()
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
			save(t, change, "page", `{~prompty.include template="head" /~} body {~prompty.var name="x" /~}`)
			if _, err := se.Execute(ctx, "page", map[string]any{"x": 1}); !errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("Execute without its partial = %v, want ErrTemplateNotFound", err)
			}
			save(t, change, "head", "HEAD")
			wantOutput(t, se, "page", map[string]any{"x": 1}, "HEAD body 1")
			save(t, change, "head", "Head 2")
			wantOutput(t, se, "page", map[string]any{"x": 2}, "Head 2 body 2")
			wantOutput(t, se, "page", map[string]any{"x": 3}, "Head 2 body 3")
			save(t, change, "page", `{~prompty.include template="head@1" /~}!`)
			wantOutput(t, se, "page", nil, "HEAD!")
			if err := change.DeleteVersion(ctx, "page", 2); err != nil {
				t.Fatal(err)
			}
			wantOutput(t, se, "page", map[string]any{"x": 4}, "Head 2 body 4")
			if got, err := se.ExecuteVersion(ctx, "page", 1, map[string]any{"x": 5}); err != nil || got != "Head 2 body 5" {
				t.Errorf("ExecuteVersion(1) = %q, %v", got, err)
			}
			for _, v := range []int{0, -1, 2, 9} {
				if _, err := se.ExecuteVersion(ctx, "page", v, nil); !errors.Is(err, prompty.ErrVersionNotFound) {
					t.Errorf("ExecuteVersion(%d) = %v, want ErrVersionNotFound", v, err)
				}
			}
			if err := change.Delete(ctx, "page"); err != nil {
				t.Fatal(err)
			}
			if got, err := se.Execute(ctx, "page", nil); !errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("Execute of what is deleted = %q, %v, want ErrTemplateNotFound", got, err)
			}
			if _, err := se.Execute(ctx, "../x", nil); !errors.Is(err, prompty.ErrInvalidName) {
				t.Errorf("Execute(../x) = %v, want ErrInvalidName", err)
			}
		})
	}
}

// TestRendersSeeOneState saves a page and its two partials together, again and
// again, while others render: no render may mix two states.
func TestRendersSeeOneState(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"memory", "snapshots", "tenant"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, change := kinds[kind]()
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
			rendersSeeOneState(t, se, change, 200)
		})
	}
}

// rendersSeeOneState saves by change at least so often while others render. If it can save several
// at once, all that a render shows is of one save; else what was saved first may
// be one ahead.
func rendersSeeOneState(t *testing.T, se *prompty.StorageEngine, change prompty.TemplateStorage, saves int) {
	t.Helper()
	_, batches := prompty.As[prompty.BatchSaver](change)
	put := func(i int) {
		list := []*prompty.StoredTemplate{
			{Name: "a", Source: fmt.Sprint(i)},
			{Name: "b", Source: fmt.Sprint(i)},
			{Name: "page", Source: fmt.Sprintf(`%d {~prompty.include template="a" /~} {~prompty.include template="b" /~}`, i)},
		}
		if batches {
			if err := prompty.SaveAll(t.Context(), change, list); err != nil {
				t.Error(err)
			}
			return
		}
		for _, tmpl := range list {
			if err := change.Save(t.Context(), tmpl); err != nil {
				t.Error(err)
			}
		}
	}
	put(0)
	var wg sync.WaitGroup
	var done atomic.Bool
	var seen atomic.Int64 // renders of a state that this goroutine had not seen
	for range 3 {
		wg.Go(func() {
			last, lastA := -1, -1
			for !done.Load() {
				out, err := se.Execute(t.Context(), "page", nil)
				var page, a, b int
				if _, scanErr := fmt.Sscan(out, &page, &a, &b); err != nil || scanErr != nil {
					t.Errorf("Execute = %q, %v", out, err)
					return
				}
				one := page == a && a == b || !batches && page <= b && b <= a && a <= page+1
				if !one || page < last || a < lastA {
					t.Errorf("Execute = %q after %d and %d: mixes states or goes back", out, last, lastA)
					return
				}
				if page == last && a == lastA {
					runtime.Gosched() // the writer's turn
				} else {
					seen.Add(1)
				}
				last, lastA = page, a
			}
		})
	}
	saved := 0
	for ; saved < saves || seen.Load() < int64(saves/4) && !t.Failed(); saved++ {
		put(saved + 1)
		runtime.Gosched()
	}
	done.Store(true)
	wg.Wait()
	if err := se.Sync(t.Context()); err != nil {
		t.Errorf("Sync = %v", err)
	}
	wantOutput(t, se, "page", nil, fmt.Sprintf("%[1]d %[1]d %[1]d", saved))
}

// Without snapshots or counts, what is read is read again until it held still.
func TestLinkingIsRepeatedWhenTheStorageMoves(t *testing.T) {
	t.Parallel()
	b := newBackend()
	followed := told{newBackend(), func(context.Context) (<-chan prompty.ChangeBatch, error) {
		return make(chan prompty.ChangeBatch), nil // and the watch is late
	}}
	cached := newBackend()
	for _, c := range []struct {
		b *backend
		s prompty.TemplateStorage
	}{{b, b}, {followed.backend, followed}, {cached, prompty.NewCachedStorage(told{cached, followed.watch}, prompty.CacheConfig{})}} {
		se := newEngine(t, prompty.StorageEngineConfig{Storage: c.s})
		se.OnChange(func(prompty.ChangeBatch) {}) // waits until it follows, if it can
		save(t, c.b.s, "page", `old {~prompty.include template="part" /~}`)
		save(t, c.b.s, "part", "old")
		reads := 0
		c.b.after = func() {
			if reads++; reads == 1 { // the page is read, its partial is not
				save(t, c.b.s, "page", `new {~prompty.include template="part" /~}`)
				save(t, c.b.s, "part", "new")
			}
		}
		wantOutput(t, se, "page", nil, "new new")
	}
}

// slowToLocate is a storage on which a linking that found something broken is held
// up when it has read everything.
type slowToLocate struct {
	told
	entered, leave chan struct{}
}

func (s slowToLocate) Locate(context.Context, string, int, int) (string, int, error) {
	s.entered <- struct{}{}
	<-s.leave
	return "", 0, errors.ErrUnsupported
}

// A linking that comes last with an older state takes nobody back.
func TestSlowLinkingTakesNobodyBack(t *testing.T) {
	t.Parallel()
	late := func(context.Context) (<-chan prompty.ChangeBatch, error) { return make(chan prompty.ChangeBatch), nil }
	s := slowToLocate{told{newBackend(), late}, make(chan struct{}), make(chan struct{})}
	se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
	se.OnChange(func(prompty.ChangeBatch) {}) // waits until it follows
	save(t, s.s, "page", `{~prompty.include template="part" /~}`)
	save(t, s.s, "part", "one")
	wantOutput(t, se, "page", nil, "one")
	save(t, s.s, "part", "{~prompty.if~}")
	save(t, se, "other", "") // now it asks again
	slow := make(chan string)
	go func() {
		out, err := se.Execute(t.Context(), "page", nil)
		slow <- fmt.Sprint(out, err)
	}()
	<-s.entered
	save(t, s.s, "part", "three")
	wantOutput(t, se, "page", nil, "three")
	close(s.leave)
	if got := <-slow; got != "three<nil>" {
		t.Errorf("the slow Execute = %q, want three", got)
	}
	wantOutput(t, se, "page", nil, "three")
	wantBroken(t, se)
}

func TestBadEditLeavesTheLastGoodInService(t *testing.T) {
	t.Parallel()
	for kind, open := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			var mu sync.Mutex
			var told []string
			s, change := open()
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s, DisableWatch: true, OnReloadError: func(err *prompty.ReloadError) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, fmt.Sprintf("%s@%d->%d", err.Name, err.Version, err.Serving))
				if perr, ok := errors.AsType[*engine.Error](err); !ok || perr.Line == 0 {
					t.Errorf("%v has no position", err)
				}
			}})
			save(t, change, "page", `v1 {~prompty.include template="part" /~}`)
			save(t, change, "part", "part 1")
			wantOutput(t, se, "page", nil, "v1 part 1")

			save(t, change, "part", "line\n{~prompty.if eval=\"x\"~}")
			wantOutput(t, se, "page", nil, "v1 part 1")
			save(t, change, "page", `v2 {~prompty.nonsense`)
			wantOutput(t, se, "page", nil, "v1 part 1")
			save(t, change, "page", `v3 {~prompty.nonsense`)
			for range 3 {
				wantOutput(t, se, "page", nil, "v1 part 1")
			}
			save(t, change, "part", "part 3") // mended: it shows although the page is not
			wantOutput(t, se, "page", nil, "v1 part 3")
			st := se.Status()
			if len(st.Broken) != 1 || st.Broken[0].Name != "page" || st.Broken[0].Version != 3 || st.Broken[0].Serving != 1 || st.Programs != 1 {
				t.Errorf("Status = %+v, want page@3 broken, served by 1", st)
			}
			if text := st.Broken[0].Error(); !strings.Contains(text, "page@3: version 1 stays in service: page:1:") {
				t.Errorf("its text is %q", text)
			}
			// A restart serves the same.
			again := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: s})
			wantOutput(t, again, "page", nil, "v1 part 3")
			strict := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: s, Strict: true})
			if out, err := strict.Execute(ctx, "page", nil); err == nil || !strings.Contains(err.Error(), "page:1:") {
				t.Errorf("strict Execute = %q, %v, want the error with its place", out, err)
			}

			save(t, change, "page", `v4`)
			wantOutput(t, se, "page", nil, "v4")
			if st := se.Status(); len(st.Broken) != 0 {
				t.Errorf("Status after the repair = %+v, want nothing broken", st)
			}
			save(t, change, "page", `{~prompty.extends template="nowhere" /~}`) // parses, does not link
			wantOutput(t, se, "page", nil, "v4")
			if want := []string{"part@2->1", "page@2->1", "page@3->1", "page@5->4"}; !cmp.Equal(told, want) {
				t.Errorf("OnReloadError heard %q, want %q", told, want)
			}
			save(t, change, "new", "{~")
			if out, err := se.Execute(ctx, "new", nil); err == nil {
				t.Errorf("Execute of a template that never parsed = %q, want its error", out)
			}
		})
	}
}

func TestStorageFailureIsNoVerdictOnTemplates(t *testing.T) {
	t.Parallel()
	b := newBackend()
	se := newEngine(t, prompty.StorageEngineConfig{Storage: b})
	save(t, b.s, "page", `{~prompty.include template="part" onerror="remove" /~}.`)
	save(t, b.s, "part", "part")
	down := errors.New("connection refused")
	fail := true
	reads := 0
	b.before = func(context.Context) error {
		if reads++; reads%2 == 0 && fail {
			return down
		}
		return nil
	}
	if out, err := se.Execute(t.Context(), "page", nil); !errors.Is(err, down) {
		t.Errorf("Execute = %q, %v, want the storage's error, not a page without its part", out, err)
	}
	fail = false
	wantOutput(t, se, "page", nil, "part.")
	fail, reads = true, 1
	if out, err := se.Execute(t.Context(), "page", nil); !errors.Is(err, down) {
		t.Errorf("Execute = %q, %v, want the storage's error", out, err)
	}
	if st := se.Status(); len(st.Broken) != 0 {
		t.Errorf("Status = %+v, want nothing broken", st)
	}
}

func TestStorageEngineValidates(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	se := newEngine(t, prompty.StorageEngineConfig{})
	bad := &prompty.StoredTemplate{Name: "bad", Source: "ok\n  {~prompty.vra name=\"x\" /~}"}
	err := se.Save(ctx, bad)
	if perr, ok := errors.AsType[*engine.Error](err); !errors.Is(err, prompty.ErrInvalidTemplate) || !ok || perr.Line != 2 || perr.Column != 3 {
		t.Errorf("Save of a bad template = %v, want ErrInvalidTemplate at 2:3", err)
	}
	if err := prompty.SaveIf(ctx, se, bad, 0); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("SaveIf of a bad template = %v, want ErrInvalidTemplate", err)
	}
	if err := prompty.SaveAll(ctx, se, []*prompty.StoredTemplate{{Name: "good"}, bad}); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("SaveAll with a bad template = %v, want ErrInvalidTemplate", err)
	}
	if bad.Version != 0 {
		t.Errorf("Save failed but set version %d", bad.Version)
	}
	if found, _ := se.Exists(ctx, "bad"); found {
		t.Error("Save failed but saved")
	}
	if err := se.SaveWithoutValidation(ctx, bad); err != nil || bad.Version != 1 {
		t.Errorf("SaveWithoutValidation = %v, version %d", err, bad.Version)
	}
	issues, err := se.Validate(ctx, "bad")
	if err != nil || len(issues) != 1 || issues[0].Severity != engine.SeverityError {
		t.Errorf("Validate = %+v, %v, want one error", issues, err)
	}
	save(t, se, "warn", `{~prompty.include template="none" /~}`)
	issues, err = se.ValidateVersion(ctx, "warn", 1)
	if err != nil || len(issues) != 1 || issues[0].Severity != engine.SeverityWarning {
		t.Errorf("ValidateVersion = %+v, %v, want one warning", issues, err)
	}
	if _, err := se.Validate(ctx, "none"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Validate(none) = %v, want ErrTemplateNotFound", err)
	}
	if err := se.Save(ctx, &prompty.StoredTemplate{Name: "a:b"}); !errors.Is(err, prompty.ErrInvalidName) {
		t.Errorf("Save(a:b) = %v, want ErrInvalidName", err)
	}
	if _, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{}); err == nil || !strings.Contains(err.Error(), "Storage is nil") {
		t.Errorf("NewStorageEngine without storage = %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustNewStorageEngine without storage did not panic")
		}
	}()
	prompty.MustNewStorageEngine(prompty.StorageEngineConfig{})
}

func TestExecuteForms(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, off := range []bool{false, true} {
		se := newEngine(t, prompty.StorageEngineConfig{DisableParsedTemplateCache: off})
		save(t, se, "chat", `{~prompty.message role="system"~}Be {~prompty.var name="how" /~}.{~/prompty.message~}`+
			`{~prompty.message role="user"~}{~prompty.var name="q" /~}{~/prompty.message~}`)
		data := map[string]any{"how": "brief", "q": "Why?"}
		got, err := se.ExecuteMessages(ctx, "chat", data)
		if want := []engine.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Why?"}}; err != nil || !cmp.Equal(got, want) {
			t.Errorf("ExecuteMessages = %+v, %v, want %+v", got, err, want)
		}
		out, err := se.AppendExecute(ctx, []byte("> "), "chat", data)
		if err != nil || string(out) != "> Be brief.Why?" {
			t.Errorf("AppendExecute = %q, %v", out, err)
		}
		out, err = se.AppendExecute(ctx, []byte("> "), "chat", nil)
		if err == nil || string(out) != "> " {
			t.Errorf("AppendExecute that fails = %q, %v, want dst as it was", out, err)
		}
		for what, call := range map[string]func() error{
			"AppendExecute":   func() error { _, err := se.AppendExecute(ctx, nil, "none", nil); return err },
			"ExecuteMessages": func() error { _, err := se.ExecuteMessages(ctx, "none", nil); return err },
			"ExecuteVersion":  func() error { _, err := se.ExecuteVersion(ctx, "none", 1, nil); return err },
		} {
			if err := call(); !errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("%s(none) = %v, want ErrTemplateNotFound", what, err)
			}
		}
		want := 1
		if off {
			want = 0
		}
		if st := se.Status(); st.Programs != want {
			t.Errorf("cache off: %v: %d programs kept, want %d", off, st.Programs, want)
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := se.Execute(cancelled, "chat", data); !errors.Is(err, context.Canceled) {
			t.Errorf("Execute with a cancelled context = %v", err)
		}
	}
}

func TestRegisterChangesWhatIsCompiled(t *testing.T) {
	t.Parallel()
	se := newEngine(t, prompty.StorageEngineConfig{})
	if err := se.SaveWithoutValidation(t.Context(), &prompty.StoredTemplate{Name: "a", Source: `{~prompty.if eval="yes()"~}{~shout text="hi" /~}{~/prompty.if~}`}); err != nil {
		t.Fatal(err)
	}
	if _, err := se.Execute(t.Context(), "a", nil); err == nil {
		t.Error("Execute with an unknown function and tag = nil error")
	}
	if err := se.RegisterFunc(engine.Func{Name: "yes", Call: func([]any) (any, error) { return true, nil }}); err != nil {
		t.Fatal(err)
	}
	if err := se.RegisterResolver(engine.NewResolver("shout", func(_ context.Context, tag *engine.Tag) (any, error) {
		return strings.ToUpper(tag.Attrs["text"]), nil
	})); err != nil {
		t.Fatal(err)
	}
	wantOutput(t, se, "a", nil, "HI")
}

func TestDependents(t *testing.T) {
	t.Parallel()
	se := newEngine(t, prompty.StorageEngineConfig{})
	save(t, se, "base", `[{~prompty.block name="b"~}{~/prompty.block~}]`)
	save(t, se, "part", "p")
	save(t, se, "mid", `{~prompty.include template="part" /~}`)
	save(t, se, "x", `{~prompty.extends template="base" /~}{~prompty.block name="b"~}{~prompty.include template="mid" /~}{~/prompty.block~}`)
	save(t, se, "y", `{~prompty.include template="mid" /~}`)
	wantOutput(t, se, "x", nil, "[p]")
	wantOutput(t, se, "y", nil, "p")
	for name, want := range map[string][]string{"part": {"x", "y"}, "base": {"x"}, "mid": {"x", "y"}, "x": nil} {
		if got := se.Dependents(name); !cmp.Equal(got, want) {
			t.Errorf("Dependents(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestStorageEngineClosed(t *testing.T) {
	t.Parallel()
	for kind, open := range kinds {
		s, _ := open()
		se := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: s})
		save(t, se, "a", "x")
		wantOutput(t, se, "a", nil, "x")
		for range 2 {
			if err := se.Close(); err != nil {
				t.Errorf("%s: Close = %v", kind, err)
			}
		}
		for what, call := range map[string]func() error{
			"Execute":               func() error { _, err := se.Execute(t.Context(), "a", nil); return err },
			"Save":                  func() error { return se.Save(t.Context(), &prompty.StoredTemplate{Name: "a"}) },
			"SaveWithoutValidation": func() error { return se.SaveWithoutValidation(t.Context(), &prompty.StoredTemplate{Name: "a"}) },
			"Get":                   func() error { _, err := se.Get(t.Context(), "a"); return err },
			"Validate":              func() error { _, err := se.Validate(t.Context(), "a"); return err },
		} {
			if err := call(); !errors.Is(err, prompty.ErrClosed) {
				t.Errorf("%s: %s after Close = %v, want ErrClosed", kind, what, err)
			}
		}
	}
}

func TestExecuteAddsNoAllocation(t *testing.T) {
	se := newEngine(t, prompty.StorageEngineConfig{})
	save(t, se, "a", `Hello {~prompty.var name="name" /~}`)
	data := map[string]any{"name": "Ada"}
	dst := make([]byte, 0, 1024)
	ctx := t.Context()
	wantAllocations(t, "AppendExecute", 0, func() {
		if _, err := se.AppendExecute(ctx, dst, "a", data); err != nil {
			t.Fatal(err)
		}
	})
}
