package mysql

import (
	"fmt"
	"strings"
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

func TestStorage(t *testing.T) {
	drivertest.Run(t, drivertest.Driver{
		Place: place,
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
