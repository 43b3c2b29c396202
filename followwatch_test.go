package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// scripted is a storage whose watch does what the test says.
type scripted struct {
	*backend
	mu      sync.Mutex                 // guards the fields below
	watches []chan prompty.ChangeBatch // what Watch gave so far
	from    []string                   // what WatchFrom was asked
	refuse  error
}

func (s *scripted) refuseWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = err
}

func (s *scripted) last() chan prompty.ChangeBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watches[len(s.watches)-1]
}

func (s *scripted) Watch(context.Context) (<-chan prompty.ChangeBatch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return nil, s.refuse
	}
	s.watches = append(s.watches, make(chan prompty.ChangeBatch))
	return s.watches[len(s.watches)-1], nil
}

// tell sends a batch by the last watch and waits until it is taken in.
func (s *scripted) tell(b prompty.ChangeBatch) {
	s.last() <- b
	synctest.Wait()
}

func (s *scripted) end() {
	close(s.last())
	synctest.Wait()
}

// resuming is a scripted storage that can go on from a revision.
type resuming struct{ *scripted }

func (s resuming) WatchFrom(ctx context.Context, revision string) (<-chan prompty.ChangeBatch, error) {
	s.from = append(s.from, revision)
	return s.Watch(ctx)
}

func changed(name string) []prompty.Change {
	return []prompty.Change{{Name: name, Kind: prompty.Changed}}
}

// listen collects what OnChange says.
func listen(se *prompty.StorageEngine) *[]string {
	var got []string
	se.OnChange(func(b prompty.ChangeBatch) {
		text := fmt.Sprint(b.Changes)
		if b.All {
			text += " all"
		}
		if b.Watch != nil {
			text += fmt.Sprintf(" (%s, %s)", b.Watch.Mode, b.Watch.LastError)
		}
		got = append(got, text)
	})
	return &got
}

func TestWatchThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{backend: newBackend()}
		m := new(metrics)
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s, Metrics: m})
		got := listen(se)
		save(t, s.s, "page", "1")
		wantOutput(t, se, "page", nil, "1")
		save(t, s.s, "page", "2") // nobody says so
		wantOutput(t, se, "page", nil, "1")

		s.end()
		wantOutput(t, se, "page", nil, "2") // it asks
		save(t, s.s, "page", "3")
		wantOutput(t, se, "page", nil, "3")
		st := se.Status()
		if st.Following || st.Watch.Degraded == "" || st.Watch.LastError != "the storage ended the watch" {
			t.Errorf("Status = %+v, want it to say that the watch ended", st)
		}
		s.refuseWith(errors.New("no watches left"))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if st := se.Status(); st.Following || st.Watch.LastError != "no watches left" {
			t.Errorf("Status = %+v, want the last error", st)
		}
		save(t, s.s, "page", "{~")
		s.refuseWith(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := se.Status(); !st.Following || st.Watch.Degraded != "" || len(s.watches) != 2 {
			t.Errorf("Status = %+v with %d watches, want it to follow by a second one", st, len(s.watches))
		}
		wantBroken(t, se, "page@4") // what was missed meanwhile
		if want := []string{"[] (, the storage ended the watch)", "[] all (, )"}; !cmp.Equal(*got, want) {
			t.Errorf("OnChange heard %q, want %q", *got, want)
		}
		save(t, s.s, "page", "5")
		s.tell(prompty.ChangeBatch{Changes: changed("page")})
		wantOutput(t, se, "page", nil, "5")
		if want := []string{"degraded", "well"}; !cmp.Equal(m.degraded, want) {
			t.Errorf("Degraded heard %q, want %q", m.degraded, want)
		}
	})
}

func TestWatchIsResumed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := resuming{&scripted{backend: newBackend()}}
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
		got := listen(se)
		s.end()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(s.from) != 0 {
			t.Errorf("resumed from %q before any batch", s.from)
		}
		s.tell(prompty.ChangeBatch{Revision: "7", Changes: changed("a")})
		s.tell(prompty.ChangeBatch{Watch: &prompty.WatchStatus{Mode: "poll"}}) // of no state
		s.end()
		time.Sleep(time.Second)
		synctest.Wait()
		s.tell(prompty.ChangeBatch{Revision: "9", Changes: changed("b")})
		if !cmp.Equal(s.from, []string{"7"}) {
			t.Errorf("resumed from %q, want 7", s.from)
		}
		ended := "the storage ended the watch)"
		want := []string{
			"[] (, " + ended, "[] all (, )", "[{a changed}]",
			"[] (poll, )", "[] (poll, " + ended, "[] (poll, )", "[{b changed}]",
		}
		if !cmp.Equal(*got, want) {
			t.Errorf("OnChange heard %q, want %q", *got, want)
		}
	})
}

func TestWatchThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := told{newBackend(), func(context.Context) (<-chan prompty.ChangeBatch, error) { panic("watch") }}
		c := prompty.NewCachedStorage(s, prompty.CacheConfig{})
		defer c.Close()
		for _, storage := range []prompty.TemplateStorage{s, c, prompty.ForTenant(s, "acme")} {
			se := newEngine(t, prompty.StorageEngineConfig{Storage: storage})
			save(t, storage, "page", "1")
			synctest.Wait()
			wantOutput(t, se, "page", nil, "1")
			if got := se.Status().Watch.LastError; got != "watch: the storage panicked: watch" {
				t.Errorf("%T: LastError = %q, want the panic", storage, got)
			}
		}
	})
}

// A storage that is closed beneath is not watched again.
func TestWatchOfAClosedStorage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := prompty.NewMemoryStorage()
		se := newEngine(t, prompty.StorageEngineConfig{Storage: m})
		synctest.Wait()
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if _, err := se.Execute(t.Context(), "a", nil); !errors.Is(err, prompty.ErrClosed) || se.Status().Following {
			t.Errorf("Execute = %v, Following = %v, want ErrClosed and not to follow", err, se.Status().Following)
		}
	})
}

// metrics collects what it is told.
type metrics struct {
	mu       sync.Mutex
	counts   map[string]int64
	times    map[string][]time.Duration
	degraded []string
}

func (m *metrics) Count(name string, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = make(map[string]int64)
	}
	m.counts[name] += n
}

func (m *metrics) Observe(name string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.times == nil {
		m.times = make(map[string][]time.Duration)
	}
	m.times[name] = append(m.times[name], d)
}

func (m *metrics) Degraded(reason string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what := "degraded"
	if reason == "" {
		what = "well"
	}
	m.degraded = append(m.degraded, what)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{backend: newBackend()}
		m := new(metrics)
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s, Metrics: m})
		synctest.Wait()
		save(t, s.s, "page", "1")
		wantOutput(t, se, "page", nil, "1")
		wantOutput(t, se, "page", nil, "1")
		save(t, s.s, "page", "{~")
		start := time.Now()
		time.Sleep(3 * time.Second)
		s.tell(prompty.ChangeBatch{Changes: changed("page"), Since: start})
		s.tell(prompty.ChangeBatch{Changes: append(changed("a"), changed("b")...), All: true})
		s.tell(prompty.ChangeBatch{Watch: &prompty.WatchStatus{Overflows: 2, Degraded: "slow"}})
		s.tell(prompty.ChangeBatch{Watch: &prompty.WatchStatus{Overflows: 3, Degraded: "slow"}})
		if got, want := se.Status().Watch, (prompty.WatchStatus{Overflows: 3, Degraded: "slow"}); got != want {
			t.Errorf("Status().Watch = %+v, want %+v", got, want)
		}
		s.tell(prompty.ChangeBatch{Watch: &prompty.WatchStatus{Overflows: 3}})
		want := map[string]int64{"batches": 2, "changes": 3, "resyncs": 1, "overflows": 3, "reloads": 3, "reload_errors": 1}
		if diff := cmp.Diff(want, m.counts); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		if got := m.times["change"]; !slices.Equal(got, []time.Duration{3 * time.Second}) {
			t.Errorf("change took %v, want 3s", got)
		}
		if len(m.times) != 2 || len(m.times["reload"]) != 3 {
			t.Errorf("durations %v, want three reloads and a change", m.times)
		}
		if want := []string{"degraded", "well"}; !cmp.Equal(m.degraded, want) {
			t.Errorf("Degraded heard %q, want %q", m.degraded, want)
		}
	})
}

// speaking is a scripted storage that says at any time how it watches.
type speaking struct {
	*scripted
	status prompty.WatchStatus
}

func (s speaking) WatchStatus() prompty.WatchStatus { return s.status }

func TestStatusOfTheStorage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		status := prompty.WatchStatus{Mode: "inotify+poll", Degraded: "@rival is too large", LastError: "@rival/x: permission denied", Overflows: 1}
		s := speaking{&scripted{backend: newBackend()}, status}
		cached := prompty.NewCachedStorage(s, prompty.CacheConfig{})
		defer cached.Close()
		synctest.Wait()
		hidden := status
		hidden.LastError, hidden.Degraded = "", "changes may come late; who runs the storage can see why"
		for _, c := range []struct {
			s    prompty.TemplateStorage
			want prompty.WatchStatus
		}{{s, status}, {cached, status}, {prompty.ForTenant(s, "acme"), hidden}} {
			se := newEngine(t, prompty.StorageEngineConfig{Storage: c.s})
			synctest.Wait()
			if got := se.Status().Watch; got != c.want {
				t.Errorf("%T: Status().Watch = %+v, want %+v", c.s, got, c.want)
			}
		}
		acme := prompty.ForTenant(s, "acme")
		defer acme.Close()
		changes, err := acme.(prompty.Watcher).Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.tell(prompty.ChangeBatch{Watch: &status})
		if b := <-changes; b.Watch == nil || *b.Watch != hidden {
			t.Errorf("a tenant was told %+v, want %+v", b.Watch, hidden)
		}
	})
}

// gated is a scripted storage that answers for "slow" when the gate is free.
type gated struct {
	*scripted
	gate chan struct{} // full while it is shut
}

func (s gated) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	if name == "slow" {
		s.gate <- struct{}{}
		defer func() { <-s.gate }()
	}
	return s.scripted.Get(ctx, name)
}

// What a storage that counts no changes says counts at once, however long the
// follower has to do with what it said before.
func TestBatchesCountWhileTheFollowerIsBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gated{&scripted{backend: newBackend()}, make(chan struct{}, 1)}
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
		got := listen(se)
		save(t, s.s, "slow", "1")
		save(t, s.s, "quick", "1")
		wantOutput(t, se, "slow", nil, "1")
		wantOutput(t, se, "quick", nil, "1")
		s.gate <- struct{}{}
		s.tell(prompty.ChangeBatch{Changes: changed("slow")})

		save(t, s.s, "quick", "2")
		select {
		case s.last() <- prompty.ChangeBatch{Changes: changed("quick")}:
			synctest.Wait()
		case <-time.After(time.Second):
			t.Error("the follower takes no batch while it is busy")
		}
		wantOutput(t, se, "quick", nil, "2")
		s.end()
		save(t, s.s, "quick", "3") // nobody says so
		wantOutput(t, se, "quick", nil, "3")
		if se.Status().Following {
			t.Error("the watch ended, but the engine says that it follows")
		}
		<-s.gate
		synctest.Wait()
		heard := strings.Join(*got, " ") // it may be merged
		for _, want := range []string{"slow changed", "quick changed", "the storage ended the watch"} {
			if !strings.Contains(heard, want) {
				t.Errorf("OnChange heard %q, want %q in it", heard, want)
			}
		}
	})
}

// drafting shows texts that are no versions yet: each has the next number.
type drafting struct {
	*scripted
	text string
}

func (s *drafting) Get(_ context.Context, name string) (*prompty.StoredTemplate, error) {
	return &prompty.StoredTemplate{ID: prompty.TemplateID(s.text), Name: name, Version: 1, Source: s.text}, nil
}

// An edit that is not committed has the number of the version that it would be,
// and so has the next.
func TestEachBrokenDraftIsReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &drafting{&scripted{backend: newBackend()}, "good"}
		var heard heard
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s, OnReloadError: heard.tell})
		synctest.Wait()
		wantOutput(t, se, "page", nil, "good")
		want := []string{}
		for _, text := range []string{"{~", "{~ again", "{~ and again"} {
			s.text = text
			for range 2 {
				s.tell(prompty.ChangeBatch{Changes: changed("page")})
			}
			want = append(want, "page@1->0")
			heard.want(t, want...)
		}
	})
}
