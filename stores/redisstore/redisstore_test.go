package redisstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/drivertest"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/storetest"
)

// with adds options to a connection string.
func with(connectionString string, options ...string) string {
	u, err := url.Parse(connectionString)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	for i := 0; i < len(options); i += 2 {
		q.Set(options[i], options[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// place is an empty store on a server.
func place(server *testserver.Server) string {
	return with(server.URL(), "key_prefix", fmt.Sprintf("t%x", rand.Uint64()))
}

// via is the same place through a proxy.
func via(connectionString, address string) string {
	u, err := url.Parse(connectionString)
	if err != nil {
		panic(err)
	}
	u.Host = address
	return u.String()
}

func TestDriver(t *testing.T) {
	s, err := prompty.OpenStorage("redis", place(testserver.Redis(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	long := strings.Repeat("x", prompty.MaxSourceBytes)
	var list []*prompty.StoredTemplate
	for i := range mostAtOnce/len(long) + 1 {
		list = append(list, &prompty.StoredTemplate{Name: fmt.Sprint(i), Source: long})
	}
	if err := prompty.SaveAll(t.Context(), s, list); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("SaveAll of %d MiB = %v, want ErrUnsupported", len(list)*16, err)
	}
	if found, err := s.Exists(t.Context(), "0"); found || err != nil {
		t.Errorf("a part of it was saved: %t, %v", found, err)
	}
}

func TestStorage(t *testing.T) {
	drivertest.Run(t, drivertest.Driver{
		Place: func(t testing.TB) string { return place(testserver.Redis(t)) },
		Open:  Open,
		Claims: []storetest.Claim{
			storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Snapshotter](),
			storetest.Has[prompty.Watcher](), storetest.Has[prompty.Historian](), storetest.Has[prompty.Describer](),
		},
		Own: func(t testing.TB) (*testserver.Server, string) {
			server := testserver.OwnRedis(t)
			return server, place(server)
		},
		Via: via,
	})
}
