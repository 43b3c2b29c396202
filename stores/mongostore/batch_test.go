package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// save saves texts, one after the other.
func save(t *testing.T, s *store, name string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: text, Tags: []string{text}}, backend.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
}

// begin inserts a batch that saves a text under some names, stamped so long ago,
// and does not decide it.
func begin(t *testing.T, s *store, ago time.Duration, text string, names ...string) (batch string, events []*event) {
	t.Helper()
	batch = newToken()
	for _, name := range names {
		h, err := s.ready(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		e := next(name, h.event, h.slot, s.clock.now().Add(-ago))
		e.Token, e.Batch = batch, batch
		e.save(&prompty.StoredTemplate{Name: name, Source: text, Tags: []string{text}})
		events = append(events, e)
	}
	if err := s.insertAll(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	return batch, events
}

// texts is what each way to read says of some names.
func texts(t *testing.T, s *store, names ...string) map[string]string {
	t.Helper()
	ctx := t.Context()
	got := make(map[string]string)
	for _, name := range names {
		latest := "none"
		if x, err := s.Get(ctx, name); err == nil {
			latest = fmt.Sprintf("%d: %s", x.Version, x.Source)
			if v, err := s.GetVersion(ctx, name, x.Version); err != nil || !cmp.Equal(v, x) {
				t.Errorf("GetVersion(%q, %d) = %v, %v, want what Get gives, %v", name, x.Version, v, err, x)
			}
		} else if !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Fatal(err)
		}
		versions, err := s.ListVersions(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		history, err := s.History(ctx, name)
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Fatal(err)
		}
		if len(history) != len(versions) {
			t.Errorf("%q has the versions %v and the history %v", name, versions, history)
		}
		got[name] = fmt.Sprint(latest, " ", versions)
	}
	listed := make(map[string]string)
	for _, all := range []bool{false, true} {
		list, err := s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: all})
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string][]int)
		for _, x := range list {
			if len(seen[x.Name]) == 0 {
				listed[x.Name] = fmt.Sprintf("%d: %s", x.Version, x.Source)
			}
			seen[x.Name] = append(seen[x.Name], x.Version)
		}
		for _, name := range names {
			want := got[name]
			if text, ok := listed[name]; ok {
				versions, _ := s.ListVersions(ctx, name)
				text = fmt.Sprint(text, " ", versions)
				if text != want || all && !cmp.Equal(seen[name], versions) {
					t.Errorf("List (all: %v) has %q with %s and %v, want %s", all, name, text, seen[name], want)
				}
			} else if want != "none []" {
				t.Errorf("List (all: %v) lacks %q", all, name)
			}
		}
	}
	heads, _, err := s.Heads(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		if x, err := s.Get(ctx, h.Name); err == nil && x.Version != h.Version {
			t.Errorf("the head of %q has version %d, Get gives %d", h.Name, h.Version, x.Version)
		}
	}
	return got
}

func wantTexts(t *testing.T, s *store, want map[string]string) {
	t.Helper()
	var names []string
	for name := range want {
		names = append(names, name)
	}
	if diff := cmp.Diff(want, texts(t, s, names...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// raw reads an event as it is in the database.
func raw(t *testing.T, s *store, id string) *event {
	t.Helper()
	e, err := s.event(t.Context(), id, true)
	if err != nil || e == nil {
		t.Fatalf("the event %q: %v, %v", id, e, err)
	}
	return e
}

// await waits until ok.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("%s has not come to pass", what)
		}
	}
}

func TestBatchOfTheDead(t *testing.T) {
	url := newPlace(t)
	s, other := openAt(t, url), openAt(t, url)
	ctx := t.Context()
	save(t, s, "a", "old")
	before := map[string]string{"a": "1: old [1]", "b": "none []", "c": "none []"}
	batch, events := begin(t, s, 0, "batch", "a", "b")
	wantTexts(t, other, before)

	other.batchPatience = 50 * time.Millisecond
	save(t, other, "a", "after")
	wantTexts(t, other, map[string]string{"a": "2: after [2 1]", "b": "none []"})

	// Its saver wakes up, and goes on.
	late := next("c", nil, 0, s.clock.now())
	late.Token, late.Batch = batch, batch
	late.save(&prompty.StoredTemplate{Name: "c", Source: "late"})
	if err := s.insertAll(ctx, []*event{late}); err != nil {
		t.Fatal(err)
	}
	if o, err := s.conclude(ctx, batch, true); o != aborted || err != nil {
		t.Errorf("committing an aborted batch gives %v, %v", o, err)
	}
	after := map[string]string{"a": "2: after [2 1]", "b": "none []", "c": "none []"}
	wantTexts(t, other, after)
	wantTexts(t, s, after)

	// What is left of it is stripped, and in nobody's way.
	for _, e := range append(events, late) {
		await(t, "stripping "+e.ID, func() bool {
			e := raw(t, s, e.ID)
			if !e.Aborted {
				texts(t, s, "a", "b", "c") // who meets it does it
			}
			return e.Aborted && e.Source == nil && e.Top == "" && e.Saved == 0
		})
	}
	wantTexts(t, openAt(t, url), after)
	save(t, s, "b", "first")
	wantTexts(t, openAt(t, url), map[string]string{"a": "2: after [2 1]", "b": "1: first [1]", "c": "none []"})
}

func TestBatchCommitted(t *testing.T) {
	url := newPlace(t)
	s, other := openAt(t, url), openAt(t, url)
	ctx := t.Context()
	save(t, s, "a", "old")
	_, position, err := other.Heads(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	batch, events := begin(t, s, time.Hour, "batch", "a", "b")
	if heads, _, err := other.Heads(ctx, position); err != nil || len(heads) > 1 || len(heads) == 1 && heads[0] != (backend.Head{Name: "a", Version: 1, Change: 1}) {
		t.Errorf("the heads before the batch: %v, %v", heads, err)
	}
	v := other.view()
	time.Sleep(2 * time.Millisecond) // so that the clock has moved on
	if o, err := s.conclude(ctx, batch, true); o != committed || err != nil {
		t.Fatalf("committing gives %v, %v", o, err)
	}
	// A look that began before may have missed a part of the batch.
	everything := bson.D{{Key: "top", Value: bson.D{{Key: "$gte", Value: ""}}}}
	if _, _, err := v.tops(ctx, everything, false, 0); err != nil || !v.again() {
		t.Errorf("a batch was committed while a view was made, and it is not made again (error %v)", err)
	}
	if _, _, err := v.tops(ctx, everything, false, 0); err != nil || v.again() {
		t.Errorf("a view is made a third time, without need (error %v)", err)
	}
	want := map[string]string{"a": "2: batch [2 1]", "b": "1: batch [1]"}
	wantTexts(t, other, want)
	wantTexts(t, openAt(t, url), want)
	heads, _, err := other.Heads(ctx, position)
	got := make(map[string]int)
	for _, h := range heads {
		got[h.Name] = h.Version
	}
	if diff := cmp.Diff(map[string]int{"a": 2, "b": 1}, got); err != nil || diff != "" {
		t.Errorf("the heads since before the batch, error %v (-want +got):\n%s", err, diff)
	}
	for _, e := range events {
		await(t, "settling "+e.ID, func() bool { return raw(t, s, e.ID).Settled })
	}
	wantTexts(t, openAt(t, url), want)

	// All of a batch may be stamped long before the position.
	batch, _ = begin(t, s, time.Hour, "late", "c", "d")
	if _, err := s.conclude(ctx, batch, true); err != nil {
		t.Fatal(err)
	}
	heads, _, err = other.Heads(ctx, position)
	for _, name := range []string{"c", "d"} {
		if !slices.Contains(heads, backend.Head{Name: name, Version: 1, Change: 1}) {
			t.Errorf("the heads since before the late batch lack %q: %v, %v", name, heads, err)
		}
	}
	save(t, other, "a", "next")
	wantTexts(t, s, map[string]string{"a": "3: next [3 2 1]", "b": "1: batch [1]"})
}

// What a saver does not know of its own batch it finds out.
func TestBatchGivenUp(t *testing.T) {
	s := openAt(t, newPlace(t))
	ctx := t.Context()
	lost := errors.New("the answer was lost")
	batch, _ := begin(t, s, 0, "batch", "a")
	if _, err := s.conclude(ctx, batch, true); err != nil {
		t.Fatal(err)
	}
	if o, err := s.abort(ctx, batch, lost); o != committed || err != nil {
		t.Errorf("giving up a batch that was committed gives %v, %v, want committed", o, err)
	}
	batch, _ = begin(t, s, 0, "batch", "b")
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if o, err := s.abort(cancelled, batch, lost); o != aborted || err != lost {
		t.Errorf("giving up a batch gives %v, %v, want aborted and the reason", o, err)
	}
	wantTexts(t, s, map[string]string{"a": "1: batch [1]", "b": "none []"})
}

func TestBatchesAbortedByOthers(t *testing.T) {
	url := newPlace(t)
	s, other := openAt(t, url), openAt(t, url)
	save(t, s, "b", "one")
	save(t, other, "b", "two") // s does not know of it
	list := []*prompty.StoredTemplate{{Name: "b", Source: "batch"}, {Name: "a", Source: "batch"}}
	if err := s.SaveAll(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, other, map[string]string{"a": "1: batch [1]", "b": "3: batch [3 2 1]"})
	if list[0].ID != "b@3" || list[1].ID != "a@1" {
		t.Errorf("SaveAll gave %s and %s, want b@3 and a@1", list[0].ID, list[1].ID)
	}
	// The first try took the number 1 of a's changes, for nothing.
	if raw(t, s, key("a", 1)).Token == raw(t, s, key("a", 2)).Token {
		t.Error("the first try has left nothing behind")
	}
}

// An insert whose answer is lost is repeated, and knows its own document.
func TestInsertedOnce(t *testing.T) {
	s := openAt(t, newPlace(t))
	put := func(token string) bool {
		e := next("a", nil, 0, s.clock.now())
		e.save(&prompty.StoredTemplate{Name: "a", Source: token})
		e.Token = token
		doc, err := encode(e)
		if err != nil {
			t.Fatal(err)
		}
		inserted, err := s.put(t.Context(), doc, e.ID, e.Token)
		if err != nil {
			t.Fatal(err)
		}
		return inserted
	}
	for i, want := range []bool{true, true, false} {
		if got := put([]string{"mine", "mine", "yours"}[i]); got != want {
			t.Errorf("insert %d of one key says %v, want %v: mine, mine again, and another's", i+1, got, want)
		}
	}
	wantTexts(t, s, map[string]string{"a": "1: mine [1]"})
	n, err := s.events.CountDocuments(t.Context(), bson.D{{Key: "name", Value: "a"}}, options.Count())
	if err != nil || n != 1 {
		t.Errorf("there are %d events, error %v, want 1", n, err)
	}
}

func TestManyOfABatch(t *testing.T) {
	s := openAt(t, newPlace(t))
	var list []*prompty.StoredTemplate
	for i := range 1100 { // more than are inserted at once
		list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("n/%d", i%600), Source: fmt.Sprint(i)})
	}
	if err := s.SaveAll(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	got, err := s.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil || len(got) != len(list) {
		t.Fatalf("List has %d versions, error %v, want %d", len(got), err, len(list))
	}
	if x, err := s.Get(t.Context(), "n/7"); err != nil || x.Source != "607" || x.Version != 2 {
		t.Errorf("Get gives %v, %v, want the later of two saves in the batch", x, err)
	}
}
