package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// heard collects what OnReloadError is told.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) tell(err *prompty.ReloadError) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, fmt.Sprintf("%s@%d->%d", err.Name, err.Version, err.Serving))
}

func (h *heard) want(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !cmp.Equal(h.list, want) {
		t.Errorf("OnReloadError heard %q, want %q", h.list, want)
	}
}

func wantBroken(t *testing.T, se *prompty.StorageEngine, want ...string) {
	t.Helper()
	var got []string
	for _, b := range se.Status().Broken {
		got = append(got, fmt.Sprintf("%s@%d", b.Name, b.Version))
	}
	if !cmp.Equal(got, want) {
		t.Errorf("Status().Broken = %q, want %q", got, want)
	}
}

// A version that stands in for a broken one is deleted like any other.
func TestStandInIsDeleted(t *testing.T) {
	t.Parallel()
	for kind, open := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s, change := open()
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
			save(t, change, "page", "v1")
			save(t, change, "page", "v2")
			save(t, change, "page", "{~")
			save(t, change, "around", `({~prompty.include template="page" /~})`)
			wantOutput(t, se, "page", nil, "v2")
			wantOutput(t, se, "around", nil, "(v2)")
			if err := change.DeleteVersion(ctx, "page", 2); err != nil {
				t.Fatal(err)
			}
			wantOutput(t, se, "page", nil, "v1")
			wantOutput(t, se, "around", nil, "(v1)")
			if got := se.Dependents("page"); !cmp.Equal(got, []string{"around"}) {
				t.Errorf("Dependents(page) = %q, want around alone", got)
			}
			if err := change.DeleteVersion(ctx, "page", 1); err != nil {
				t.Fatal(err)
			}
			if out, err := se.Execute(ctx, "page", nil); err == nil {
				t.Errorf("Execute without a version that parses = %q, want its error", out)
			}
		})
	}
}

func TestEachBrokenVersionIsToldOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var told heard
	se := newEngine(t, prompty.StorageEngineConfig{DisableWatch: true, OnReloadError: told.tell})
	m := se.Unwrap()
	save(t, m, "base", `[{~prompty.block name="b"~}{~/prompty.block~}]`)
	save(t, m, "page", "one")
	save(t, m, "page", `{~prompty.extends template="base" /~}`)
	save(t, m, "index", `{~prompty.include template="page" onerror="remove" /~}.`)
	wantOutput(t, se, "page", nil, "[]")
	if err := m.Delete(ctx, "base"); err != nil {
		t.Fatal(err)
	}
	wantOutput(t, se, "page", nil, "one")
	told.want(t, "page@2->1")
	wantBroken(t, se, "page@2")
	if _, err := se.Execute(ctx, "index", nil); err == nil { // it parses, which is not enough
		wantBroken(t, se, "page@2")
	}
	wantBroken(t, se, "page@2")
	save(t, m, "base", "back")
	wantOutput(t, se, "page", nil, "back")
	wantBroken(t, se)

	save(t, m, "page", "{~")
	save(t, m, "page", "{~!")
	wantOutput(t, se, "page", nil, "back")
	if err := m.DeleteVersion(ctx, "page", 4); err != nil {
		t.Fatal(err)
	}
	wantOutput(t, se, "page", nil, "back")
	wantBroken(t, se, "page@3")
	save(t, m, "page", "{~?")
	wantOutput(t, se, "page", nil, "back")
	if err := m.DeleteVersion(ctx, "page", 5); err != nil {
		t.Fatal(err)
	}
	wantOutput(t, se, "page", nil, "back") // 3 is the latest once more
	wantBroken(t, se, "page@3")
	told.want(t, "page@2->1", "page@4->2", "page@3->2", "page@5->2")

	// Mended, and seen only as an include.
	save(t, m, "page", `{~prompty.extends template="nowhere" /~}`)
	wantOutput(t, se, "page", nil, "back")
	wantBroken(t, se, "page@6")
	save(t, m, "page", "good")
	wantOutput(t, se, "index", nil, "good.")
	wantBroken(t, se)
}

func TestBrokenVersionIsToldOnceToManyRenders(t *testing.T) {
	t.Parallel()
	var told heard
	se := newEngine(t, prompty.StorageEngineConfig{DisableWatch: true, OnReloadError: told.tell})
	var want []string
	for i := range 20 {
		good, bad := save(t, se.Unwrap(), "page", fmt.Sprint("good ", i)), save(t, se.Unwrap(), "page", "{~")
		want = append(want, fmt.Sprintf("page@%d->%d", bad.Version, good.Version))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { wantOutput(t, se, "page", nil, good.Source) })
		}
		wg.Wait()
	}
	told.want(t, want...)
}

func TestStrictTellsOfWhatDoesNotLink(t *testing.T) {
	t.Parallel()
	var told heard
	se := newEngine(t, prompty.StorageEngineConfig{DisableWatch: true, Strict: true, OnReloadError: told.tell})
	save(t, se, "page", "one")
	save(t, se, "page", `{~prompty.extends template="nowhere" /~}`)
	if out, err := se.Execute(t.Context(), "page", nil); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Execute = %q, %v, want the missing base", out, err)
	}
	told.want(t, "page@2->0")
	wantBroken(t, se, "page@2")
}

// A callback's panic is its caller's; nothing is left undone or locked.
func TestOnReloadErrorThatPanics(t *testing.T) {
	t.Parallel()
	se := newEngine(t, prompty.StorageEngineConfig{DisableWatch: true, OnReloadError: func(*prompty.ReloadError) { panic("told") }})
	save(t, se.Unwrap(), "page", "good")
	save(t, se.Unwrap(), "page", "{~")
	func() {
		defer func() {
			if r := recover(); r != "told" {
				t.Errorf("Execute panicked with %v, want the callback's panic", r)
			}
		}()
		out, err := se.Execute(t.Context(), "page", nil)
		t.Errorf("Execute = %q, %v, want a panic", out, err)
	}()
	wantOutput(t, se, "page", nil, "good")
	wantBroken(t, se, "page@2")
}

// Each time a template is parsed, the storage changes. Rendering must come to
// an end nevertheless.
func TestRenderBesideABusyWriter(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"memory", "tenant"} {
		for _, busy := range []string{"part", "unrelated"} {
			t.Run(kind+" "+busy, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s, change := kinds[kind]()
				se := newEngine(t, prompty.StorageEngineConfig{Storage: s, DisableWatch: true, DisableParsedTemplateCache: true})
				calls := 0
				err := se.RegisterFunc(engine.Func{Name: "touch", Pure: true, Call: func([]any) (any, error) {
					if calls++; calls == 50 {
						cancel()
					}
					save(t, change, busy, "new")
					return "touched", nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				save(t, change, "part", "old")
				save(t, change, "page", `{~prompty.if eval="touch() == 'touched'"~}{~prompty.include template="part" /~}{~/prompty.if~}`)
				if out, err := se.Execute(ctx, "page", nil); err != nil || out == "" {
					t.Errorf("Execute = %q, %v after %d readings", out, err, calls)
				}
			})
		}
	}
}

// many has a thousand versions of every name, of 4 MiB less some bytes, which
// take no memory.
type many struct {
	plain
	text string
}

func (m many) GetVersion(_ context.Context, name string, v int) (*prompty.StoredTemplate, error) {
	return &prompty.StoredTemplate{Name: name, Version: v, ID: prompty.TemplateID(fmt.Sprint(name, "@", v)), Source: m.text[v:]}, nil
}

func TestProgramsAreBounded(t *testing.T) {
	m := many{plain{prompty.NewMemoryStorage()}, strings.Repeat("x", 4<<20)}
	se := newEngine(t, prompty.StorageEngineConfig{Storage: m})
	for v := range 60 {
		if out, err := se.ExecuteVersion(t.Context(), "a", v+1, nil); err != nil || len(out) != 4<<20-v-1 {
			t.Fatalf("ExecuteVersion(%d) = %d bytes, %v", v+1, len(out), err)
		}
	}
	if st := se.Status(); st.Programs > 40 {
		t.Errorf("%d programs of 4 MiB are kept, want at most 40", st.Programs)
	}
}

func TestOldTextsAreLetGo(t *testing.T) {
	se := newEngine(t, prompty.StorageEngineConfig{})
	m := se.Unwrap()
	text := strings.Repeat("x", 2<<20)
	for i := range 80 {
		save(t, m, "a", fmt.Sprint(i, text))
		if out, err := se.Execute(t.Context(), "a", nil); err != nil || len(out) < len(text) {
			t.Fatalf("Execute = %d bytes, %v", len(out), err)
		}
		if i > 0 {
			if err := m.DeleteVersion(t.Context(), "a", i); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if stats.HeapAlloc > 100<<20 {
		t.Errorf("%d MiB are held after 80 versions of 2 MiB, of which one is left", stats.HeapAlloc>>20)
	}
	runtime.KeepAlive(se)
}
