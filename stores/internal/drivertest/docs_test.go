package drivertest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/storage.md says which test shows what: they are there.
func TestDocs(t *testing.T) {
	page := source(t, "../../../docs/storage.md")
	_, section, _ := strings.Cut(page, "\n### What shows it\n")
	section, _, _ = strings.Cut(section, "\n### ")
	quoted := regexp.MustCompile("`([^`]+)`")
	ours := source(t, "*.go")
	drivers := []string{"sqlstore/postgres", "sqlstore/mysql", "sqlstore/sqlite", "redisstore", "mongostore", "dynamostore"}
	tests := make(map[string]string)
	for _, driver := range drivers {
		if tests[driver] = source(t, "../../"+driver+"/*_test.go"); !strings.Contains(tests[driver], "drivertest.Run(t, ") {
			t.Errorf("%s does not run the tests of all drivers", driver)
		}
	}
	rows := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(line, "| \n"), "|")
		switch len(cells) {
		case 2: // a promise of all drivers, and parts of Run
			for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
				rows++
				part := m[1][strings.LastIndexByte(m[1], '/')+1:]
				if !strings.Contains(ours, `"`+part+`"`) {
					t.Errorf("the tests of all drivers have no part %q", m[1])
				}
			}
		case 1 + len(drivers):
			for i, driver := range drivers {
				for _, m := range quoted.FindAllStringSubmatch(cells[1+i], -1) {
					rows++
					if !strings.Contains(tests[driver], "\nfunc "+m[1]+"(t *testing.T)") {
						t.Errorf("%s has no test %s", driver, m[1])
					}
				}
			}
		}
	}
	if rows < 40 {
		t.Errorf("docs/storage.md names %d tests only", rows)
	}
}

// source returns all files of a pattern.
func source(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
