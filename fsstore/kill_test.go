package fsstore_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/fsstore"
)

const workerEnv = "FSSTORE_TEST_WORKER" // "dir seed sync" or "obey dir": run as a worker instead of as a test

func TestMain(m *testing.M) {
	if job := os.Getenv(workerEnv); job != "" {
		if dir, ok := strings.CutPrefix(job, "obey "); ok {
			obey(dir)
		} else {
			work(job)
		}
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// body is a text that shows whether it is whole, and which one it is.
func body(id string, size int) string {
	text := id + "\n" + strings.Repeat(id+" ", size/(len(id)+1)+1)
	return fmt.Sprintf("%s\n%08x", text, crc32.ChecksumIEEE([]byte(text)))
}

// whole returns the ID of a body, or false if it is not as body made it.
func whole(text string) (id string, ok bool) {
	i := strings.LastIndexByte(text, '\n')
	if i < 0 || fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text[:i]))) != text[i+1:] {
		return "", false
	}
	id, _, _ = strings.Cut(text, "\n")
	return id, true
}

var killNames = []string{"a", "b/c", "b/d"}

// work saves and deletes until it is killed, and says what was acknowledged.
func work(job string) {
	f := strings.Fields(job)
	seed, _ := strconv.ParseUint(f[1], 10, 64)
	rnd := rand.New(rand.NewPCG(seed, 1))
	s, err := fsstore.Open(f[0], fsstore.Options{Sync: fsstore.SyncMode(f[2])})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	ctx := context.Background()
	for i := 0; ; i++ {
		name := killNames[rnd.IntN(len(killNames))]
		id := fmt.Sprintf("s%d.%d", seed, i)
		switch k := rnd.IntN(20); {
		case k == 0:
			err = s.Delete(ctx, name)
		case k < 3:
			var t *prompty.StoredTemplate
			if t, err = s.Get(ctx, name); err == nil {
				err = s.DeleteVersion(ctx, name, t.Version-rnd.IntN(2))
			}
		case k < 6:
			_, err = s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: k == 5})
		case k < 9:
			_, err = s.Get(ctx, name)
		default:
			t := &prompty.StoredTemplate{Name: name, Source: body(id, rnd.IntN(20_000)), Tags: []string{id}}
			if err = s.Save(ctx, t); err == nil {
				fmt.Println("saved", name, t.Version, id)
			}
		}
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			fmt.Println("error", err)
			return
		}
	}
}

// TestKill lets several processes, and people with editors, work on one folder
// and kills the processes at random moments, again and again. Every
// acknowledged version is there once, under its number, whole; every text
// that anybody ever sees is whole.
func TestKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts many processes")
	}
	rounds := 4
	if f := flag.Lookup("long"); f.Value.String() == "true" {
		rounds = 200
	}
	for _, hands := range []bool{false, true} {
		for _, sync := range []string{"none", "full"} {
			t.Run(fmt.Sprintf("hands=%v/sync=%s", hands, sync), func(t *testing.T) {
				t.Parallel()
				killRounds(t, rounds, hands, sync)
			})
		}
	}
}

func killRounds(t *testing.T, rounds int, hands bool, sync string) {
	dir := t.TempDir()
	seed := rand.Uint64N(1e9)
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	acks := map[string]string{} // by "name version": the ID
	edits := 0
	for range rounds {
		var mu sync2
		working := make(chan struct{}, 1) // holds a token once a worker has done something
		var workers []*exec.Cmd
		for w := range 3 {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", workerEnv, dir, seed+uint64(w), sync))
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			workers = append(workers, cmd)
			mu.Go(func() {
				for sc := bufio.NewScanner(out); sc.Scan(); {
					select {
					case working <- struct{}{}:
					default:
					}
					mu.Lock()
					f := strings.Fields(sc.Text())
					if f[0] == "error" {
						t.Errorf("a worker: %s", sc.Text())
					} else if f[0] == "saved" && len(f) == 4 {
						key := f[1] + " " + f[2]
						if acks[key] != "" {
							t.Errorf("%s was acknowledged twice: for %s and %s", key, acks[key], f[3])
						}
						acks[key] = f[3]
					}
					mu.Unlock()
				}
			})
		}
		seed += 3
		stop := make(chan struct{})
		if hands {
			hand := rand.New(rand.NewPCG(seed, 3))
			mu.Go(func() { edits += editUntil(t, dir, hand, stop) })
		}
		select {
		case <-working:
		case <-time.After(time.Minute): // not to hang
		}
		// Kill each after it has had time to do something; when does not matter.
		for _, cmd := range workers {
			time.Sleep(time.Duration(20+rnd.IntN(120)) * time.Millisecond)
			cmd.Process.Kill()
		}
		close(stop)
		mu.Wait()
		for _, cmd := range workers {
			cmd.Wait()
		}
		checkKilled(t, dir, acks)
		if t.Failed() {
			out, _ := exec.Command("sh", "-c", "cd "+dir+"; find . -type f | sort | xargs -I{} sh -c 'ls -l --time-style=+%H:%M:%S.%N {}; grep -am1 ^[sh][0-9] {}'").CombinedOutput()
			t.Logf("%s", out)
			return
		}
	}
	t.Logf("%d versions were acknowledged, %d edits made", len(acks), edits)
	if len(acks) == 0 {
		t.Error("no version was ever acknowledged: the test shows nothing")
	}
}

type sync2 struct {
	sync.Mutex
	sync.WaitGroup
}

// editUntil edits by hand, in the ways of editors.
func editUntil(t *testing.T, dir string, rnd *rand.Rand, stop chan struct{}) (n int) {
	for ; ; n++ {
		select {
		case <-stop:
			return n
		case <-time.After(time.Duration(rnd.IntN(3000)) * time.Microsecond):
		}
		p := filepath.Join(dir, killNames[rnd.IntN(len(killNames))]+".prompty")
		text := body(fmt.Sprintf("h%d", rnd.Uint64()), rnd.IntN(20_000))
		os.MkdirAll(filepath.Dir(p), 0o777)
		switch rnd.IntN(3) {
		case 0: // in place
			os.WriteFile(p, []byte(text), 0o666)
		case 1: // temp and rename
			os.WriteFile(p+"~", []byte(text), 0o666)
			os.Rename(p+"~", p)
		case 2: // backup by rename, then the new file
			os.Rename(p, p+".bak")
			os.WriteFile(p, []byte(text), 0o666)
		}
	}
}

// checkKilled looks into the folder with a store of its own, and at the files.
func checkKilled(t *testing.T, dir string, acks map[string]string) {
	s, err := fsstore.Open(dir, fsstore.Options{Sync: fsstore.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	if _, err := s.List(ctx, nil); err != nil {
		t.Error(err)
		return
	}
	where := map[string]string{} // by ID: the version that has it
	for _, name := range killNames {
		latest, err := s.Get(ctx, name)
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Fatal(err)
		}
		tree, rerr := os.ReadFile(filepath.Join(dir, name+".prompty"))
		if (err == nil) != (rerr == nil) {
			t.Errorf("Get(%s): %v, but its file: %v", name, err, rerr)
		}
		if err == nil && !strings.HasSuffix(string(tree), latest.Source) {
			t.Errorf("Get(%s) is not what the file holds", name)
		}
		files, _ := filepath.Glob(filepath.Join(dir, ".prompty/versions", name, "*.prompty*"))
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, text, found := strings.Cut(string(data), "---\ntags: [")
			if found {
				_, text, _ = strings.Cut(text, "---\n")
			} else {
				text = string(data)
			}
			id, ok := whole(text)
			if !ok {
				t.Errorf("%s is not whole: %d bytes, %.60q", file, len(data), data)
				continue
			}
			number, mark, _ := strings.Cut(filepath.Base(file), ".prompty")
			if mark != "" && mark != ".deleted" {
				t.Errorf("%s is left half done", file)
			}
			key := name + " " + number
			if where[id] != "" && id[0] == 's' {
				t.Errorf("%s is saved as %s and as %s", id, where[id], key)
			}
			where[id] = key
		}
	}
	for key, id := range acks {
		if where[id] != key {
			t.Errorf("%s was acknowledged as %s, but is at %q", id, key, where[id])
		}
	}
}
