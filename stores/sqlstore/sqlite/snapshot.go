package sqlite

import (
	"context"
	"fmt"

	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// at is the state after a change. Rows are never removed and changes are numbered
// one after the other, so a number is all it takes to see that state again.
type at int64

func (a at) visible() string { return a.condition("v") }

func (a at) latest(name string) string {
	return "(SELECT w.version FROM prompty_versions w WHERE w.name = " + name + " AND " + a.condition("w") + " ORDER BY w.version DESC LIMIT 1)"
}

func (a at) condition(alias string) string {
	return fmt.Sprintf("%[1]s.added <= %[2]d AND (%[1]s.removed IS NULL OR %[1]s.removed > %[2]d)", alias, a)
}

// snapshot needs no end.
type snapshot struct{ reader }

func (snapshot) Close() error { return nil }

// Snapshot implements backend.Snapshotter.
func (s *store) Snapshot(ctx context.Context) (backend.Snapshot, error) {
	var changed int64
	err := s.read(ctx, func(c *sessions.Session) error {
		return c.Row(background, s.sql("SELECT ifnull(max(changed), 0) FROM prompty_heads"), nil, &changed)
	})
	return snapshot{newReader(s, at(changed))}, err
}
