package mongostore

import (
	"context"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// clock tells the time of the server, so that all who write to it agree. It asks
// now and then; between, it counts on with a clock that nobody sets.
type clock struct {
	mu     sync.Mutex // guards the fields below
	there  time.Time  // the server's time
	here   time.Time  // ours, at that moment
	asking bool
}

// clockAge is how long a measurement is good for.
const clockAge = time.Minute

// greeting is a server's answer to hello.
type greeting struct {
	LocalTime time.Time `bson:"localTime"`
	SetName   string    `bson:"setName"` // of the replica set
	Message   string    `bson:"msg"`     // "isdbgrid": the router of a sharded cluster
	Writable  bool      `bson:"isWritablePrimary"`
}

// measure asks the server.
func (c *clock) measure(ctx context.Context, db *mongo.Database) (hello greeting, err error) {
	sent := time.Now()
	if err := db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return hello, err
	}
	took := time.Since(sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.here = sent.Add(took / 2)
	if c.there = hello.LocalTime; c.there.IsZero() {
		c.there = c.here
	}
	return hello, nil
}

// now returns the server's time, to the millisecond, which is what it stores.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.there.Add(time.Since(c.here)).UTC().Truncate(time.Millisecond)
}

// old reports whether to measure again, to one caller only.
func (c *clock) old() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asking || time.Since(c.here) < clockAge {
		return false
	}
	c.asking = true
	return true
}

// keep measures again if it is time to. An error is no harm: the old one is used.
func (c *clock) keep(ctx context.Context, db *mongo.Database) {
	if !c.old() {
		return
	}
	_, _ = c.measure(ctx, db)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = false
}
