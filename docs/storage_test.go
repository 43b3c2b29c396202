package docs

import (
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore"
	_ "github.com/go-prompty/prompty/gitstore"
)

// section is the part of a page under a heading, up to the next one of its level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	level := heading[:strings.Index(heading, " ")+1]
	_, part, ok := strings.Cut(read(t, page), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no %q", page, heading)
	}
	part, _, _ = strings.Cut(part, "\n"+level)
	part, _, _ = strings.Cut(part, "\n## ")
	return part
}

// rows are the cells of a table's rows below its head. The first is a word of
// code.
func rows(part string) [][]string {
	var found [][]string
	for line := range strings.Lines(part) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		cells[0] = strings.Trim(cells[0], "`")
		found = append(found, cells)
	}
	if len(found) > 0 {
		found = found[1:]
	}
	return found
}

// TestOptions holds the tables of options to what the drivers accept: their
// error about an unknown one names all they know.
func TestOptions(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"filesystem", "git"} {
		_, err := prompty.OpenStorage(driver, filepath.Join(t.TempDir(), "x")+"?nosuchoption=1")
		if err == nil {
			t.Fatalf("%s takes any option", driver)
		}
		_, list, ok := strings.Cut(err.Error(), "options are ")
		if !ok {
			t.Fatalf("%s does not say what its options are: %v", driver, err)
		}
		var want []string
		for item := range strings.SplitSeq(regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(list, ""), ",") {
			want = append(want, strings.TrimSpace(item))
		}
		var got []string
		for _, row := range rows(section(t, "docs/storage.md", "### "+driver)) {
			got = append(got, row[0])
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("docs/storage.md gives %s the options %q; it has %q", driver, got, want)
		}
	}
}

// TestOptionValues opens a storage with each value that the tables name, and
// with one that they don't.
func TestOptionValues(t *testing.T) {
	t.Parallel()
	choices := []string{"create", "ext", "init", "owner", "sync", "watch", "worktree"} // the others are free text
	for _, driver := range []string{"filesystem", "git"} {
		for _, row := range rows(section(t, "docs/storage.md", "### "+driver)) {
			option := row[0]
			if !slices.Contains(choices, option) {
				continue
			}
			for _, m := range code.FindAllString(row[1], -1) {
				value := strings.Trim(m, "`")
				if value == ".git" { // the end of a path
					continue
				}
				if err := openOption(t, driver, option, value); err != nil {
					t.Errorf("%s %s=%s: %v", driver, option, value, err)
				}
			}
			if option == "ext" {
				continue
			}
			if err := openOption(t, driver, option, "nosuch"); err == nil {
				t.Errorf("%s takes %s=nosuch", driver, option)
			}
		}
	}
}

func openOption(t *testing.T, driver, option, value string) error {
	t.Helper()
	connection := t.TempDir() + "?" + option + "=" + url.QueryEscape(value)
	if driver == "git" && option != "init" {
		connection += "&init=1"
	}
	s, err := prompty.OpenStorage(driver, connection)
	if err != nil {
		return err
	}
	return s.Close()
}

// TestCapabilities holds the table to what As finds.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	has := map[string]func(prompty.TemplateStorage) bool{
		"ConditionalSaver": can[prompty.ConditionalSaver], "BatchSaver": can[prompty.BatchSaver], "Historian": can[prompty.Historian],
		"Prober": can[prompty.Prober], "Snapshotter": can[prompty.Snapshotter], "Describer": can[prompty.Describer], "Locator": can[prompty.Locator],
		"Watcher": can[prompty.Watcher], "Resumer": can[prompty.Resumer], "Syncer": can[prompty.Syncer],
	}
	drivers := []string{"memory", "filesystem", "git"}
	table := rows(section(t, "docs/storage.md", "## What each driver can do"))
	if len(table) != len(has) {
		t.Errorf("the table has %d rows, want %d", len(table), len(has))
	}
	for i, driver := range drivers {
		s := open(t, driver)
		for _, row := range table {
			find, ok := has[row[0]]
			if !ok {
				t.Fatalf("there is no capability %s", row[0])
			}
			if got := find(s); got != (row[i+1] == "yes") {
				t.Errorf("%s has %s: %v; the table says %s", driver, row[0], got, row[i+1])
			}
		}
	}
}

func can[T any](s prompty.TemplateStorage) bool { _, ok := prompty.As[T](s); return ok }

func open(t *testing.T, driver string) prompty.TemplateStorage {
	t.Helper()
	connection := ""
	switch driver {
	case "filesystem":
		connection = t.TempDir()
	case "git":
		connection = filepath.Join(t.TempDir(), "x.git") + "?init=1"
	}
	s, err := prompty.OpenStorage(driver, connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if _, err := s.List(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return s
}
