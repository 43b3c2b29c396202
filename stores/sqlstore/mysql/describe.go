package mysql

import (
	"context"
	"fmt"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// smallPacket is a max_allowed_packet that leaves little room for prompts.
const smallPacket = 1 << 20

func (s *store) Describe(ctx context.Context) (d prompty.Description, err error) {
	d.Location = s.place()
	var names, flush int
	var version string
	var readOnly bool
	err = s.read(ctx, func(ctx context.Context, c *sessions.Session) error {
		if err := c.Row(ctx, s.sql("SELECT COUNT(*) FROM prompty_heads WHERE latest > 0"), nil, &names); err != nil {
			return err
		}
		return c.Row(ctx, "SELECT VERSION(), @@global.read_only, @@global.innodb_flush_log_at_trx_commit", nil, &version, &readOnly, &flush)
	})
	if err != nil {
		return d, err
	}
	d.State = fmt.Sprintf("%d templates, server %s", names, version)
	if readOnly {
		d.State += ", read-only for most users"
	}
	if flush != 1 {
		d.State += fmt.Sprintf(", innodb_flush_log_at_trx_commit=%d: a loss of power takes the last second", flush)
	}
	if s.limit < smallPacket-packetReserve {
		d.Problems = append(d.Problems, fmt.Sprintf("the server's max_allowed_packet allows sources of at most %d bytes: raise it to 16M or more", s.limit))
	}
	return d, nil
}
