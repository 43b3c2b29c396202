package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// told is a backend that can watch but counts no changes, as other people's do.
type told struct {
	*backend
	watch func(ctx context.Context) (<-chan prompty.ChangeBatch, error)
}

func (s told) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) { return s.watch(ctx) }

// newTold is told by the memory storage behind it.
func newTold() told {
	b := newBackend()
	return told{b, b.s.(prompty.Watcher).Watch}
}

// followed are storages that an engine can follow, each with the one beneath it,
// which is changed behind its back.
var followed = map[string]func(t *testing.T) (prompty.TemplateStorage, prompty.TemplateStorage){
	"memory": func(*testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
		m := prompty.NewMemoryStorage()
		return m, m
	},
	"cache": func(*testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
		m := prompty.NewMemoryStorage()
		return prompty.NewCachedStorage(m, prompty.CacheConfig{}), m
	},
	"other people's": func(*testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
		s := newTold()
		return s, s.s
	},
	"cache of other people's": func(*testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
		s := newTold()
		return prompty.NewCachedStorage(s, prompty.CacheConfig{}), s.s
	},
	"tenant": func(*testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
		m := prompty.NewMemoryStorage()
		return prompty.ForTenant(m, "acme"), prompty.ForTenant(m, "acme")
	},
	"tenant of other people's": func(*testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
		s := newTold()
		return prompty.ForTenant(s, "acme"), prompty.ForTenant(s.s, "acme")
	},
	"tenant of cache": func(t *testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
		m := prompty.NewMemoryStorage()
		c := prompty.NewCachedStorage(m, prompty.CacheConfig{})
		t.Cleanup(func() { c.Close() })
		return prompty.ForTenant(c, "acme"), prompty.ForTenant(m, "acme")
	},
}

// follows runs test on an engine over each followed storage, in a synctest
// bubble, where synctest.Wait waits until all that is to happen has happened.
func follows(t *testing.T, test func(t *testing.T, se *prompty.StorageEngine, change prompty.TemplateStorage, heard *heard)) {
	for kind, open := range followed {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, change := open(t)
				var heard heard
				se := newEngine(t, prompty.StorageEngineConfig{Storage: s, OnReloadError: heard.tell})
				synctest.Wait()
				if st := se.Status(); !st.Following {
					t.Errorf("Status = %+v, want it to follow", st)
				}
				test(t, se, change, &heard)
			})
		})
	}
}

func TestBrokenEditIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	follows(t, func(t *testing.T, se *prompty.StorageEngine, change prompty.TemplateStorage, heard *heard) {
		save(t, change, "page", `1 {~prompty.include template="part" /~}`)
		save(t, change, "part", "one")
		synctest.Wait()
		wantOutput(t, se, "page", nil, "1 one")
		heard.want(t)

		save(t, change, "part", "\n  {~prompty.if~}")
		synctest.Wait() // nobody executes it
		heard.want(t, "part@2->1")
		wantBroken(t, se, "part@2")
		if text := se.Status().Broken[0].Error(); !strings.Contains(text, "part:2:3: ") {
			t.Errorf("the report is %q, want it to say part:2:3", text)
		}
		save(t, change, "page", "{~")
		synctest.Wait()
		heard.want(t, "part@2->1", "page@2->1")
		wantBroken(t, se, "page@2", "part@2")
		wantOutput(t, se, "page", nil, "1 one")
		heard.want(t, "part@2->1", "page@2->1") // once

		save(t, change, "part", "three")
		synctest.Wait()
		wantBroken(t, se, "page@2")
		save(t, change, "page", `3 {~prompty.include template="part" /~}`)
		synctest.Wait()
		wantBroken(t, se)
		wantOutput(t, se, "page", nil, "3 three")
	})
}

// What was executed and has no version that links has no program to tell what it
// hangs on.
func TestWhatNeverServedRecovers(t *testing.T) {
	t.Parallel()
	follows(t, func(t *testing.T, se *prompty.StorageEngine, change prompty.TemplateStorage, heard *heard) {
		ctx := t.Context()
		save(t, change, "page", `{~prompty.extends template="base" /~}`)
		save(t, change, "pinned", `{~prompty.extends template="part" /~}`)
		save(t, change, "part", "{~")
		synctest.Wait()
		if out, err := se.Execute(ctx, "page", nil); !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("Execute = %q, %v, want the missing base", out, err)
		}
		if out, err := se.ExecuteVersion(ctx, "pinned", 1, nil); err == nil {
			t.Errorf("ExecuteVersion = %q, want the partial's error", out)
		}
		heard.want(t, "page@1->0", "part@1->0")
		wantBroken(t, se, "page@1", "part@1")
		save(t, change, "base", "base")
		synctest.Wait()
		wantBroken(t, se, "part@1")
		save(t, change, "part", "{~ still")
		synctest.Wait()
		wantBroken(t, se, "part@1")
		save(t, change, "part", "part")
		synctest.Wait()
		wantBroken(t, se)
		if st := se.Status(); st.Programs != 1 {
			t.Errorf("%d programs, want the page alone", st.Programs)
		}
		save(t, change, "page", "{~")
		synctest.Wait()
		heard.want(t, "page@1->0", "part@1->0", "page@2->1")

		save(t, change, "pinned", `{~prompty.extends template="gone" /~}`)
		save(t, change, "gone", "{~")
		synctest.Wait()
		if out, err := se.ExecuteVersion(ctx, "pinned", 2, nil); err == nil {
			t.Errorf("ExecuteVersion = %q, want the partial's error", out)
		}
		wantBroken(t, se, "gone@1", "page@2")
		for _, name := range []string{"gone", "page"} {
			if err := change.Delete(ctx, name); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		wantBroken(t, se)
	})
}

func TestOnChangeHearsOfWhatServes(t *testing.T) {
	t.Parallel()
	follows(t, func(t *testing.T, se *prompty.StorageEngine, change prompty.TemplateStorage, _ *heard) {
		save(t, change, "page", `{~prompty.include template="part" /~}`)
		save(t, change, "part", "0")
		synctest.Wait()
		wantOutput(t, se, "page", nil, "0")
		var got []string
		stop := se.OnChange(func(b prompty.ChangeBatch) {
			out, err := se.Execute(t.Context(), "page", nil)
			got = append(got, fmt.Sprint(b.Changes, b.All, out, err))
		})
		other := 0
		se.OnChange(func(prompty.ChangeBatch) { other++ })
		for i := range 3 {
			save(t, change, "part", fmt.Sprint(i+1))
			synctest.Wait()
		}
		want := []string{"[{part changed}] false1<nil>", "[{part changed}] false2<nil>", "[{part changed}] false3<nil>"}
		if !cmp.Equal(got, want) {
			t.Errorf("OnChange rendered %q, want %q", got, want)
		}
		stop()
		stop()
		save(t, change, "part", "4")
		synctest.Wait()
		if len(got) != 3 || other != 4 {
			t.Errorf("after stop: %d calls, and %d of the other's, want 3 and 4", len(got), other)
		}
	})
}

func TestSlowSubscribersHoldUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := prompty.NewMemoryStorage()
		se := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: m})
		release := make(chan struct{})
		var got []prompty.ChangeBatch
		se.OnChange(func(b prompty.ChangeBatch) { got = append(got, b); <-release })
		quick := 0
		se.OnChange(func(b prompty.ChangeBatch) { quick += len(b.Changes) })
		for i := range 5 {
			save(t, m, fmt.Sprint("t", i), "x")
			synctest.Wait()
			wantOutput(t, se, fmt.Sprint("t", i), nil, "x")
		}
		if len(got) != 1 || quick != 5 {
			t.Errorf("the slow one has %d batches, the quick one %d changes, want 1 and 5", len(got), quick)
		}
		release <- struct{}{}
		synctest.Wait()
		if len(got) != 2 || len(got[1].Changes) != 4 {
			t.Errorf("then the slow one got %+v, want the other four in one", got[1:])
		}
		if err := se.Close(); err != nil { // although the second call has not returned
			t.Errorf("Close = %v", err)
		}
		close(release)
		se.OnChange(func(prompty.ChangeBatch) { t.Error("called after Close") })()
	})
}

func TestCallbacksMayClose(t *testing.T) {
	t.Parallel()
	for what, make := range map[string]func(se **prompty.StorageEngine) prompty.StorageEngineConfig{
		"OnReloadError": func(se **prompty.StorageEngine) prompty.StorageEngineConfig {
			return prompty.StorageEngineConfig{OnReloadError: func(*prompty.ReloadError) { (*se).Close() }}
		},
		"OnChange": func(**prompty.StorageEngine) prompty.StorageEngineConfig { return prompty.StorageEngineConfig{} },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var se *prompty.StorageEngine
				config := make(&se)
				config.Storage = prompty.NewMemoryStorage()
				se = prompty.MustNewStorageEngine(config)
				save(t, config.Storage, "page", "good")
				wantOutput(t, se, "page", nil, "good")
				synctest.Wait()
				if what == "OnChange" {
					se.OnChange(func(prompty.ChangeBatch) { se.Close() })
				}
				save(t, config.Storage, "page", "{~")
				synctest.Wait()
				if out, err := se.Execute(t.Context(), "page", nil); !errors.Is(err, prompty.ErrClosed) {
					t.Errorf("Execute = %q, %v, want ErrClosed", out, err)
				}
			})
		})
	}
}

// Nobody could recover from a panic in the engine's own goroutine.
func TestFollowerSurvivesPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTold()
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s, OnReloadError: func(*prompty.ReloadError) { panic("callback") }})
		save(t, s.s, "page", "good")
		synctest.Wait()
		wantOutput(t, se, "page", nil, "good")
		save(t, s.s, "page", "{~")
		synctest.Wait()
		if got := se.Status().Watch.LastError; got != "OnReloadError panicked: callback" {
			t.Errorf("LastError = %q, want the callback's panic", got)
		}
		s.before = func(context.Context) error { panic("storage") }
		save(t, s.s, "page", "{~!")
		synctest.Wait()
		if got := se.Status().Watch.LastError; got != "bringing page up to date panicked: storage" {
			t.Errorf("LastError = %q, want the storage's panic", got)
		}
		s.before = nil
		save(t, s.s, "page", "mended")
		synctest.Wait()
		wantOutput(t, se, "page", nil, "mended")
	})
}

// While it follows, an engine asks nobody.
func TestExecuteAsksNobodyWhileFollowing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTold()
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
		save(t, s.s, "page", `{~prompty.include template="part" /~}`)
		save(t, s.s, "part", "1")
		wantOutput(t, se, "page", nil, "1")
		synctest.Wait()
		wantOutput(t, se, "page", nil, "1")
		s.reads.Store(0)
		for range 10 {
			wantOutput(t, se, "page", nil, "1")
		}
		s.wantReads(t, 0, "ten renders while following")
		if err := se.Save(t.Context(), &prompty.StoredTemplate{Name: "part", Source: "2"}); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, se, "page", nil, "2") // before the watch could tell
	})
}

// Every way to change something through the engine shows at once, however late
// the watch is.
func TestEngineShowsItsOwnChangesAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := prompty.NewMemoryStorage()
	s := struct {
		told
		prompty.ConditionalSaver
		prompty.BatchSaver
	}{told{&backend{plain: plain{m}}, func(context.Context) (<-chan prompty.ChangeBatch, error) {
		return make(chan prompty.ChangeBatch), nil
	}}, m.(prompty.ConditionalSaver), m.(prompty.BatchSaver)}
	se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
	se.OnChange(func(prompty.ChangeBatch) {}) // waits until it follows
	save(t, se, "page", "1")
	wantOutput(t, se, "page", nil, "1")
	for _, step := range []struct {
		what   string
		change func() error
		want   string
	}{
		{"Save", func() error { return se.Save(ctx, &prompty.StoredTemplate{Name: "page", Source: "2"}) }, "2"},
		{"SaveWithoutValidation", func() error {
			return se.SaveWithoutValidation(ctx, &prompty.StoredTemplate{Name: "page", Source: "3"})
		}, "3"},
		{"SaveIf", func() error { return prompty.SaveIf(ctx, se, &prompty.StoredTemplate{Name: "page", Source: "4"}, 3) }, "4"},
		{"SaveAll", func() error {
			return prompty.SaveAll(ctx, se, []*prompty.StoredTemplate{{Name: "page", Source: "5"}, {Name: "other"}})
		}, "5"},
		{"DeleteVersion", func() error { return se.DeleteVersion(ctx, "page", 5) }, "4"},
		{"RollbackToVersion", func() error { _, err := se.RollbackToVersion(ctx, "page", 1); return err }, "1"},
	} {
		if err := step.change(); err != nil {
			t.Fatalf("%s = %v", step.what, err)
		}
		if got, err := se.Execute(ctx, "page", nil); err != nil || got != step.want {
			t.Errorf("after %s: Execute = %q, %v, want %q", step.what, got, err, step.want)
		}
	}
	if err := se.Delete(ctx, "page"); err != nil {
		t.Fatal(err)
	}
	if got, err := se.Execute(ctx, "page", nil); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("after Delete: Execute = %q, %v, want ErrTemplateNotFound", got, err)
	}
	save(t, m, "page", "behind its back")
	if _, err := se.CloneVersion(ctx, "other", 1, "clone"); err != nil {
		t.Fatal(err)
	}
	wantOutput(t, se, "page", nil, "behind its back") // for a clone counts as well
}

func TestNotFollowing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for what, config := range map[string]prompty.StorageEngineConfig{
			"a storage that cannot watch": {Storage: newBackend()},
			"DisableWatch":                {Storage: newTold(), DisableWatch: true},
			"a watch that is unsupported": {Storage: told{newBackend(), func(context.Context) (<-chan prompty.ChangeBatch, error) {
				return nil, &prompty.StorageError{Op: "watch", Err: errors.ErrUnsupported}
			}}},
		} {
			se := newEngine(t, config)
			se.OnChange(func(b prompty.ChangeBatch) { t.Errorf("%s: OnChange heard %+v", what, b) })
			synctest.Wait()
			for i := range 3 {
				source := fmt.Sprint(i)
				save(t, config.Storage, "page", source)
				wantOutput(t, se, "page", nil, source)
			}
			time.Sleep(time.Hour)
			if err := se.Sync(t.Context()); err != nil {
				t.Errorf("%s: Sync = %v", what, err)
			}
			if st := se.Status(); st.Following || st.Watch != (prompty.WatchStatus{}) {
				t.Errorf("%s: Status = %+v, want it not to follow, and nothing wrong", what, st)
			}
		}
	})
}

// An engine is there at once, however long the storage takes to watch.
func TestEngineOverASlowWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		armed := make(chan struct{})
		b := newBackend()
		s := told{b, func(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
			select {
			case <-armed:
				return b.s.(prompty.Watcher).Watch(ctx)
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		var heard heard
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s, OnReloadError: heard.tell})
		save(t, b.s, "page", "1")
		wantOutput(t, se, "page", nil, "1")
		save(t, b.s, "page", "2")
		wantOutput(t, se, "page", nil, "2")
		save(t, b.s, "page", "{~") // not executed before it follows
		synctest.Wait()
		heard.want(t)
		close(armed)
		synctest.Wait()
		heard.want(t, "page@3->2")

		never := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: told{newBackend(), func(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}})
		subscribed := make(chan struct{})
		go func() {
			never.OnChange(func(prompty.ChangeBatch) {})
			close(subscribed)
		}()
		synctest.Wait()
		if err := never.Close(); err != nil {
			t.Errorf("Close while the watch begins = %v", err)
		}
		<-subscribed
	})
}

func TestRenderSyncs(t *testing.T) {
	t.Parallel()
	for kind, open := range followed {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, change := open(t)
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
			save(t, change, "page", `{~prompty.include template="part" /~}`)
			for i := range 100 {
				source := fmt.Sprint(i)
				save(t, change, "part", source)
				if err := se.Sync(t.Context()); err != nil {
					t.Fatalf("Sync = %v", err)
				}
				wantOutput(t, se, "page", nil, source)
				bad := save(t, change, "part", "{~")
				if err := se.Sync(t.Context()); err != nil {
					t.Fatalf("Sync = %v", err)
				}
				wantBroken(t, se, fmt.Sprintf("part@%d", bad.Version))
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := se.Sync(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Sync with a cancelled context = %v", err)
			}
			if err := se.Close(); err != nil {
				t.Fatal(err)
			}
			if err := se.Sync(t.Context()); !errors.Is(err, prompty.ErrClosed) {
				t.Errorf("Sync after Close = %v, want ErrClosed", err)
			}
		})
	}
}

// TestFollowedRendersSeeOneState is TestRendersSeeOneState for an engine that is
// told of changes a little later than they are made.
func TestFollowedRendersSeeOneState(t *testing.T) {
	t.Parallel()
	for kind, open := range followed {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, change := open(t)
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
			rendersSeeOneState(t, se, change, 200)
		})
	}
}

// wantAllocations gives fn some tries, as what the engine's own goroutine has yet
// to do after a change is counted as well.
func wantAllocations(t *testing.T, what string, most float64, fn func()) {
	t.Helper()
	n := most + 1
	for try := 0; try < 50 && n > most; try++ {
		n = testing.AllocsPerRun(100, fn)
	}
	if n > most {
		t.Errorf("%s allocates %v times, want at most %v", what, n, most)
	}
}

func TestFollowingAddsNoAllocation(t *testing.T) {
	all := maps.Clone(followed)
	for kind, open := range places {
		all[kind] = func(t *testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
			again := open(t)
			return again(), again()
		}
		all[kind+", cached"] = func(t *testing.T) (prompty.TemplateStorage, prompty.TemplateStorage) {
			again := open(t)
			return prompty.NewCachedStorage(again(), prompty.CacheConfig{}), again()
		}
	}
	for kind, open := range all {
		t.Run(kind, func(t *testing.T) {
			s, change := open(t)
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
			save(t, change, "a", `Hello {~prompty.var name="name" /~}{~prompty.include template="b" /~}`)
			save(t, change, "b", "!")
			data := map[string]any{"name": "Ada"}
			dst := make([]byte, 0, 1024)
			ctx := t.Context()
			if err := se.Sync(ctx); err != nil {
				t.Fatal(err)
			}
			se.OnChange(func(prompty.ChangeBatch) {}) // waits until it follows
			execute := func() {
				if _, err := se.AppendExecute(ctx, dst, "a", data); err != nil {
					t.Fatal(err)
				}
			}
			execute()
			wantAllocations(t, "AppendExecute", 0, execute)
			wantAllocations(t, "Execute", 1, func() { // its result
				if _, err := se.Execute(ctx, "a", data); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
