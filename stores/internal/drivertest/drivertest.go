// Package drivertest tests a database driver: the conformance suite of storetest,
// and what a database across a network adds to it, servers that die, connections
// that break or hang, and many processes.
//
//	func TestStorage(t *testing.T) {
//		drivertest.Run(t, drivertest.Driver{
//			Place: func(t testing.TB) string {
//				return testserver.Redis(t).URL() + "?key_prefix=" + rand.Text()
//			},
//			Open:   redisstore.Open,
//			Claims: []storetest.Claim{storetest.Has[prompty.Snapshotter]()},
//			Own: func(t testing.TB) (*testserver.Server, string) {
//				server := testserver.OwnRedis(t)
//				return server, server.URL()
//			},
//			Via: func(place, address string) string { … },
//		})
//	}
//
// The processes that it starts are the test binary again, for one of its subtests
// alone: they open places, and never make one. So keep what comes before Run short.
package drivertest

import (
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/storetest"
)

// Driver is what the tests of all drivers need to know of one.
type Driver struct {
	Place  func(t testing.TB) string // makes an empty place that nothing else uses, as connection string
	Open   func(connectionString string) (prompty.TemplateStorage, error)
	Claims []storetest.Claim                                  // what is special about it
	Own    func(t testing.TB) (*testserver.Server, string)    // a server of the test's own, and a place on it; nil: there is no server
	Via    func(connectionString, proxyAddress string) string // the same place through a proxy at host:port; needed if there is Own
}

// Run tests the driver. The wrapped suite has one connection at a time
// (max_conns=1), so that a method that takes a second one before it gives back
// the first is seen to hang.
func Run(t *testing.T, d Driver) {
	places := func(option string) func(testing.TB) storetest.Place {
		return func(t testing.TB) storetest.Place {
			place := with(d.Place(t), option)
			return func() (prompty.TemplateStorage, error) { return d.Open(place) }
		}
	}
	t.Run("suite", func(t *testing.T) { storetest.Run(t, places(""), d.Claims...) })
	t.Run("wrapped, one connection", func(t *testing.T) { storetest.RunWrapped(t, places("max_conns=1"), d.Claims...) })
	t.Run("model", func(t *testing.T) { storetest.Model(t, places(""), d.Claims...) })

	// What follows waits more than it works.
	var all sync.WaitGroup
	for name, test := range map[string]func(*testing.T, Driver){
		"processes": processes,
		"savers":    savers,
		"engine":    engine,
		"faults":    faults,
	} {
		all.Go(func() {
			t.Run(name, func(t *testing.T) { test(t, d) })
		})
	}
	all.Wait()
}

func processes(t *testing.T, d Driver) {
	storetest.Processes(t, 3, func(t *testing.T) string { return d.Place(t) }, d.Open)
}

// with adds an option to a connection string.
func with(place, option string) string {
	switch {
	case option == "":
		return place
	case strings.Contains(place, "?"):
		return place + "&" + option
	}
	return place + "?" + option
}
