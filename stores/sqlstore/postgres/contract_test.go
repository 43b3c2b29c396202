package postgres_test

import (
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/drivertest"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
	"github.com/go-prompty/prompty/storetest"
)

var places atomic.Int64

// place returns the connection string of an empty place.
func place(t testing.TB) string {
	t.Helper()
	return placeOn(testserver.Postgres(t))
}

func placeOn(s *testserver.Server) string {
	return with(s.URL(), "table_prefix=t"+strconv.Itoa(os.Getpid())+"_"+strconv.FormatInt(places.Add(1), 10)+"_")
}

// with adds an option to a URL.
func with(connectionString, option string) string {
	if strings.Contains(connectionString, "?") {
		return connectionString + "&" + option
	}
	return connectionString + "?" + option
}

// via is the same place through a proxy.
func via(connectionString, addr string) string {
	u, err := url.Parse(connectionString)
	if err != nil {
		panic(err) // the test's own
	}
	host, port, _ := net.SplitHostPort(addr)
	q := u.Query()
	q.Set("host", host)
	q.Set("port", port)
	u.Host, u.RawQuery = "", q.Encode()
	return u.String()
}

func TestStorage(t *testing.T) {
	drivertest.Run(t, drivertest.Driver{
		Place: place,
		Open:  postgres.Open,
		Via:   via,
		Own: func(t testing.TB) (*testserver.Server, string) {
			s := testserver.OwnPostgres(t)
			return s, placeOn(s)
		},
		Claims: []storetest.Claim{
			storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Snapshotter](),
			storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.Historian](),
			storetest.Has[prompty.Watcher](), storetest.Has[prompty.Syncer](),
			storetest.Has[prompty.Prober](), storetest.Has[prompty.Describer](),
		},
	})
}
