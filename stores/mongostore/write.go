package mongostore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

var (
	errTaken    = errors.New("others always save first: try again when there is less to do")
	errOutdated = errors.New("the state that was remembered is outdated")
	errCut      = errors.New("the connection was lost; nothing was saved")
)

func isAgain(err error) bool { return err == errTaken || err == errOutdated || err == errCut }

func (s *store) Save(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	if n := len(t.Source); n > sourceLimit {
		return backend.TooLarge(n, sourceLimit, "MongoDB, whose documents have 16 MiB,")
	}
	e, err := s.change(ctx, t.Name, func(ctx context.Context, h head, sure bool) (*event, error) {
		if latest := h.latest(); base != backend.AnyVersion && latest != int64(base) {
			if !sure {
				return nil, errOutdated
			}
			return nil, prompty.NewStorageConflictError(t.Name, base, int(latest))
		}
		e := next(t.Name, h.event, h.slot, s.clock.now())
		e.save(t)
		return e, nil
	})
	if err == nil {
		e.stamp(t)
	}
	return err
}

func (h head) latest() int64 {
	if h.event == nil {
		return 0
	}
	return h.event.Latest
}

func (s *store) Delete(ctx context.Context, name string) error {
	_, err := s.change(ctx, name, func(ctx context.Context, h head, sure bool) (*event, error) {
		if h.latest() == 0 {
			if !sure {
				return nil, errOutdated
			}
			return nil, prompty.NewStorageTemplateNotFoundError(name)
		}
		e := next(name, h.event, h.slot, s.clock.now())
		e.delete()
		return e, nil
	})
	return err
}

func (s *store) DeleteVersion(ctx context.Context, name string, version int) error {
	_, err := s.change(ctx, name, func(ctx context.Context, h head, sure bool) (*event, error) {
		if h.event == nil || !h.event.holds(int64(version)) {
			if !sure {
				return nil, errOutdated
			}
			return nil, prompty.NewStorageVersionNotFoundError(name, version)
		}
		e := next(name, h.event, h.slot, s.clock.now())
		e.deleteVersion(int64(version))
		if e.Latest > 0 {
			from, err := s.saved(ctx, name, e.Latest)
			if err != nil {
				return nil, err
			}
			e.show(from)
		}
		return e, nil
	})
	return err
}

// change inserts the next event of a name, which build makes of the name's state.
// That may be remembered and outdated, unless it is sure; build gives errOutdated
// if it cannot tell.
func (s *store) change(ctx context.Context, name string, build func(ctx context.Context, h head, sure bool) (*event, error)) (done *event, err error) {
	unlock, err := s.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	s.clock.keep(ctx, s.admin)
	h, known := s.heads.get(name)
	err = backend.Retry(ctx, isAgain, func() error {
		if !known {
			if h, err = s.ready(ctx, name); err != nil {
				return err
			}
		}
		sure := !known
		known = false
		e, err := build(ctx, h, sure)
		if err != nil {
			return err
		}
		e.Token = newToken()
		raw, err := encode(e)
		if err != nil {
			return err
		}
		switch inserted, err := s.put(ctx, raw, e.ID, e.Token); {
		case err != nil:
			return err
		case !inserted:
			return errTaken
		}
		done = e
		s.heads.put(name, head{e, e.Seq})
		if h.event != nil {
			s.tidy.superseded(name, h.event.Seq, e.Seq)
		}
		return nil
	})
	return done, s.explain(err)
}

// lock waits for the turn of a name among the savers of this process.
func (s *store) lock(ctx context.Context, name string) (unlock func(), err error) {
	inner, cancel := s.bounded(ctx)
	defer cancel()
	unlock, err = s.names.lock(inner, name)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("no answer from MongoDB at %s: other saves of %q in this process have waited for %s", s.hosts, name, s.timeout)
	}
	return unlock, err
}

// ready reads a name's state to build on: a batch that is not decided and holds
// the last key is decided first.
func (s *store) ready(ctx context.Context, name string) (head, error) {
	for {
		st, err := s.newest(ctx, name, false)
		if err != nil || st.open == "" {
			return st.head, err
		}
		if err := s.decide(ctx, st.open); err != nil {
			return head{}, err
		}
	}
}

// encode makes a document of e.
func encode(e *event) (bson.Raw, error) {
	raw, err := bson.Marshal(e)
	if err == nil && len(raw) > mostBytes {
		err = fmt.Errorf("%w: with its metadata and tags it makes a document of %d bytes, and MongoDB's have at most %d: shorten it", prompty.ErrInvalidTemplate, len(raw), mostBytes)
	}
	return raw, err
}

func newToken() string {
	return strconv.FormatUint(rand.Uint64(), 36) + strconv.FormatUint(rand.Uint64(), 36)
}

// firstPause and longestPause are between two tries to insert a document.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// put inserts a document unless its key is taken, exactly once: when the answer is
// lost it tries again, and a key that our own first try has taken is known by the
// token. So what becomes of it is not known only if the server stays away.
func (s *store) put(ctx context.Context, doc bson.Raw, id, token string) (inserted bool, err error) {
	return detached(s, ctx, func(ctx context.Context) (bool, error) {
		unknown := false
		for pause := firstPause; ; pause = min(2*pause, longestPause) {
			_, err := s.events.InsertOne(ctx, doc)
			switch {
			case err == nil:
				return true, nil
			case mongo.IsDuplicateKeyError(err):
				var owner string
				if owner, err = s.owner(ctx, id); err == nil {
					return owner == token, nil
				}
				// what was inserted may not have reached the majority yet
			case neverSent(err):
				// it is as before
			case isTransient(err):
				unknown = true
			default:
				return false, err
			}
			select {
			case <-time.After(rand.N(pause)):
				continue
			case <-ctx.Done():
			}
			if unknown {
				err = backend.OutcomeUnknown(err)
			}
			return false, err
		}
	})
}

// owner returns the token in the document of a key.
func (s *store) owner(ctx context.Context, id string) (string, error) {
	var doc struct {
		Token string `bson:"token"`
	}
	err := s.events.FindOne(ctx, bson.D{{Key: "_id", Value: id}}, options.FindOne().SetProjection(bson.D{{Key: "token", Value: 1}})).Decode(&doc)
	return doc.Token, err
}
