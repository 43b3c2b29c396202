package dynamostore

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/storetest"
)

// place names a table of its own on the shared server.
func place(t testing.TB) string {
	return fmt.Sprintf("dynamodb://local:local@eu-central-1/t%d?poll=20ms&endpoint=%s", rand.Uint64(), url.QueryEscape(testserver.DynamoDB(t).URL()))
}

func openPlace(t testing.TB) storetest.Place {
	where := place(t)
	return func() (prompty.TemplateStorage, error) { return Open(where) }
}

var claims = []storetest.Claim{storetest.SourceLimit(SourceLimit), storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Watcher]()}

func TestContract(t *testing.T) {
	t.Run("suite", func(t *testing.T) { storetest.Run(t, openPlace, claims...) })
	t.Run("model", func(t *testing.T) { storetest.Model(t, openPlace, claims...) })
}
