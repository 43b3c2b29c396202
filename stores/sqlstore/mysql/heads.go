package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// overlap is how much later than its stamp a change may be seen: who waits for a
// lock for 5 seconds and takes 10 to commit was stamped before. What comes later
// still is found when all heads are compared.
const overlap = 15 * time.Second

// Heads numbers its positions by the server's clock, before it looks.
func (s *store) Heads(ctx context.Context, since string) ([]backend.Head, string, error) {
	var last time.Time
	if since != "" {
		var err error
		if last, err = time.Parse(time.RFC3339Nano, since); err != nil {
			return nil, "", fmt.Errorf("position %q is none of this storage's", since)
		}
	}
	var heads []backend.Head
	var now time.Time
	err := s.read(ctx, func(ctx context.Context, c *sessions.Session) error {
		if err := c.Row(ctx, "SELECT UTC_TIMESTAMP(6)", nil, &now); err != nil {
			return err
		}
		heads = nil
		each := func(scan func(...any) error) error {
			var h backend.Head
			err := scan(&h.Name, &h.Version, &h.Change)
			heads = append(heads, h)
			return err
		}
		if since == "" {
			return c.Rows(ctx, s.sql(allHeads), nil, each)
		}
		if now.Before(last) { // the clock was set back
			last = now
		}
		return c.Rows(ctx, s.sql(changedHeads), []any{last.Add(-overlap)}, each)
	})
	if err != nil {
		return nil, "", err
	}
	return heads, now.Format(time.RFC3339Nano), nil
}

const (
	allHeads     = "SELECT name, latest, changes FROM prompty_heads"
	changedHeads = allHeads + " WHERE changed_at >= ?"
)
