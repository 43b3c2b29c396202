package storetest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// Processes lets several real processes save into one place, and kills them at
// random moments, as kill -9 does, round after round; in the last round they
// may end on their own. After each round no acknowledged version may be lost
// or doubled, no text may be cut, and the place must open and take a save. If
// the storage is a [prompty.Watcher], 32 writers in several processes work once
// more while this one watches, and must miss nothing.
//
// place makes an empty place and says where it is; open opens it there. The
// processes are this test binary, started again for the test t alone: code
// before this call runs in each of them, so keep it short, and call Processes
// once a test. place is not called in them.
func Processes(t *testing.T, rounds int, place func(*testing.T) string, open func(place string) (prompty.TemplateStorage, error)) {
	if os.Getenv(childVariable) == t.Name() {
		childMain(open)
	}
	kill(&trial{TB: t, rule: ruleDurable, claims: newClaims(nil)}, rounds, place(t), open)
}

func kill(t *trial, rounds int, place string, open func(string) (prompty.TemplateStorage, error)) {
	seed := t.seed()
	t.Logf("storetest: again with %s=%d", seedVariable, seed)
	k := &killing{t: t, rnd: rand.New(rand.NewPCG(seed, 0)), place: place, open: open, acks: make(map[string]map[int]string)}
	for round := 0; round < rounds && !t.Failed(); round++ {
		k.round(round, round == rounds-1)
	}
	if !t.Failed() {
		k.watch(rounds * childrenAtOnce)
	}
	t.Logf("%d acknowledged versions, %d processes killed", k.acknowledged, k.killed)
}

const (
	childVariable   = "STORETEST_PROCESS"
	placeVariable   = "STORETEST_PLACE"
	numberVariable  = "STORETEST_NUMBER"
	writersVariable = "STORETEST_WRITERS"

	childrenAtOnce = 3
)

// killing is the parent's side.
type killing struct {
	t     *trial
	rnd   *rand.Rand
	place string
	open  func(string) (prompty.TemplateStorage, error)

	mu           sync.Mutex                // guards the fields below
	acks         map[string]map[int]string // name → version → checksum
	acknowledged int
	killed       int // processes
	cut          int // saves that may have been under way then
}

func (k *killing) round(round int, last bool) {
	k.t.Helper()
	var wg sync.WaitGroup
	for i := range childrenAtOnce {
		// The moment of the kill: so many acknowledgements, and then a while
		// in which the next save gets somewhere; or a longer while from the
		// start, within which the place is opened.
		quota, while := k.rnd.IntN(12), time.Duration(k.rnd.IntN(4000))*time.Microsecond
		if quota == 0 {
			while *= 30
		}
		wg.Go(func() { k.child(round*childrenAtOnce+i, 1, quota, while, last) })
	}
	wg.Wait()
	k.verify()
}

// child runs one process with so many writers until it is killed or, if it is
// the last, asked to end.
func (k *killing) child(number, writers, quota int, while time.Duration, last bool) {
	var pattern []string
	for part := range strings.SplitSeq(k.t.Name(), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	cmd := exec.Command(os.Args[0], "-test.run="+strings.Join(pattern, "/"), "-test.count=1", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), childVariable+"="+k.t.Name(), placeVariable+"="+k.place,
		fmt.Sprint(numberVariable, "=", number), fmt.Sprint(writersVariable, "=", writers))
	var complaint strings.Builder
	cmd.Stderr = &complaint
	stdin, err := cmd.StdinPipe()
	if err != nil {
		k.t.Errorf("starting a process: %v", err)
		return
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.t.Errorf("starting a process: %v", err)
		return
	}
	overdue := time.AfterFunc(2*standardPatience, func() {
		k.t.Errorf("process %d did not end within %v", number, 2*standardPatience)
		cmd.Process.Kill()
	})
	defer overdue.Stop()
	end := sync.OnceFunc(func() {
		if last {
			stdin.Close()
			return
		}
		time.AfterFunc(while, func() { cmd.Process.Kill() })
	})
	if quota == 0 {
		end()
	}
	seen := 0
	var other []string
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		name, version, sum, ok := parseAck(lines.Text())
		if !ok {
			other = append(other, lines.Text())
			continue
		}
		k.acknowledge(name, version, sum)
		if seen++; seen >= quota {
			end()
		}
	}
	io.Copy(io.Discard, stdout)
	err = cmd.Wait()
	stdin.Close()
	if last && err != nil || seen < quota {
		k.t.Errorf("process %d ended after %d saves: %v\n%s%s", number, seen, err, strings.Join(other, "\n"), shorten(complaint.String()))
	} else if !last {
		k.mu.Lock()
		k.killed++
		k.cut += writers
		k.mu.Unlock()
	}
}

func (k *killing) acknowledge(name string, version int, sum string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.acks[name] == nil {
		k.acks[name] = make(map[int]string)
	}
	if other, twice := k.acks[name][version]; twice {
		k.t.Errorf("version %d of %q was given twice, to texts with the checksums %.8s and %.8s", version, name, other, sum)
	}
	k.acks[name][version] = sum
	k.acknowledged++
}

// verify looks at the place when no process has it open.
func (k *killing) verify() {
	t := k.t
	t.Helper()
	s, err := k.open(k.place)
	if err != nil {
		t.Fatalf("opening the place after a round: %v", err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	for name, acks := range k.acks {
		versions, err := s.ListVersions(t.ctx(), name)
		if err != nil {
			t.Fatalf("ListVersions(%q) after a round: %v", name, err)
		}
		for _, v := range versions {
			got := t.getVersion(s, name, v)
			sum, whole := checkText(got.Source)
			if !whole {
				t.Errorf("%s@%d is not whole: %d bytes, %.60q…", name, v, len(got.Source), got.Source)
			} else if want, ok := acks[v]; ok && want != sum {
				t.Errorf("%s@%d has another text than was acknowledged", name, v)
			}
		}
		if name == churnName {
			continue // its versions come and go
		}
		for v := range acks {
			if !slices.Contains(versions, v) {
				t.Errorf("%s@%d was acknowledged and is lost; there are %d versions", name, v, len(versions))
			}
		}
		if n := len(versions); n > 0 && versions[0] != n {
			t.Errorf("%q has %d versions, and the latest is %d", name, n, versions[0])
		}
		// What was under way at a kill may have been saved.
		if extra := len(versions) - len(acks); extra > k.cut {
			t.Errorf("%q has %d versions that nobody acknowledged, more than the %d writers that were killed", name, extra, k.cut)
		}
	}
	text, sum := selfChecking("parent", 0, k.acknowledged)
	saved := t.saveText(s, sharedName, text)
	k.acknowledge(sharedName, saved.Version, sum)
	if list := t.list(s, nil); len(list) == 0 {
		t.Errorf("List after a round is empty")
	}
}
