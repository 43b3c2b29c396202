package engine_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/engine"
)

// TestRules provokes each rule, and finds no other.
func TestRules(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{Limits: engine.Limits{BlockDepth: 2}})
	load := func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		partials := map[string]string{"p": "P", "base": `{~prompty.block name="a"~}A{~/prompty.block~}`, "loop": `{~prompty.extends template="loop" /~}`, "self": `{~prompty.include template="self" /~}`}
		source, ok := partials[ref.Name]
		if !ok {
			return nil, errors.New("not found")
		}
		return eng.Parse(ref.Name, source)
	}
	found := make(map[string]bool)
	for _, c := range []struct {
		source string
		rules  string // in the order of the source
	}{
		{"Hello", ""},
		{`{~prompty.vra name="x" /~}{~prompty.var name="" /~}`, "syntax syntax"},
		{"---\ninputs: 3\n---\n", "front-matter"},
		{"---\na: [\n---\n", "front-matter"},
		{"---\nextends: a@0\n---\n", "front-matter"},
		{"---\na: b\n---\n{~x /~}", "syntax"},
		{strings.Repeat(`{~prompty.if eval="a"~}`, 3) + strings.Repeat("{~/prompty.if~}", 3), "limit"},
		{`{~prompty.extends template="gone" /~}`, "broken-base"},
		{`{~prompty.extends template="loop" /~}`, "broken-base"},
		{`{~prompty.include template="self" /~}`, "include-cycle"},
		{`{~prompty.include template="gone" x="1" /~}`, "broken-include"},
		{`{~prompty.include template="p" x="1" /~}`, "unused-argument"},
		{`{~prompty.if eval="true"~}a{~prompty.else~}b{~/prompty.if~}`, "constant-condition unreachable-branch"},
		{`{~prompty.switch eval="a"~}{~prompty.case value="1"~}{~/prompty.case~}{~prompty.case value="1"~}{~/prompty.case~}{~/prompty.switch~}`, "unreachable-branch"},
		{`{~prompty.extends template="base" /~}x{~prompty.block name="b"~}{~/prompty.block~}`, "text-outside-blocks unknown-block"},
		{"---\ninputs: [a]\n---\n{~prompty.var name=\"b\" /~}", "unused-input undeclared-variable"},
		{"---\ninputs: [a]\nsample: {a: 1, c: 1}\n---\n{~prompty.var name=a~}", "syntax syntax"}, // which may use a
		{"---\ninputs: {a: {enum: [x]}}\n---\n{~prompty.if eval=\"a == 'y'\"~}{~/prompty.if~}", "impossible-value"},
		{"---\ninputs: {a: integer}\nsample: {a: x, c: 1}\n---\n{~prompty.var name=\"a\" /~}", "sample-mismatch unused-sample"},
	} {
		var got []string
		for _, issue := range eng.Validate(t.Context(), "main", c.source, load) {
			got = append(got, issue.Rule)
			found[issue.Rule] = true
			if !slices.ContainsFunc(engine.Rules(), func(r engine.Rule) bool { return r.ID == issue.Rule && r.Severity == issue.Severity }) {
				t.Errorf("%v breaks %q, which is no rule of that severity", issue, issue.Rule)
			}
		}
		if strings.Join(got, " ") != c.rules {
			t.Errorf("%q breaks %q, want %q", c.source, got, c.rules)
		}
	}
	for _, r := range engine.Rules() {
		if !found[r.ID] {
			t.Errorf("nothing breaks the rule %s", r.ID)
		}
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.ID) || !strings.HasSuffix(r.Summary, ".") || !strings.HasSuffix(r.Advice, ".") {
			t.Errorf("the rule %+v is not in the form that rules have", r)
		}
	}
}
