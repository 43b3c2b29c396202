package main

import (
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-rounds 0", "-templates 1", "-run (", "more"} {
		if err := command(t.Context(), strings.Fields(args)); err == nil {
			t.Errorf("gitbench %s succeeded", args)
		}
	}
}
