package prompty_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore"
	_ "github.com/go-prompty/prompty/gitstore"
)

// places are where prompts really live: each opens one place again and again.
var places = map[string]func(t *testing.T) func() prompty.TemplateStorage{
	"folder": func(t *testing.T) func() prompty.TemplateStorage {
		return openAgain(t, "filesystem", t.TempDir()+"?sync=none")
	},
	"repository": func(t *testing.T) func() prompty.TemplateStorage {
		return openAgain(t, "git", filepath.Join(t.TempDir(), "repo")+"?init=1&sync=none")
	},
}

func openAgain(t *testing.T, driver, connection string) func() prompty.TemplateStorage {
	return func() prompty.TemplateStorage {
		s, err := prompty.OpenStorage(driver, connection)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
}

func onPlaces(t *testing.T, test func(t *testing.T, s, other prompty.TemplateStorage)) {
	for kind, open := range places {
		for _, cached := range []bool{false, true} {
			name := kind
			if cached {
				name += ", cached"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				again := open(t)
				s, other := again(), again()
				if cached {
					s = prompty.NewCachedStorage(s, prompty.CacheConfig{})
				}
				test(t, s, other)
			})
		}
	}
}

// Another handle, as another process would, saves three templates again and again.
// No render mixes two of its states or goes back.
func TestRendersOfPlacesSeeOneState(t *testing.T) {
	t.Parallel()
	onPlaces(t, func(t *testing.T, s, other prompty.TemplateStorage) {
		rendersSeeOneState(t, newEngine(t, prompty.StorageEngineConfig{Storage: s}), other, 60)
	})
}

// What is changed through the very handle, or cache, that an engine has shows in
// the next render, however late its watch is.
func TestOwnChangesOfAPlaceShowAtOnce(t *testing.T) {
	t.Parallel()
	onPlaces(t, func(t *testing.T, s, _ prompty.TemplateStorage) {
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
		se.OnChange(func(prompty.ChangeBatch) {}) // waits until it follows
		save(t, s, "page", `{~prompty.include template="part" /~}`)
		for i := range 30 {
			text := fmt.Sprint("text ", i)
			part := save(t, s, "part", text)
			wantOutput(t, se, "page", nil, text)
			save(t, s, "part", "passing")
			if err := s.DeleteVersion(t.Context(), "part", part.Version+1); err != nil {
				t.Fatal(err)
			}
			wantOutput(t, se, "page", nil, text)
		}
		if st := se.Status(); !st.Following {
			t.Errorf("Status = %+v, want it to follow", st)
		}
	})
}

func TestBrokenEditOfAPlace(t *testing.T) {
	t.Parallel()
	onPlaces(t, func(t *testing.T, s, other prompty.TemplateStorage) {
		heard := make(chan *prompty.ReloadError, 10)
		se := newEngine(t, prompty.StorageEngineConfig{Storage: s, OnReloadError: func(err *prompty.ReloadError) { heard <- err }})
		save(t, other, "page", `{~prompty.include template="parts/head" /~}.`)
		save(t, other, "parts/head", "one")
		changes := make(chan prompty.ChangeBatch, 100)
		se.OnChange(func(b prompty.ChangeBatch) { changes <- b })
		if err := se.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, se, "page", nil, "one.")

		save(t, other, "parts/head", "line\n  {~prompty.if~}")
		err := receive(t, heard) // nobody executes it
		if text := err.Error(); err.Name != "parts/head" || err.Serving != 1 || !strings.Contains(text, "parts/head:2:3: ") {
			t.Errorf("the report is %q, want parts/head at 2:3, and 1 in service", text)
		}
		if strings.HasPrefix(t.Name(), "TestBrokenEditOfAPlace/folder") && !strings.HasSuffix(err.Place, "head.prompty:2:3") {
			t.Errorf("its place is %q, want the file at 2:3", err.Place)
		}
		wantBroken(t, se, "parts/head@2")
		wantOutput(t, se, "page", nil, "one.")
		save(t, other, "parts/head", "three")
		for len(se.Status().Broken) > 0 {
			receive(t, changes)
		}
		wantOutput(t, se, "page", nil, "three.")
		if len(heard) > 0 {
			t.Errorf("OnReloadError heard %v as well", <-heard)
		}
		if st := se.Status(); !st.Following || st.Watch.Degraded != "" {
			t.Errorf("Status = %+v, want it to follow, and nothing degraded", st)
		}
	})
}

// receive waits for the next thing that is told.
func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(time.Minute):
		t.Fatal("nothing was told within a minute")
	}
	panic("unreachable")
}

// People edit files. What is rendered when OnChange tells of an edit is no older.
func TestEditedFilesAreLive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	edit := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	edit("page.prompty", `{~prompty.include template="part" /~}!`)
	edit("part.prompty", "0")
	s, err := prompty.OpenStorage("filesystem", dir)
	if err != nil {
		t.Fatal(err)
	}
	se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
	wantOutput(t, se, "page", nil, "0!")
	var mu sync.Mutex
	rendered := make(map[string]bool)
	told := make(chan struct{}, 100)
	se.OnChange(func(prompty.ChangeBatch) {
		text, err := se.Execute(t.Context(), "page", nil)
		if err != nil {
			t.Errorf("Execute = %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		rendered[text] = true
		told <- struct{}{}
	})
	for _, text := range []string{"1", "22", "333"} {
		edit("part.prompty", text)
		receive(t, told)
		mu.Lock()
		if !rendered[text+"!"] {
			t.Errorf("told of the edit %q, but rendered %v", text, rendered)
		}
		mu.Unlock()
	}
	if err := os.Remove(filepath.Join(dir, "part.prompty")); err != nil {
		t.Fatal(err)
	}
	edit("page.prompty", "alone")
	if err := se.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOutput(t, se, "page", nil, "alone")
}

// Another folder in the place of the root counts its versions from 1 again: its
// texts are served although their IDs are those of the texts before.
func TestAnotherFolderInTheRootsPlace(t *testing.T) {
	t.Parallel()
	for _, cached := range []bool{false, true} {
		t.Run(fmt.Sprintf("cached %t", cached), func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			dir := filepath.Join(parent, "prompts")
			fill := func(dir, text string) {
				t.Helper()
				if err := os.Mkdir(dir, 0o777); err != nil {
					t.Fatal(err)
				}
				for name, source := range map[string]string{"page": `{~prompty.include template="part" /~}!`, "part": text} {
					if err := os.WriteFile(filepath.Join(dir, name+".prompty"), []byte(source), 0o666); err != nil {
						t.Fatal(err)
					}
				}
			}
			fill(dir, "old")
			s, err := prompty.OpenStorage("filesystem", dir+"?sync=none")
			if err != nil {
				t.Fatal(err)
			}
			if cached {
				s = prompty.NewCachedStorage(s, prompty.CacheConfig{})
			}
			se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
			told := make(chan struct{}, 100)
			se.OnChange(func(b prompty.ChangeBatch) {
				if b.All {
					told <- struct{}{}
				}
			})
			wantOutput(t, se, "page", nil, "old!")
			if text, err := se.ExecuteVersion(t.Context(), "part", 1, nil); err != nil || text != "old" {
				t.Errorf("ExecuteVersion = %q, %v", text, err)
			}
			fill(filepath.Join(parent, "next"), "new")
			if err := os.Rename(dir, filepath.Join(parent, "before")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(parent, "next"), dir); err != nil {
				t.Fatal(err)
			}
			receive(t, told)
			wantOutput(t, se, "page", nil, "new!")
			if text, err := se.ExecuteVersion(t.Context(), "part", 1, nil); err != nil || text != "new" {
				t.Errorf("ExecuteVersion = %q, %v", text, err)
			}
		})
	}
}

// What cannot even be a template, such as a file that an editor saved in another
// encoding, is a broken edit like any other.
func TestUnusableEdits(t *testing.T) {
	t.Parallel()
	for _, cached := range []bool{false, true} {
		t.Run(fmt.Sprint("cached ", cached), func(t *testing.T) {
			t.Parallel()
			ctx, dir := t.Context(), t.TempDir()
			s := openAgain(t, "filesystem", dir+"?sync=none")()
			if cached {
				s = prompty.NewCachedStorage(s, prompty.CacheConfig{})
			}
			heard := make(chan *prompty.ReloadError, 100)
			se := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{
				Storage: s, OnReloadError: func(err *prompty.ReloadError) { heard <- err },
			})
			defer se.Close()
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, name+".prompty"), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
				if err := se.Sync(ctx); err != nil {
					t.Fatal(err)
				}
			}
			want := func(text string) {
				t.Helper()
				if out, err := se.Execute(ctx, "page", nil); err != nil || out != text {
					t.Errorf("Execute = %q, %v, want %q", out, err, text)
				}
			}
			write("part", "part one")
			write("page", `page one, {~prompty.include template="part" /~}`)
			want("page one, part one")
			for _, name := range []string{"page", "part"} {
				for range 2 { // the same fault again is another edit
					write(name, "caf\xe9")
					if err := receive(t, heard); err.Name != name || err.Serving == 0 || !errors.Is(err, prompty.ErrInvalidTemplate) || strings.Contains(err.Error(), "@0") {
						t.Errorf("OnReloadError heard %v, want that %s is no template", err, name)
					}
					if broken := se.Status().Broken; len(broken) != 1 || broken[0].Name != name {
						t.Errorf("Status().Broken = %v, want %s", broken, name)
					}
					write("beside", "changes what is counted "+fmt.Sprint(time.Now()))
					want("page one, part one")
					if name == "page" {
						write(name, `page one, {~prompty.include template="part" /~}`)
					} else {
						write(name, "part one")
					}
					if broken := se.Status().Broken; len(broken) != 0 {
						t.Errorf("Status().Broken = %v after it was mended", broken)
					}
					want("page one, part one")
				}
			}
			if len(heard) > 0 {
				t.Errorf("OnReloadError heard more: %v", <-heard)
			}
		})
	}
}
