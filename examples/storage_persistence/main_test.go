package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const want = `saved support/greeting, version 1
saved support/greeting, version 2

-- restart --
latest:    Welcome back, Ada!
version 1: Hello Ada.
version 2 by ben, 61 bytes
version 1 by ann, 36 bytes
version 3 is version 1 again: Hello {~prompty.var name="user" /~}.
`

func TestOutput(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
