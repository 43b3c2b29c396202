//go:build linux

package watch_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-prompty/prompty/watch"
)

// TestFolders is TestModel with little but folders, few and deep, so that they
// move into each other, swap, and come back all the time. It shows what was
// done in the round that went wrong.
func TestFolders(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		base := t.TempDir()
		p := place{t, filepath.Join(base, "root"), filepath.Join(base, "out")}
		must(t, os.Mkdir(p.root, 0o777))
		must(t, os.Mkdir(p.out, 0o777))
		f := openFolder(t, p.root, watch.Options{Mode: mode})
		st := follow(t, f)
		for round := range max(50, *opsFlag/400) {
			var mu sync.Mutex
			var log []string
			var people sync.WaitGroup
			for who := range 2 {
				people.Go(func() {
					for range 1 + round%40 {
						if what, err := moveAbout(p); err == nil {
							mu.Lock()
							log = append(log, fmt.Sprint(who, ": ", strings.ReplaceAll(what, base+"/", "")))
							mu.Unlock()
						}
					}
				})
			}
			people.Wait()
			st.settle(p.root)
			if t.Failed() {
				t.Fatalf("round %d:\n%s", round, strings.Join(log, "\n"))
			}
			if mode != watch.Poll {
				wantWatched(t, f, p)
			}
		}
	})
}

// moveAbout does something to a random folder.
func moveAbout(p place) (what string, err error) {
	folder := func() string {
		path := p.root
		for range 1 + rand.IntN(3) {
			path = filepath.Join(path, fmt.Sprintf("d%d", rand.IntN(3)))
		}
		return path
	}
	a, b, out := folder(), folder(), filepath.Join(p.out, fmt.Sprintf("o%d", rand.IntN(2)))
	switch rand.IntN(8) {
	case 0:
		return "mv " + a + " " + out, os.Rename(a, out)
	case 1:
		return "mv " + out + " " + a, os.Rename(out, a)
	case 2, 3:
		return "mv " + a + " " + b, os.Rename(a, b)
	case 4:
		return "exchange " + a + " " + b, exchange(a, b)
	case 5:
		return "rm -r " + a, os.RemoveAll(a)
	default:
		if err := os.MkdirAll(a, 0o777); err != nil {
			return "", err
		}
		return "write " + a + "/f.txt", os.WriteFile(filepath.Join(a, "f.txt"), fmt.Append(nil, rand.Uint32()), 0o666)
	}
}
