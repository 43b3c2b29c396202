package logstore_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGuide holds the guide to the code: its blocks, put together, are the files.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/custom-storage.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := make(map[string][]string)
	for _, m := range regexp.MustCompile("(?s)```go file=(\\S+)\n(.*?)```").FindAllStringSubmatch(string(guide), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	for _, file := range []string{"store.go", "watch.go", "store_test.go", "example_test.go"} {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), strings.Join(blocks[file], "\n")); diff != "" {
			t.Errorf("the guide's blocks are not %s (-file +guide):\n%s", file, diff)
		}
		delete(blocks, file)
	}
	for file := range blocks {
		t.Errorf("the guide has blocks of %s, which does not exist", file)
	}
}
