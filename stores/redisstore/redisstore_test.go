package redisstore

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"

	"github.com/go-prompty/prompty"
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

func TestStorage(t *testing.T) {
	server := testserver.Redis(t)
	open := func(t testing.TB) storetest.Place {
		where := place(server)
		return func() (prompty.TemplateStorage, error) { return Open(where) }
	}
	claims := []storetest.Claim{
		storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Snapshotter](),
		storetest.Has[prompty.Watcher](), storetest.Has[prompty.Historian](),
	}
	t.Run("suite", func(t *testing.T) { storetest.Run(t, open, claims...) })
	t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, open) })
	t.Run("model", func(t *testing.T) { storetest.Model(t, open) })
	t.Run("processes", func(t *testing.T) {
		storetest.Processes(t, 3, func(*testing.T) string { return place(server) }, Open)
	})
}
