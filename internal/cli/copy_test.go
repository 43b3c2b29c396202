package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/transfer"
)

// TestCopyKilled kills the command in the middle of a copy, again and again, and
// lets it come to its end at last: all is there, once.
func TestCopyKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, folder, repo := filepath.Join(dir, "from.git")+"?init=1&sync=none", filepath.Join(dir, "to"), filepath.Join(dir, "to.git")
	source, err := prompty.OpenStorage("git", from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	fillForCopy(t, source)
	want := allVersions(t, source)

	times := 0
	for round := 1; round <= 3; round++ {
		if err := copyKilled(t, os.Kill, round*len(want)/5, versionFiles(folder), "git:"+from, "filesystem:"+folder); err != nil {
			times++
		}
	}
	if times == 0 {
		t.Error("no copy into a folder was killed in the middle")
	}
	// Ctrl-C: what is done is told, and the shell's exit code for that.
	if runtime.GOOS != "windows" {
		count := versionFiles(folder)
		err := copyKilled(t, os.Interrupt, count()+3, count, "git:"+from, "filesystem:"+folder) // it is at work then
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && (exit.ExitCode() != 130 || !strings.Contains(string(exit.Stderr), "prompty: stopped: ")) {
			t.Errorf("Ctrl-C ends the copy with %v\n%s", err, exit.Stderr)
		}
	}
	out, err := exec.Command("prompty", "copy", "git:"+from, "filesystem:"+folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%d killed; %s", times, out)
	equalVersions(t, want, "filesystem", folder)

	// Back into a repository, where the branch moves once for many versions.
	for round := 1; round <= 2; round++ {
		_ = copyKilled(t, os.Kill, round*10, looseFiles(repo), "filesystem:"+folder, "git:"+repo+"?init=1&sync=none")
	}
	out, err = exec.Command("prompty", "copy", "filesystem:"+folder, "git:"+repo+"?init=1&sync=none").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	equalVersions(t, want, "git", repo)
}

func fillForCopy(t *testing.T, s prompty.TemplateStorage) {
	t.Helper()
	var list []*prompty.StoredTemplate
	for i := range 90 {
		list = append(list, &prompty.StoredTemplate{
			Name: fmt.Sprintf("p%d", i%5), Source: fmt.Sprintf("text %d\n", i), CreatedBy: "ann", Metadata: map[string]string{"i": fmt.Sprint(i)},
		})
	}
	each, ok := prompty.As[interface {
		SaveEach(context.Context, []*prompty.StoredTemplate) error
	}](s)
	if !ok {
		t.Fatal("git has no SaveEach")
	}
	if err := each.SaveEach(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for _, v := range []int{1, 7, 8} {
		if err := s.DeleteVersion(t.Context(), "p2", v); err != nil {
			t.Fatal(err)
		}
	}
}

func allVersions(t *testing.T, s prompty.TemplateStorage) []*prompty.StoredTemplate {
	t.Helper()
	list, err := s.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func equalVersions(t *testing.T, want []*prompty.StoredTemplate, driver, connection string) {
	t.Helper()
	s, err := prompty.OpenStorage(driver, connection)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff(want, allVersions(t, s), cmpopts.IgnoreFields(prompty.StoredTemplate{}, "ID", "CreatedAt", "UpdatedAt")); diff != "" {
		t.Fatalf("after all that (-source +copy):\n%s", diff)
	}
}

// copyKilled copies until there are so many files, then sends a signal. It
// returns how the command ended; nil if it came to its end.
func copyKilled(t *testing.T, sig os.Signal, files int, count func() int, from, to string) error {
	t.Helper()
	return killed(t, sig, files, count, "copy", from, to)
}

// killed runs the command and sends it a signal when there are so many files.
func killed(t *testing.T, sig os.Signal, files int, count func() int, args ...string) error {
	t.Helper()
	cmd := exec.Command("prompty", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			exit.Stderr = []byte(stderr.String())
		}
		done <- err
	}()
	look := time.NewTicker(200 * time.Microsecond)
	defer look.Stop()
	for count() < files {
		select {
		case err := <-done:
			return err
		case <-look.C:
		}
	}
	if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	return <-done
}

// versionFiles counts the versions that a folder of prompts holds.
func versionFiles(dir string) func() int {
	return countFiles(filepath.Join(dir, ".prompty", "versions"))
}

// looseFiles counts all files of a repository.
func looseFiles(dir string) func() int { return countFiles(dir) }

func countFiles(dir string) func() int {
	return func() int {
		n := 0
		_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				n++
			}
			return nil
		})
		return n
	}
}

// TestMeter has the line of a copy's progress at several widths.
func TestMeter(t *testing.T) {
	t.Parallel()
	at := transfer.Progress{Phase: transfer.Copying, Prompts: 12, Of: 48, Versions: 250, OfAll: 1000, Bytes: 3 << 20}
	tests := []struct {
		p       transfer.Progress
		columns int
		want    string
	}{
		{at, 120, "copying  25%  [#######-----------------------]  250/1000  15s left  12/48 prompts  3.0 MiB  50/s"},
		{at, 79, "copying  25%  [###----------]  250/1000  15s left  12/48 prompts  3.0 MiB  50/s"},
		{at, 60, "copying  25%  250/1000  15s left  12/48 prompts  3.0 MiB"},
		{at, 39, "copying  25%  250/1000  15s left"},
		{at, 20, "copying  25%"},
		{at, 5, "copy…"},
		{transfer.Progress{Phase: transfer.Listing, Of: 3, OfAll: 9}, 39, "listing 3 prompts, 9 versions"},
		{transfer.Progress{Phase: transfer.Verifying, Versions: 9, OfAll: 4}, 39, "verifying 100%  9/4  0s left"},
	}
	for _, test := range tests {
		if got := meterLine(test.p, 5*time.Second, test.columns); got != test.want {
			t.Errorf("%d columns: %q, want %q", test.columns, got, test.want)
		}
	}
	if got := meterLine(at, 0, 39); strings.Contains(got, "left") || strings.Contains(got, "/s") {
		t.Errorf("at the beginning: %q", got)
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 30: "3.0 GiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
	m := (&app{stderr: os.Stderr, lookupEnv: func(string) (string, bool) { return "dumb", true }}).newMeter()
	m.show(at)
	m.clear()
	if m.drawn {
		t.Error("a dumb terminal is drawn on")
	}
}

// TestImportInterrupted ends an import in the middle: what is saved is told, and
// the same command goes on.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signal that a process sends to another")
	}
	const prompts = 150
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.Mkdir(from, 0o777); err != nil {
		t.Fatal(err)
	}
	for i := range prompts {
		if err := os.WriteFile(filepath.Join(from, fmt.Sprintf("p%d.prompt", i)), []byte("text"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	err := killed(t, os.Interrupt, 5, versionFiles(to), "-s", to, "import", from)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if exit.ExitCode() != 130 || !strings.Contains(string(exit.Stderr), "saved; the same command goes on from there") {
			t.Errorf("Ctrl-C ends the import with %v\n%s", err, exit.Stderr)
		}
	} else {
		t.Log("the import had ended before")
	}
	if out, err := exec.Command("prompty", "-s", to, "import", from).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := versionFiles(to)(); n != prompts {
		t.Errorf("%d versions are there, want %d", n, prompts)
	}
}
