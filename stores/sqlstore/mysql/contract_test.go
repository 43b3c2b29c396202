package mysql

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/drivertest"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/storetest"
)

var places atomic.Int64

// place is an empty one on the server that all tests share.
func place(t testing.TB) string { return placeOn(testserver.MariaDB(t)) }

func placeOn(server *testserver.Server) string {
	return fmt.Sprintf("%s?poll=20ms&table_prefix=t%d_", server.URL(), places.Add(1))
}

// pool keeps places for the next test: it takes a server longer to make tables
// than to empty them.
type pool struct {
	mu   sync.Mutex // guards free
	free []string
}

func (p *pool) place(t testing.TB, server *testserver.Server) string {
	p.mu.Lock()
	where := ""
	if n := len(p.free); n > 0 {
		where, p.free = p.free[n-1], p.free[:n-1]
	}
	p.mu.Unlock()
	if where == "" {
		where = placeOn(server)
	} else {
		db := root(t, server)
		db.SetMaxOpenConns(1) // for the session's sake
		do(t, db, "SET SESSION TRANSACTION READ WRITE")
		for _, table := range []string{"heads", "versions", "terms"} {
			do(t, db, "DELETE FROM "+prefixOf(where)+table)
		}
	}
	t.Cleanup(func() { // after all that the test does at its end
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, where)
	})
	return where
}

func TestStorage(t *testing.T) {
	var shared pool
	drivertest.Run(t, drivertest.Driver{
		Place: func(t testing.TB) string { return shared.place(t, testserver.MariaDB(t)) },
		Open:  Open,
		Claims: []storetest.Claim{
			storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Historian](),
			storetest.Has[prompty.Snapshotter](), storetest.Has[prompty.Watcher](), storetest.Has[prompty.Describer](),
		},
		Own: func(t testing.TB) (*testserver.Server, string) {
			server := testserver.OwnMariaDB(t)
			return server, placeOn(server)
		},
		Via: func(place, address string) string {
			before, rest, _ := strings.Cut(place, "unix(")
			_, after, _ := strings.Cut(rest, ")")
			return before + "tcp(" + address + ")" + after
		},
	})
}
