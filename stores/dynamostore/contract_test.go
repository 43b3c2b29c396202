package dynamostore

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/drivertest"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/storetest"
)

// tableOn names a table of its own on a server. The store makes it.
func tableOn(server *testserver.Server) string {
	return "dynamodb://key:no-secret@eu-central-1/" + rand.Text() + "?poll=20ms&endpoint=" + url.QueryEscape(server.URL())
}

func place(t testing.TB) string { return tableOn(testserver.DynamoDB(t)) }

func TestDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Driver{
		Place: place,
		Open:  Open,
		Claims: []storetest.Claim{
			storetest.SourceLimit(SourceLimit), storetest.Has[prompty.BatchSaver](),
		},
		Own: func(t testing.TB) (*testserver.Server, string) {
			server := testserver.OwnDynamoDB(t)
			return server, tableOn(server)
		},
		Via: func(place, address string) string {
			before, _, _ := strings.Cut(place, "&endpoint=")
			return before + "&endpoint=" + url.QueryEscape("http://"+address)
		},
	})
}
