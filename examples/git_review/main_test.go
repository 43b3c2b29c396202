package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const want = `in service: version 1: Hello Ada.

-- Ben edits the file on a branch and pushes it --
in review: Welcome back, Ada!
in service: version 1: Hello Ada.

-- the pull request is merged --
in service: version 2: Welcome back, Ada!

-- it was too warm: roll back --
in service: version 3: Hello Ada.

-- the history --
version 3 by Ann <ann@example.org>: Roll greeting back to version 1
version 2 by Ben <ben@example.org>: Merge pull request #1 from ben/warmer (pull request 1)
version 1 by Ann <ann@example.org>: Save greeting
`

func TestMain(m *testing.M) {
	// Nothing of how this machine or its user set git up has a part in the test.
	for key, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.file.allow", "GIT_CONFIG_VALUE_0": "always",
	} {
		os.Setenv(key, value)
	}
	os.Exit(m.Run())
}

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
