package mongostore_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/drivertest"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/stores/mongostore"
	"github.com/go-prompty/prompty/storetest"
)

// The longest source: a document holds 16 MiB, and 64 KiB of it are for the rest.
const sourceLimit = 16<<20 - 64<<10

func TestStorage(t *testing.T) {
	drivertest.Run(t, drivertest.Driver{
		Place: func(t testing.TB) string { return place(testserver.MongoDB(t)) },
		Open:  mongostore.Open,
		Claims: []storetest.Claim{
			storetest.SourceLimit(sourceLimit), storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Historian](),
		},
		Own: func(t testing.TB) (*testserver.Server, string) {
			server := testserver.OwnMongoDB(t)
			return server, place(server)
		},
		Via: func(place, address string) string {
			_, rest, _ := strings.Cut(strings.TrimPrefix(place, "mongodb://"), "/")
			return "mongodb://" + address + "/" + rest
		},
	})
}

// place is a new one on a server.
func place(s *testserver.Server) string {
	url := s.URL()
	if strings.Contains(url, "?") {
		url += "&"
	} else {
		url += "?"
	}
	return url + "poll=100ms&collection_prefix=test_" + strconv.FormatUint(rand.Uint64(), 36) + "_"
}
