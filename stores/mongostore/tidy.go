package mongostore

import (
	"context"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// tidier takes the mark of the newest event from those that are it no longer,
// marks events of committed batches as settled, and strips those of aborted ones.
// All of that saves readers work and changes nothing that they see. So it is done
// after the saver has gone, may fail, and is done by whoever comes across it.
type tidier struct {
	s    *store
	wake chan struct{}
	done chan struct{} // closed when it has ended

	begun bool // before anybody else knows of the store
	most  int  // updates in one command

	mu     sync.Mutex // guards the fields below
	todo   map[string]mongo.WriteModel
	ending bool
	failed error // the last one
}

// mostTodo bounds what waits; more is left to others.
const mostTodo = 10_000

func newTidier(s *store) *tidier {
	return &tidier{s: s, wake: make(chan struct{}, 1), done: make(chan struct{}), todo: make(map[string]mongo.WriteModel)}
}

// begin sets it to work; what it is to know of the server is known by now.
func (t *tidier) begin() {
	t.begun, t.most = true, 200
	if t.s.exact {
		t.most = 1 // FerretDB keeps a connection of its own for each of them until the last is done
	}
	go t.run()
}

func (t *tidier) add(what string, m mongo.WriteModel) {
	t.mu.Lock()
	if len(t.todo) < mostTodo && !t.ending {
		t.todo[what] = m
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

var (
	noTop     = bson.D{{Key: "$unset", Value: bson.D{{Key: "top", Value: ""}}}}
	isSettled = bson.D{{Key: "$set", Value: bson.D{{Key: "settled", Value: true}}}}
	isAborted = bson.D{
		{Key: "$set", Value: bson.D{{Key: "aborted", Value: true}}},
		{Key: "$unset", Value: bson.D{{Key: "top", Value: ""}, {Key: "saved", Value: ""}, {Key: "source", Value: ""}, {Key: "metadata", Value: ""}, {Key: "tags", Value: ""}}},
	}
)

// superseded says that a name's event before has a successor.
func (t *tidier) superseded(name string, before, successor int64) {
	if t.s.exact {
		id := key(name, before)
		t.add("top "+id, mongo.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: id}}).SetUpdate(noTop))
		return
	}
	t.add("top "+name, mongo.NewUpdateManyModel().SetFilter(bson.D{{Key: "top", Value: name}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: key(name, successor)}}}}).SetUpdate(noTop))
}

// settle says that a batch was committed.
func (t *tidier) settle(batch string) {
	t.add("batch "+batch, mongo.NewUpdateManyModel().SetFilter(bson.D{{Key: "batch", Value: batch}}).SetUpdate(isSettled))
}

// discard says that a batch was aborted. The events stay, since their keys must
// stay taken.
func (t *tidier) discard(batch string) {
	t.add("batch "+batch, mongo.NewUpdateManyModel().SetFilter(bson.D{{Key: "batch", Value: batch}}).SetUpdate(isAborted))
}

// take returns some of what is to do; false: that is the end.
func (t *tidier) take() (list []mongo.WriteModel, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for what, m := range t.todo {
		list = append(list, m)
		delete(t.todo, what)
		if len(list) == t.most {
			break
		}
	}
	return list, !t.ending || len(list) > 0
}

func (t *tidier) run() {
	defer close(t.done)
	for {
		list, more := t.take()
		if !more {
			return
		}
		if len(list) == 0 {
			<-t.wake
			continue
		}
		ctx, cancel := t.s.bounded(t.s.life)
		_, err := t.s.tidying.BulkWrite(ctx, list, options.BulkWrite().SetOrdered(false))
		cancel()
		t.mu.Lock()
		t.failed = err
		t.mu.Unlock()
	}
}

// failure returns what went wrong the last time.
func (t *tidier) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// end does what is left, for a while.
func (t *tidier) end(patience time.Duration) {
	if !t.begun {
		return
	}
	t.mu.Lock()
	t.ending = true
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-t.done:
	case <-ctx.Done():
		t.s.cancel()
		t.drop()
		<-t.done
	}
}

func (t *tidier) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.todo)
}
