package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// overlap is how long before the last look a change may have been stamped that
// was not there yet: a command takes at most standardTimeout, and clocks differ.
const overlap = standardTimeout + 5*time.Second

// Heads asks for what was stamped since the position, a time of the server's
// clock; later it reads what was stamped shortly before that once more.
func (s *store) Heads(ctx context.Context, since string) ([]backend.Head, string, error) {
	s.clock.keep(ctx, s.admin)
	position := s.clock.now().Add(-overlap).Format(time.RFC3339Nano)
	var list []*event
	var err error
	if since == "" {
		list, err = s.allHeads(ctx)
	} else {
		var from time.Time
		if from, err = time.Parse(time.RFC3339Nano, since); err == nil {
			list, err = s.headsSince(ctx, from)
		}
	}
	if err != nil {
		return nil, "", s.explain(err)
	}
	heads := make([]backend.Head, len(list))
	for i, e := range list {
		heads[i] = backend.Head{Name: e.Name, Version: int(e.Latest), Change: e.Seq}
	}
	return heads, position, nil
}

func (s *store) allHeads(ctx context.Context) ([]*event, error) {
	for v := s.view(); ; {
		list, _, err := v.tops(ctx, bson.D{{Key: "top", Value: bson.D{{Key: "$gte", Value: ""}}}}, false, 0)
		if err != nil || !v.again() {
			return list, err
		}
	}
}

// headsSince reads the events stamped since a time, and all of the batches
// committed since then, whose own stamps may be older.
func (s *store) headsSince(ctx context.Context, from time.Time) ([]*event, error) {
	newest := make(map[string]*event)
	note := func(e *event) {
		if known := newest[e.Name]; known == nil || known.Seq < e.Seq {
			newest[e.Name] = e
		}
	}
	batches := make(map[string]bool)
	err := s.scan(ctx, bson.D{{Key: "at", Value: bson.D{{Key: "$gte", Value: from}}}}, false, options.Find(), func(raw bson.Raw) (bool, error) {
		if batch, committed, ok := decisionIn(raw); ok {
			if committed {
				batches[batch] = true
			}
			return true, nil
		}
		e, err := parse(raw, false)
		switch {
		case err != nil:
			return false, err
		case e.Batch == "":
			note(e)
			return true, nil
		}
		o, err := s.happened(ctx, e)
		if o == committed {
			batches[e.Batch] = true
		}
		return true, err
	})
	if err != nil {
		return nil, err
	}
	if len(batches) > 0 {
		ids := make([]string, 0, len(batches))
		for id := range batches {
			ids = append(ids, id)
		}
		filter := bson.D{{Key: "batch", Value: bson.D{{Key: "$in", Value: ids}}}}
		if err := s.each(ctx, filter, false, options.Find(), func(e *event) (bool, error) { note(e); return true, nil }); err != nil {
			return nil, err
		}
	}
	list := make([]*event, 0, len(newest))
	for _, e := range newest {
		list = append(list, e)
	}
	return list, nil
}

// decisionIn reads a document that decides a batch; false: it is none.
func decisionIn(raw bson.Raw) (batch string, commit, ok bool) {
	id, _ := raw.Lookup("_id").StringValueOK()
	if batch, ok = strings.CutPrefix(id, batchPrefix); !ok {
		return "", false, false
	}
	commit, _ = raw.Lookup("committed").BooleanOK()
	return batch, commit, true
}

// streaming is a store whose server tells of changes.
type streaming struct{ *store }

// Listen implements [backend.Listener] by a change stream. The client resumes it
// where it was when a connection is lost.
func (s streaming) Listen(ctx context.Context, armed, changed func()) error {
	inserts := mongo.Pipeline{
		bson.D{{Key: "$match", Value: bson.D{{Key: "operationType", Value: "insert"}}}},
		bson.D{{Key: "$project", Value: bson.D{{Key: "_id", Value: 1}}}},
	}
	stream, err := s.events.Watch(ctx, inserts)
	if err != nil {
		return s.explain(err)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = stream.Close(end)
	}()
	armed()
	for stream.Next(ctx) {
		changed()
	}
	if err := stream.Err(); err != nil {
		return s.explain(err)
	}
	return errors.New("the change stream has ended: the collection was dropped or renamed")
}

// Describe implements [backend.Backend].
func (s *store) Describe(ctx context.Context) (prompty.Description, error) {
	d := prompty.Description{Location: fmt.Sprintf("mongodb://%s/%s, collection %s", s.hosts, s.place.database, s.events.Name())}
	heads, _, err := s.Heads(ctx, "")
	if err != nil {
		return d, err
	}
	count := 0
	for _, h := range heads {
		if h.Version > 0 {
			count++
		}
	}
	kind := "a single server"
	switch {
	case s.sharded:
		kind = "a sharded cluster"
	case s.set != "":
		kind = "replica set " + s.set
	case s.exact:
		kind = "without indexes for queries"
	}
	d.State = fmt.Sprintf("%d templates, %s, %s", count, s.name, kind)
	d.Problems = s.problems(ctx)
	return d, nil
}
