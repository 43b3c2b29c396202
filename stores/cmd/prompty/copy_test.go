package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// histories makes a repository with so many prompts, of 1 to 10 versions each and
// with gaps in between, and returns it as a storage of the command with the
// number of its versions.
func histories(t *testing.T, prompts int) (where string, versions int) {
	t.Helper()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "src.git") + "?init=1&sync=none"
	s, err := prompty.OpenStorage("git", path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all []*prompty.StoredTemplate
	for i := range prompts {
		for v := range 1 + i%10 {
			all = append(all, &prompty.StoredTemplate{
				Name: fmt.Sprintf("team%d/p%04d", i%7, i), Source: fmt.Sprintf("---\r\ntext %d of %d\n%s", v, i, strings.Repeat("日本 👩‍💻\n", i%50)),
				Tags: []string{"b", "a", strconv.Itoa(v)}, Metadata: map[string]string{"a.b": "$", " ": " v "}, CreatedBy: "Ann Lee", TenantID: "acme",
			})
		}
	}
	// A whole history is one pack.
	each, ok := s.(interface {
		SaveEach(context.Context, []*prompty.StoredTemplate) error
	})
	if !ok {
		t.Fatal("the Git storage cannot save a history at once")
	}
	if err := each.SaveEach(ctx, all); err != nil {
		t.Fatal(err)
	}
	versions = len(all)
	for _, name := range []string{"team2/p0009", "team5/p0019"} {
		for _, v := range []int{1, 4, 5} {
			if err := s.DeleteVersion(ctx, name, v); err != nil {
				t.Fatal(err)
			}
			versions--
		}
	}
	return "git:" + path, versions
}

// command runs the command, and returns what it prints.
func command(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "prompty", args...)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err = cmd.Run()
	return both.String(), err
}

// runs is command for one that must not fail.
func runs(t *testing.T, args ...string) string {
	t.Helper()
	output, err := command(t, args...)
	if err != nil {
		t.Fatalf("prompty %q: %v\n%s", args, err, output)
	}
	return output
}

// TestEveryDatabase moves all versions from a repository through a database to a
// folder, and compares at each end.
func TestEveryDatabase(t *testing.T) {
	t.Parallel()
	for driver, place := range map[string]func(t *testing.T) string{
		"postgres": func(t *testing.T) string { return placeOn(testserver.Postgres(t), "postgres") },
		"mysql":    func(t *testing.T) string { return placeOn(testserver.MariaDB(t), "mysql") },
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "prompts.db") + "?sync=off" },
		"redis":    func(t *testing.T) string { return placeOn(testserver.Redis(t), "redis") },
		"mongodb":  func(t *testing.T) string { return placeOn(testserver.MongoDB(t), "mongodb") },
		"dynamodb": func(t *testing.T) string {
			endpoint := url.QueryEscape(testserver.DynamoDB(t).URL())
			return "dynamodb://local:local@eu-central-1/" + rand.Text() + "?endpoint=" + endpoint
		},
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			database := place(t)
			from, versions := histories(t, 30)
			folder := filepath.Join(t.TempDir(), "prompts") + "?sync=none"
			whole := fmt.Sprintf("%d versions copied ", versions)
			for _, to := range [][2]string{{from, database}, {database, folder}} {
				if got := runs(t, "copy", to[0], to[1]); !strings.HasPrefix(got, whole) || !strings.HasSuffix(got, fmt.Sprintf("; %d read back, and equal\n", versions)) {
					t.Fatalf("copy to %s: %s", to[1], got)
				}
			}
			if got := runs(t, "copy", from, database); !strings.HasPrefix(got, "0 versions copied (0 B), "+strconv.Itoa(versions)+" there already") {
				t.Errorf("the second copy: %s", got)
			}
			for _, pair := range [][2]string{{from, database}, {database, folder}, {folder, from}} {
				if got, want := runs(t, "check", pair[0], pair[1]), fmt.Sprintf("prompty: no drift: 30 prompts compared, with %d versions that both have\n", versions); got != want {
					t.Errorf("check %q: %s", pair, got)
				}
			}
		})
	}
}

// part waits until some of the versions are at the destination, and reports
// whether some are missing still.
func part(t *testing.T, s prompty.TemplateStorage, all int, ended <-chan struct{}) bool {
	t.Helper()
	for {
		list, err := s.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended: // what was found may be all that it had to do
			return false
		default:
		}
		if len(list) > 0 {
			return len(list) < all
		}
	}
}

// open opens a storage of the command until the test ends.
func open(t *testing.T, where string) prompty.TemplateStorage {
	t.Helper()
	driver, connection, _ := strings.Cut(where, ":")
	s, err := prompty.OpenStorage(driver, connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// start starts the command; ended is closed when it has.
func start(t *testing.T, args ...string) (cmd *exec.Cmd, output *bytes.Buffer, ended chan struct{}) {
	t.Helper()
	cmd, output, ended = exec.Command("prompty", args...), new(bytes.Buffer), make(chan struct{})
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its output tells
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	return cmd, output, ended
}

var (
	stopped = regexp.MustCompile(`(?m)^prompty: stopped: (\d+) versions copied .*; the same command goes on from there$`)
	goesOn  = regexp.MustCompile(`^(\d+) versions copied \(.*\), (\d+) there already`)
)

// goOn runs a copy again that was interrupted, and returns how many versions it
// found there. Afterwards nothing is missing or doubled.
func goOn(t *testing.T, from, to string, versions int) (there int) {
	t.Helper()
	output := runs(t, "copy", from, to)
	m := goesOn.FindStringSubmatch(output)
	if m == nil {
		t.Fatalf("the copy that goes on prints %q", output)
	}
	copied, _ := strconv.Atoi(m[1])
	there, _ = strconv.Atoi(m[2])
	if copied+there != versions {
		t.Errorf("%d versions copied, %d there already, want %d together", copied, there, versions)
	}
	if output := runs(t, "check", from, to); !strings.Contains(output, "no drift: ") {
		t.Errorf("check prints %q", output)
	}
	return there
}

// attempts is how often an interruption may come too late.
const attempts = 10

// TestCopyKilled kills a copy in its middle.
func TestCopyKilled(t *testing.T) {
	t.Parallel()
	server := testserver.Postgres(t)
	from, versions := histories(t, 120)
	for range attempts {
		to := placeOn(server, "postgres")
		watched := open(t, to)
		cmd, _, ended := start(t, "copy", from, to)
		midway := part(t, watched, versions, ended)
		if err := cmd.Process.Kill(); midway && err == nil {
			<-ended
			if there := goOn(t, from, to, versions); 0 < there && there < versions {
				return
			}
		}
	}
	t.Errorf("%d copies were at their end before they could be killed", attempts)
}

// TestCopyServerKilled kills the server in the middle of a copy. The command says
// how far it has come, and the server, started again, has all of that.
func TestCopyServerKilled(t *testing.T) {
	t.Parallel()
	for driver, own := range map[string]func(testing.TB) *testserver.Server{
		"postgres": testserver.OwnPostgres, "mysql": testserver.OwnMariaDB, "redis": testserver.OwnRedis,
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			server := own(t)
			from, versions := histories(t, 120)
			for range attempts {
				to := placeOn(server, driver)
				watched := open(t, to)
				_, output, ended := start(t, "copy", from, to)
				midway := part(t, watched, versions, ended)
				server.Kill()
				<-ended
				server.Start()
				m := stopped.FindStringSubmatch(output.String())
				if !midway || m == nil {
					continue
				}
				said, _ := strconv.Atoi(m[1])
				if there := goOn(t, from, to, versions); there < said {
					t.Errorf("%d versions were said to be copied, %d of them are there", said, there)
				}
				return
			}
			t.Errorf("%d copies were at their end before the server was killed", attempts)
		})
	}
}
