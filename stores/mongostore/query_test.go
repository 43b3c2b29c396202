package mongostore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	monitor "go.mongodb.org/mongo-driver/v2/event"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// recorder keeps the find commands that a store sends.
type recorder struct {
	mu   sync.Mutex
	list []bson.Raw
}

func (r *recorder) started(_ context.Context, e *monitor.CommandStartedEvent) {
	if e.CommandName == "find" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.list = append(r.list, slices.Clone(e.Command))
	}
}

func (r *recorder) take() []bson.Raw {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// Every query is by _id or by an index; MongoDB itself says so, where it is there.
// What needs no text does not ask for it.
func TestQueriesUseIndexes(t *testing.T) {
	p, err := parseURL(newPlace(t))
	if err != nil {
		t.Fatal(err)
	}
	r := new(recorder)
	p.client.SetMonitor(&monitor.CommandMonitor{Started: r.started})
	s, err := connect(p)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	real := !s.exact
	s.exact = false // so that it asks as it asks MongoDB
	for i := range 30 {
		name := fmt.Sprintf("n/%d", i%10)
		if err := s.SaveAll(ctx, []*prompty.StoredTemplate{{Name: name, Source: "text", Tags: []string{"x", "y"}, CreatedBy: "ann", TenantID: "acme"}}); err != nil {
			t.Fatal(err)
		}
	}
	_, position, err := s.Heads(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	list := func(q prompty.TemplateQuery) func() error {
		return func() error { _, err := s.List(ctx, &q); return err }
	}
	for call, c := range map[string]struct {
		do    func() error
		texts bool
	}{
		"Get":           {func() error { _, err := s.Get(ctx, "n/1"); return err }, true},
		"GetVersion":    {func() error { _, err := s.GetVersion(ctx, "n/1", 1); return err }, true},
		"LatestVersion": {func() error { _, err := s.LatestVersion(ctx, "n/1"); return err }, false},
		"ListVersions":  {func() error { _, err := s.ListVersions(ctx, "n/1"); return err }, false},
		"History":       {func() error { _, err := s.History(ctx, "n/1"); return err }, false},
		"DeleteVersion": {func() error { return s.DeleteVersion(ctx, "n/1", 2) }, true},
		"Heads":         {func() error { _, _, err := s.Heads(ctx, ""); return err }, false},
		"Heads since":   {func() error { _, _, err := s.Heads(ctx, position); return err }, false},
		"List":          {list(prompty.TemplateQuery{}), true},
		"List prefix":   {list(prompty.TemplateQuery{NamePrefix: "n/", NameContains: "3"}), true},
		"List tags":     {list(prompty.TemplateQuery{Tags: []string{"x", "y"}}), true},
		"List tenant":   {list(prompty.TemplateQuery{TenantID: "acme"}), true},
		"List author":   {list(prompty.TemplateQuery{CreatedBy: "ann", Limit: 3}), true},
		"List page":     {list(prompty.TemplateQuery{Offset: 2, Limit: 3}), true},
		"List all":      {list(prompty.TemplateQuery{IncludeAllVersions: true, NamePrefix: "n/"}), true},
		"List all tags": {list(prompty.TemplateQuery{IncludeAllVersions: true, Tags: []string{"x"}, Offset: 2}), true},
	} {
		r.take()
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", call, err)
			continue
		}
		commands := r.take()
		if len(commands) == 0 {
			t.Errorf("%s asks for nothing", call)
		}
		for _, command := range commands {
			filter := command.Lookup("filter").Document()
			if id, ok := filter.Lookup("_id").StringValueOK(); ok && strings.HasPrefix(id, ":") {
				continue // a decision, which is small
			}
			if !begins(filter) {
				t.Errorf("%s asks for %s, for which there is no index", call, filter)
			}
			if without, ok := command.Lookup("projection", "source").AsInt64OK(); !c.texts && (!ok || without != 0) {
				t.Errorf("%s reads the text: %s", call, command)
			}
			if real {
				plan := explained(t, s, command)
				if strings.Contains(plan, "COLLSCAN") || !strings.Contains(plan, "IXSCAN") && !strings.Contains(plan, "IDHACK") && !strings.Contains(plan, "EXPRESS") {
					t.Errorf("%s asks for %s, and MongoDB's plan is %s", call, filter, plan)
				}
			}
		}
	}
}

// begins reports whether there is an index whose first field filter is about.
func begins(filter bson.Raw) bool {
	elements, _ := filter.Elements()
	for _, e := range elements {
		if e.Key() == "_id" || slices.ContainsFunc(indexes, func(x index) bool { return x.keys()[0].Key == e.Key() }) {
			return true
		}
	}
	return false
}

// explained is MongoDB's plan for a find command.
func explained(t *testing.T, s *store, command bson.Raw) string {
	t.Helper()
	var find bson.D
	elements, _ := command.Elements()
	for _, e := range elements {
		if slices.Contains([]string{"find", "filter", "sort", "projection", "limit", "singleBatch"}, e.Key()) {
			find = append(find, bson.E{Key: e.Key(), Value: e.Value()})
		}
	}
	answer, err := s.database.RunCommand(t.Context(), bson.D{{Key: "explain", Value: find}, {Key: "verbosity", Value: "queryPlanner"}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return answer.Lookup("queryPlanner").String()
}

func TestChangeStream(t *testing.T) {
	s := openAt(t, newPlace(t))
	if !s.streams {
		t.Skip("the server has no change streams; PROMPTY_TEST_MONGODB may name a replica set")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	armed, changed, ended := make(chan bool, 1), make(chan bool, 100), make(chan error, 1)
	go func() {
		ended <- streaming{s}.Listen(ctx, func() { armed <- true }, func() { changed <- true })
	}()
	wait := func(what string, ch chan bool) {
		t.Helper()
		select {
		case <-ch:
		case err := <-ended:
			t.Fatalf("Listen ends with %v", err)
		case <-time.After(20 * time.Second):
			t.Fatalf("%s has not come to pass", what)
		}
	}
	wait("listening", armed)
	save(t, s, "a", "one")
	wait("telling of a save", changed)
	if err := s.SaveAll(ctx, []*prompty.StoredTemplate{{Name: "b", Source: "text"}, {Name: "c", Source: "text"}}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // two events and a decision
		wait("telling of a batch", changed)
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("Listen does not end with its context")
	}
}

// A server without change streams says so, and is polled.
func TestNoChangeStream(t *testing.T) {
	s := openAt(t, newPlace(t))
	if s.streams {
		t.Skip("the server has change streams")
	}
	if err := (streaming{s}).Listen(t.Context(), func() { t.Error("it is armed") }, func() {}); err == nil {
		t.Error("Listen gives no error")
	}
}

// Times and stamps of a name never go back, whatever the clocks say.
func TestClocksThatDisagree(t *testing.T) {
	url := newPlace(t)
	s, behind := openAt(t, url), openAt(t, url)
	behind.clock.mu.Lock()
	behind.clock.there = behind.clock.there.Add(-time.Hour)
	behind.clock.mu.Unlock()
	var last time.Time
	for i, who := range []*store{s, behind, s, behind, behind} {
		x := &prompty.StoredTemplate{Name: "a", Source: "text"}
		if err := who.Save(t.Context(), x, backend.AnyVersion); err != nil {
			t.Fatal(err)
		}
		e := raw(t, s, key("a", int64(i+1)))
		if !x.CreatedAt.After(last) || !e.CreatedAt.Equal(x.CreatedAt) || e.At.Before(last.Add(-time.Second)) {
			t.Errorf("version %d is of %v, stamped %v, stored as of %v, after %v", i+1, x.CreatedAt, e.At, e.CreatedAt, last)
		}
		last = x.CreatedAt
	}
	behind.clock.mu.Lock()
	behind.clock.here = behind.clock.here.Add(-2 * clockAge)
	behind.clock.mu.Unlock()
	behind.clock.keep(t.Context(), behind.admin)
	if d := s.clock.now().Sub(behind.clock.now()).Abs(); d > time.Minute {
		t.Errorf("measured again, the clocks differ by %v", d)
	}
}

// A server that finds nothing but keys is asked for the last one by halving.
func TestLastKey(t *testing.T) {
	s := openAt(t, newPlace(t))
	ctx := t.Context()
	var list []*prompty.StoredTemplate
	for i := range 50 {
		list = append(list, &prompty.StoredTemplate{Name: "a", Source: fmt.Sprint(i)})
	}
	if err := s.SaveAll(ctx, list); err != nil {
		t.Fatal(err)
	}
	for known := range int64(51) {
		if got, err := s.lastKey(ctx, "a", known); got != 50 || err != nil {
			t.Errorf("from %d, the last key is %d, error %v, want 50", known, got, err)
		}
	}
	if got, err := s.lastKey(ctx, "b", 0); got != 0 || err != nil {
		t.Errorf("a name without events has the last key %d, error %v", got, err)
	}
	s.exact = true
	if x, err := s.Get(ctx, "a"); err != nil || x.Version != 50 || x.Source != "49" {
		t.Errorf("Get gives %v, %v, want version 50", x, err)
	}
	for version := 1; version < 50; version += 7 { // seven, so that a step too far goes beyond the end
		if err := s.DeleteVersion(ctx, "a", version); err != nil {
			t.Fatal(err)
		}
	}
	save(t, s, "a", "after")
	for _, version := range []int{2, 49, 51} {
		if x, err := s.GetVersion(ctx, "a", version); err != nil || x.Version != version {
			t.Errorf("GetVersion(%d) gives %v, %v", version, x, err)
		}
	}
}
