package dynamostore

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/drivertest"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/storetest"
)

// The server in tests has no TLS, and to read a file of certificates for every
// storage takes longer than the rest of opening it.
func init() { os.Unsetenv("AWS_CA_BUNDLE") }

var places atomic.Int64

// place names a place of its own in a table that a few tests share: DynamoDB
// Local is slow in making a table, and in describing one with much in it.
func place(t testing.TB) string {
	return fmt.Sprintf("dynamodb://key:no-secret@eu-central-1/tests%d_%d?key_prefix=p%s_&poll=50ms&endpoint=%s",
		os.Getpid(), places.Add(1)/50, rand.Text(), url.QueryEscape(testserver.DynamoDB(t).URL()))
}

// table names a table of its own on a server. Open makes it.
func table(server *testserver.Server) string {
	return "dynamodb://key:no-secret@eu-central-1/" + rand.Text() + "?poll=50ms&endpoint=" + url.QueryEscape(server.URL())
}

func TestDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Driver{
		Place: place,
		Open:  Open,
		Claims: []storetest.Claim{
			storetest.SourceLimit(SourceLimit), storetest.Has[prompty.BatchSaver](),
		},
		Own: func(t testing.TB) (*testserver.Server, string) {
			server := testserver.OwnDynamoDB(t)
			return server, table(server)
		},
		Via: func(place, address string) string {
			before, _, _ := strings.Cut(place, "&endpoint=")
			return before + "&endpoint=" + url.QueryEscape("http://"+address)
		},
	})
}
