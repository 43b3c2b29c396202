package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// Heads numbers its positions as the changes are: they are made one after the
// other, so none can appear behind one that was told.
func (s *store) Heads(ctx context.Context, since string) (heads []backend.Head, position string, err error) {
	last := int64(0)
	if since != "" {
		if last, err = strconv.ParseInt(since, 10, 64); err != nil {
			return nil, "", fmt.Errorf("position %q is none of this storage's", since)
		}
	}
	err = s.read(ctx, func(c *sessions.Session) error {
		heads = nil
		return c.Rows(ctx, s.sql("SELECT name, latest, changed FROM prompty_heads WHERE changed > ? ORDER BY changed"), []any{last}, func(scan func(...any) error) error {
			var h backend.Head
			err := scan(&h.Name, &h.Version, &h.Change)
			heads = append(heads, h)
			last = max(last, h.Change)
			return err
		})
	})
	return heads, strconv.FormatInt(last, 10), err
}

const glance = 5 * time.Millisecond

// Listen implements backend.Listener: SQLite counts the commits of others, and
// tells the count without a look at any table.
func (s *store) Listen(ctx context.Context, armed, changed func()) error {
	db, err := s.openDB()
	if err != nil {
		return err
	}
	ear := sessions.New(db, 1, 0, s.setup()...)
	defer ear.Close()
	c, err := ear.Take(ctx)
	if err != nil {
		return s.explain(err)
	}
	defer ear.Give(c, true)
	known := int64(-1)
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		var version int64
		err := c.Row(background, "PRAGMA data_version", nil, &version)
		switch {
		case err != nil && !isBusy(err):
			return s.explain(err)
		case err == nil && known < 0:
			armed()
		case err == nil && version != known:
			changed()
		}
		if err == nil {
			known = version
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
