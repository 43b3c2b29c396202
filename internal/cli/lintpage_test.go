package cli

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/engine"
)

// TestLintPage holds docs/lint.md to the rules that there are: each has its
// section, and the example in it breaks that rule and no other. The table of
// what is mended is true.
func TestLintPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	e := engine.MustNew(engine.Config{})
	load := func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		partials := map[string]string{"base": `{~prompty.block name="rules"~}{~/prompty.block~}`, "card": `{~prompty.var name="name" /~}`, "include-cycle": `{~prompty.include template="include-cycle" /~}`}
		if source, ok := partials[ref.Name]; ok {
			return e.Parse(ref.Name, source)
		}
		return nil, fmt.Errorf("no template %s", ref.Name)
	}
	var sections []string
	for _, m := range regexp.MustCompile(`(?ms)^### ([\w-]+)\n\n(\w+)\. ([^\n]*)\n(?:\n\x60\x60\x60prompty\n(.*?)\n\x60\x60\x60\n)?`).FindAllStringSubmatch(page, -1) {
		id, severity, about, example := m[1], strings.ToLower(m[2]), m[3], m[4]
		sections = append(sections, id+" "+severity)
		if example == "" {
			continue
		}
		issues := e.Validate(t.Context(), id, example, load)
		if len(issues) == 0 || slices.ContainsFunc(issues, func(i engine.Issue) bool { return i.Rule != id }) {
			t.Errorf("the example of %s breaks %v", id, issues)
		}
		if about == "" {
			t.Errorf("nothing is said about %s", id)
		}
	}
	var rules []string
	for _, r := range lintRules() {
		rules = append(rules, r.ID+" "+string(r.Severity))
	}
	if !slices.Equal(sections, rules) {
		t.Errorf("the page has the rules\n%q, and the command\n%q", sections, rules)
	}
	for from, to := range map[string]string{
		`{~prompty.var name="x"~}`:                                                `{~prompty.var name="x" /~}`,
		`{~prompty.var name=x /~}{~prompty.var name=“x” /~}`:                      `{~prompty.var name="x" /~}{~prompty.var name="x" /~}`,
		`{~prompty.include template="card" isolate /~}`:                           `{~prompty.include template="card" isolate="true" /~}`,
		`{~prompty.if eval="a = 1 and b"~}{~/prompty.if~}`:                        `{~prompty.if eval="a == 1 && b"~}{~/prompty.if~}`,
		`{~prompty.if eval="a"~}{~prompty.else~}{~/prompty.else~}{~/prompty.if~}`: `{~prompty.if eval="a"~}{~prompty.else~}{~/prompty.if~}`,
	} {
		if got, _ := e.Fix("main", from); got != to {
			t.Errorf("Fix(%q) = %q, want %q", from, got, to)
		}
	}
}
