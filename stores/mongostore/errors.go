package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/go-prompty/prompty"
)

// mostBytes is MongoDB's limit for a document; sourceLimit leaves room in it for
// the rest of an event.
const (
	mostBytes   = 16 << 20
	sourceLimit = mostBytes - 64<<10
)

// damaged is the error for a document that was not made here.
func damaged(raw bson.Raw, err error) error {
	id, _ := raw.Lookup("_id").StringValueOK()
	return fmt.Errorf("the document with the _id %q is damaged: %w; somebody has changed it by hand: restore it from a backup", id, err)
}

// lost is the error for a version whose event is gone.
func (s *store) lost(name string, version int64) error {
	return fmt.Errorf("the document that saved version %d of %q is gone from the collection %s: somebody has removed it; restore it from a backup, or delete the version", version, name, s.events.Name())
}

// explain adds to an error of the server what to do about it.
func (s *store) explain(err error) error {
	if err == nil {
		return nil
	}
	if server, ok := errors.AsType[mongo.ServerError](err); ok {
		switch {
		case hasCode(server, 18, 8000):
			return fmt.Errorf("%w: check user and password, and authSource, the database that the user belongs to", err)
		case hasCode(server, 13):
			return fmt.Errorf("%w: the user needs find, insert and update on the collection %s.%s; with schema=auto createIndex too (the role readWrite has them all)", err, s.place.database, s.events.Name())
		case hasCode(server, 10107, 13435, 10058):
			return fmt.Errorf("%w: the server is not the primary: %w; connect to the replica set (its hosts, and no directConnection=true)", prompty.ErrReadOnly, err)
		case hasCode(server, 14031):
			return fmt.Errorf("the server's disk is full: %w", err)
		}
	}
	if _, lost := errors.AsType[topology.ConnectionError](err); lost || neverSent(err) {
		return fmt.Errorf("no answer from MongoDB at %s: %w", s.hosts, err)
	}
	return err
}

// neverSent reports whether err came before a command could be sent: there was no
// server, no free connection, or no greeting.
func neverSent(err error) bool {
	if _, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		return true
	}
	if _, ok := errors.AsType[topology.WaitQueueTimeoutError](err); ok {
		return true
	}
	lost, ok := errors.AsType[topology.ConnectionError](err)
	return ok && strings.Contains(lost.Error(), "during connection handshake") // it has no field for that
}

// isTransient reports whether err may be another one, or none, the next time, and
// whether the command was carried out is not known.
func isTransient(err error) bool {
	if mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	server, ok := errors.AsType[mongo.ServerError](err)
	return ok && (server.HasErrorLabel("RetryableWriteError") || hasCode(server, 6, 7, 64, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436))
}

func hasCode(err mongo.ServerError, codes ...int) bool {
	for _, code := range codes {
		if err.HasErrorCode(code) {
			return true
		}
	}
	return false
}
