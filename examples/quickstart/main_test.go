package main

import (
	"os"
	"strings"
	"testing"
)

// The first run makes the prompt; what is edited then is what is rendered.
func TestQuickstart(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, want := range []string{"Hello Ada!\n", "Hello Ada!\n", "Welcome, Ada.\n"} {
		if strings.HasPrefix(want, "Welcome") {
			if err := os.WriteFile("prompts/greeting.prompty", []byte(`Welcome, {~prompty.var name="name" /~}.`), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		var out strings.Builder
		if err := run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("it printed %q, want %q", out.String(), want)
		}
	}
}
