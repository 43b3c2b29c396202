package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// state is what the newest events of a name say.
type state struct {
	head
	open string // the batch that holds the last key, if it is not decided yet
}

// newest reads the newest event of a name that has happened.
func (s *store) newest(ctx context.Context, name string, full bool) (state, error) {
	e, err := s.last(ctx, name, full)
	if err != nil || e == nil {
		return state{}, err
	}
	st := state{head: head{slot: e.Seq}}
	for e != nil {
		switch d, err := s.happened(ctx, e); {
		case err != nil:
			return state{}, err
		case d == committed:
			st.event = e
			s.remember(name, st)
			return st, nil
		case d == undecided:
			st.open = e.Batch
		}
		if e.Seq == 1 {
			break
		}
		before := key(name, e.Seq-1)
		if e, err = s.event(ctx, before, full); err == nil && e == nil {
			err = fmt.Errorf("the document with the _id %q is gone from the collection %s: somebody has removed it; restore it from a backup", before, s.events.Name())
		}
		if err != nil {
			return state{}, err
		}
	}
	s.remember(name, st)
	return st, nil
}

// remember keeps a state for the next save to build on, which it cannot before the
// batch that holds the last key is decided.
func (s *store) remember(name string, st state) {
	if st.open == "" {
		s.heads.put(name, st.head)
	}
}

// last reads the event with a name's last key, or nil.
func (s *store) last(ctx context.Context, name string, full bool) (*event, error) {
	keys := bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: name + separator}, {Key: "$lt", Value: name + afterSeparator}}}}
	if s.exact {
		if known, _ := s.heads.get(name); known.slot > fewChanges {
			seq, err := s.lastKey(ctx, name, known.slot)
			if err != nil {
				return nil, err
			}
			return s.event(ctx, key(name, seq), full)
		}
		keys = append(keys, bson.E{Key: "name", Value: name})
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	o := options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}})
	if !full {
		o.SetProjection(light)
	}
	return one(s.events.FindOne(ctx, keys, o), full)
}

// fewChanges are so few that FerretDB had better read all of them than be asked
// for several.
const fewChanges = 32

// one reads what FindOne gives; nil, without an error, if that is nothing.
func one(result *mongo.SingleResult, full bool) (*event, error) {
	raw, err := result.Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(raw, full)
}

// event reads the event of a key, or nil.
func (s *store) event(ctx context.Context, id string, full bool) (*event, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	o := options.FindOne()
	if !full {
		o.SetProjection(light)
	}
	return one(s.events.FindOne(ctx, bson.D{{Key: "_id", Value: id}}, o), full)
}

// lastKey finds a name's last key on a server that finds nothing but keys: they have
// no gaps, so it tries ever larger ones than the one that is known, and then halves.
func (s *store) lastKey(ctx context.Context, name string, known int64) (int64, error) {
	low, step := known, int64(1)
	for {
		there, err := s.taken(ctx, key(name, low+step))
		if err != nil {
			return 0, err
		}
		if !there {
			break
		}
		low, step = low+step, 2*step
	}
	for high := low + step; low+1 < high; {
		middle := low + (high-low)/2
		there, err := s.taken(ctx, key(name, middle))
		if err != nil {
			return 0, err
		}
		if there {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

func (s *store) taken(ctx context.Context, id string) (bool, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	err := s.events.FindOne(ctx, bson.D{{Key: "_id", Value: id}}, options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}})).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}

// outcome is what became of a batch, or of an event.
type outcome int

const (
	undecided outcome = iota
	committed
	aborted
)

// happened reports whether an event has happened: one of a batch only if the
// batch was committed.
func (s *store) happened(ctx context.Context, e *event) (outcome, error) {
	switch {
	case e.Batch == "" || e.Settled:
		return committed, nil
	case e.Aborted:
		return aborted, nil
	}
	d, err := s.decision(ctx, e.Batch)
	switch {
	case err != nil:
		return undecided, err
	case d == committed:
		s.tidy.settle(e.Batch)
	case d == aborted:
		s.tidy.discard(e.Batch)
	}
	return d, nil
}

// A decided batch is a document of its own, whose key can be inserted once only:
// who inserts it first has decided.
type decided struct {
	ID        string    `bson:"_id"` // see decisionKey
	Committed bool      `bson:"committed"`
	At        time.Time `bson:"at"`
	Token     string    `bson:"token"`
}

// decisionKey cannot be the key of an event: no name holds a colon.
func decisionKey(batch string) string { return batchPrefix + batch }

const batchPrefix = ":batch:"

// decisions remembers what became of batches, which never changes.
type decisions struct {
	mu    sync.Mutex // guards known
	known map[string]learned
}

type learned struct {
	outcome outcome
	when    time.Time // that it was decided by then, by our clock
}

const mostDecisions = 100_000

func (d *decisions) get(batch string) (learned, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, ok := d.known[batch]
	return l, ok
}

func (d *decisions) put(batch string, o outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || len(d.known) >= mostDecisions {
		d.known = make(map[string]learned)
	}
	if _, ok := d.known[batch]; !ok {
		d.known[batch] = learned{o, time.Now()}
	}
}

// decision asks what became of a batch.
func (s *store) decision(ctx context.Context, batch string) (outcome, error) {
	if l, ok := s.batches.get(batch); ok {
		return l.outcome, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var d decided
	switch err := s.events.FindOne(ctx, bson.D{{Key: "_id", Value: decisionKey(batch)}}).Decode(&d); {
	case errors.Is(err, mongo.ErrNoDocuments):
		return undecided, nil
	case err != nil:
		return undecided, err
	}
	o := aborted
	if d.Committed {
		o = committed
	}
	s.batches.put(batch, o)
	return o, nil
}

func (s *store) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	st, err := s.newest(ctx, name, true)
	if err != nil {
		return nil, s.explain(err)
	}
	if st.event == nil || st.event.Latest == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return st.event.template(), nil
}

func (s *store) LatestVersion(ctx context.Context, name string) (int, error) {
	st, err := s.newest(ctx, name, false)
	if err != nil || st.event == nil {
		return 0, s.explain(err)
	}
	return int(st.event.Latest), nil
}

func (s *store) ListVersions(ctx context.Context, name string) ([]int, error) {
	st, err := s.newest(ctx, name, false)
	if err != nil || st.event == nil {
		return nil, s.explain(err)
	}
	return st.event.gone.live(st.event.High), nil
}

// GetVersion asks first whether the version is there, and then for its text,
// which stays the same for ever.
func (s *store) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	st, err := s.newest(ctx, name, false)
	if err != nil {
		return nil, s.explain(err)
	}
	if e := st.event; e == nil || !e.holds(int64(version)) {
		return nil, prompty.NewStorageVersionNotFoundError(name, version)
	}
	e, err := s.saved(ctx, name, int64(version))
	if err != nil {
		return nil, s.explain(err)
	}
	return e.template(), nil
}

// holds reports whether a version is there after e.
func (e *event) holds(version int64) bool {
	return version >= 1 && version <= e.High && !e.gone.has(version)
}

// saved reads the event that saved a version, which is there.
func (s *store) saved(ctx context.Context, name string, version int64) (*event, error) {
	if s.exact {
		return s.savedByKey(ctx, name, version)
	}
	list, err := s.find(ctx, bson.D{{Key: "name", Value: name}, {Key: "saved", Value: version}}, true, options.Find())
	if err != nil {
		return nil, err
	}
	for _, e := range list { // more than one, if batches were aborted
		if d, err := s.happened(ctx, e); err != nil || d == committed {
			return e, err
		}
	}
	return nil, s.lost(name, version)
}

// savedByKey is saved on a server that finds nothing but keys. A change adds at
// most one version, so what is missing at a number is at least as many further on.
func (s *store) savedByKey(ctx context.Context, name string, version int64) (*event, error) {
	for seq := version; ; {
		e, err := s.event(ctx, key(name, seq), true)
		if err != nil {
			return nil, err
		}
		if e == nil {
			return nil, s.lost(name, version)
		}
		switch d, err := s.happened(ctx, e); {
		case err != nil:
			return nil, err
		case d != committed:
			seq++
		case e.Saved == version:
			return e, nil
		case e.High >= version:
			return nil, s.lost(name, version)
		default:
			seq += version - e.High
		}
	}
}

// find reads all events that meet a condition.
func (s *store) find(ctx context.Context, filter bson.D, full bool, o *options.FindOptionsBuilder) ([]*event, error) {
	var list []*event
	err := s.each(ctx, filter, full, o, func(e *event) (bool, error) {
		list = append(list, e)
		return true, nil
	})
	return list, err
}

// each calls fn with the events that meet a condition, while it says so.
func (s *store) each(ctx context.Context, filter bson.D, full bool, o *options.FindOptionsBuilder, fn func(*event) (more bool, err error)) error {
	return s.scan(ctx, filter, full, o, func(raw bson.Raw) (bool, error) {
		e, err := parse(raw, full)
		if err != nil {
			return false, err
		}
		return fn(e)
	})
}

func (s *store) scan(ctx context.Context, filter bson.D, full bool, o *options.FindOptionsBuilder, fn func(bson.Raw) (more bool, err error)) error {
	if !full {
		o.SetProjection(light)
	}
	first, cancel := s.bounded(ctx)
	defer cancel()
	cursor, err := s.events.Find(first, filter, o)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = cursor.Close(end)
	}()
	for {
		some, cancel := s.bounded(ctx)
		more := cursor.Next(some)
		cancel()
		if !more {
			return cursor.Err()
		}
		if more, err := fn(cursor.Current); err != nil || !more {
			return err
		}
	}
}

// History implements [backend.Reader].
func (s *store) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	st, err := s.newest(ctx, name, false)
	if err != nil {
		return nil, s.explain(err)
	}
	now := st.event
	if now == nil || now.Latest == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	var list []prompty.HistoryEntry
	filter := bson.D{{Key: "name", Value: name}, {Key: "saved", Value: bson.D{{Key: "$gte", Value: 1}}}}
	err = s.each(ctx, filter, false, options.Find().SetSort(bson.D{{Key: "name", Value: 1}, {Key: "saved", Value: -1}}), func(e *event) (bool, error) {
		if e.Seq > now.Seq || !now.holds(e.Saved) {
			return true, nil
		}
		d, err := s.happened(ctx, e)
		if err == nil && d == committed {
			list = append(list, prompty.HistoryEntry{ID: backend.ID(name, int(e.Saved)), Version: int(e.Saved), Author: e.CreatedBy, Time: e.CreatedAt.UTC(), Size: int(e.Size)})
		}
		return true, err
	})
	if err != nil {
		return nil, s.explain(err)
	}
	return list, nil
}
