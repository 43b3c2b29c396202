package mongostore

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/storetest"
)

var places atomic.Int64

func testPlace(t testing.TB) string {
	url := os.Getenv("PROMPTY_TEST_MONGODB")
	if url == "" {
		t.Skip("no server")
	}
	return fmt.Sprintf("%s&collection_prefix=t%d_%d_", url, time.Now().UnixNano(), places.Add(1))
}

func open(t testing.TB) storetest.Place {
	url := testPlace(t)
	return func() (prompty.TemplateStorage, error) { return Open(url) }
}

func TestSuite(t *testing.T) { storetest.Run(t, open, storetest.SourceLimit(sourceLimit), storetest.Has[prompty.BatchSaver]()) }
func TestModel(t *testing.T) { storetest.Model(t, open) }
func TestWrapped(t *testing.T) { storetest.RunWrapped(t, open, storetest.SourceLimit(sourceLimit)) }
func TestProcesses(t *testing.T) { storetest.Processes(t, 5, func(t *testing.T) string { return testPlace(t) }, Open) }
