package mongostore

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

const (
	// standardBatchPatience is how long a saver waits for a batch that is in its
	// way. Then the batch's saver has died, or is so slow that it must start again.
	standardBatchPatience = 5 * time.Second
	// abortPatience is how long who gives a batch up waits until that is known.
	abortPatience = time.Second
)

// SaveAll inserts the events of all templates, which have not happened yet, and
// then the one document that says that they have.
func (s *store) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	var names []string
	for _, t := range list {
		if n := len(t.Source); n > sourceLimit {
			return &prompty.StorageError{Op: "save all", Name: t.Name, Err: backend.TooLarge(n, sourceLimit, "MongoDB, whose documents have 16 MiB,")}
		}
		names = append(names, t.Name)
	}
	slices.Sort(names) // so that no two batches wait for each other
	names = slices.Compact(names)
	for _, name := range names {
		unlock, err := s.lock(ctx, name)
		if err != nil {
			return err
		}
		defer unlock()
	}
	s.clock.keep(ctx, s.admin)
	var events []*event
	known := true
	err := backend.Retry(ctx, isAgain, func() (err error) {
		events, err = s.saveAll(ctx, list, names, known)
		known = false
		return err
	})
	if err != nil {
		return s.explain(err)
	}
	for i, e := range events {
		e.stamp(list[i])
	}
	return nil
}

// saveAll is one try. The events it returns are in the order of list.
func (s *store) saveAll(ctx context.Context, list []*prompty.StoredTemplate, names []string, known bool) ([]*event, error) {
	heads := make(map[string]head, len(names))
	for _, name := range names {
		h, ok := s.heads.get(name)
		if !ok || !known {
			var err error
			if h, err = s.ready(ctx, name); err != nil {
				return nil, err
			}
		}
		heads[name] = h
	}
	batch := newToken()
	events := make([]*event, len(list))
	before := make(map[string]head, len(names))
	for i, t := range list {
		h := heads[t.Name]
		if _, twice := before[t.Name]; !twice {
			before[t.Name] = h
		} else {
			h.event.Top = "" // another one follows in the batch
		}
		e := next(t.Name, h.event, h.slot, s.clock.now())
		e.Token, e.Batch = batch, batch
		e.save(t)
		events[i], heads[t.Name] = e, head{e, e.Seq}
	}
	err := s.insertAll(ctx, events)
	o := undecided
	if err == nil {
		o, err = s.conclude(ctx, batch, true)
	}
	if err != nil {
		o, err = s.abort(ctx, batch, err)
	}
	switch {
	case o == aborted && err == nil: // by a saver who found us slow
		s.tidy.discard(batch)
		return nil, errTaken
	case o != committed:
		return nil, err
	}
	for _, name := range names {
		s.heads.put(name, heads[name])
		if b := before[name]; b.event != nil {
			s.tidy.superseded(name, b.event.Seq, heads[name].slot)
		}
	}
	s.tidy.settle(batch)
	return events, nil
}

// insertAll inserts the events of a batch, those of each name in their order. They
// are nothing yet: only who knows that all are there may commit them.
func (s *store) insertAll(ctx context.Context, events []*event) error {
	sorted := slices.Clone(events)
	slices.SortFunc(sorted, func(a, b *event) int { return cmp.Compare(a.ID, b.ID) })
	var docs []any
	size := 0
	for i, e := range sorted {
		raw, err := encode(e)
		if err != nil {
			return &prompty.StorageError{Op: "save all", Name: e.Name, Err: err}
		}
		docs, size = append(docs, raw), size+len(raw)
		if i+1 < len(sorted) && len(docs) < 1000 && size < 8<<20 { // what a slow line carries in time
			continue
		}
		some := docs
		_, err = detached(s, ctx, func(ctx context.Context) (*mongo.InsertManyResult, error) {
			return s.events.InsertMany(ctx, some)
		})
		switch {
		case err == nil:
		case mongo.IsDuplicateKeyError(err):
			return errTaken
		case isTransient(err) && !neverSent(err) && ctx.Err() == nil:
			return errCut
		default:
			return err
		}
		docs, size = nil, 0
	}
	return nil
}

// conclude decides a batch, unless it is decided, and returns what it is then.
func (s *store) conclude(ctx context.Context, batch string, commit bool) (outcome, error) {
	d := decided{ID: decisionKey(batch), Committed: commit, At: s.clock.now(), Token: newToken()}
	raw, err := bson.Marshal(d)
	if err != nil {
		return undecided, err
	}
	switch inserted, err := s.put(ctx, raw, d.ID, d.Token); {
	case err != nil:
		return undecided, err
	case !inserted:
		return s.decision(ctx, batch)
	case commit:
		s.batches.put(batch, committed)
		return committed, nil
	}
	s.batches.put(batch, aborted)
	return aborted, nil
}

// abort gives a batch of our own up because of err, whether ctx has ended or not.
// It may turn out that the batch was committed. If it cannot be aborted, the next
// saver does it: nobody else commits it.
func (s *store) abort(ctx context.Context, batch string, err error) (outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortPatience)
	defer cancel()
	o, failed := s.conclude(ctx, batch, false)
	switch {
	case failed != nil:
		return undecided, err
	case o == committed:
		return committed, nil
	}
	s.tidy.discard(batch)
	if isTransient(err) && !neverSent(err) {
		err = errCut // and not unknown
	}
	return aborted, err
}

// decide waits until a batch is decided, and aborts it if that takes too long.
func (s *store) decide(ctx context.Context, batch string) error {
	start, pause := time.Now(), firstPause
	for {
		d, err := s.decision(ctx, batch)
		if err != nil || d != undecided {
			return err
		}
		if time.Since(start) > s.batchPatience {
			_, err := s.conclude(ctx, batch, false)
			return err
		}
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
			return fmt.Errorf("another batch holds the name: %w", ctx.Err())
		}
		pause = min(2*pause, longestPause)
	}
}
