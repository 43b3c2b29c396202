package migrate_test

import (
	"strings"
	"testing"

	"github.com/go-prompty/prompty/internal/migrate"
)

// TestReported has what is not carried over and is too rare for the page, and
// what is no template there either.
func TestReported(t *testing.T) {
	t.Parallel()
	declared := "---\ninput:\n  schema:\n    xs(array): string\n    o(object):\n      a: string\n---\n"
	tests := map[migrate.Format][][2]string{
		migrate.Dotprompt: {
			{declared + "{{xs}}", "prints a whole list"},
			{declared + "{{o}}", "prints a whole object"},
			{"{{../a}}", "leads out of the data"},
			{"{{@index}}", "stands in no loop"},
			{"{{#each xs}}{{@../index}}{{/each}}", "stands in no loop"},
			{"{{@root}}", "has no name here"},
			{"{{@level}}", "@level is not carried over"},
			{"{{#each xs}}{{@index.x}}{{/each}}", "is not carried over"},
			{"{{[1]}}", "a path cannot begin with"},
			{`{{"x"}}`, "a literal in place of a name"},
			{"{{#if (lookup a 1)}}A{{/if}}", "the helper in (lookup a 1)"},
			{"{{#if a b}}A{{/if}}", "if with these parameters"},
			{"{{#if a=1}}A{{/if}}", "if with these parameters"},
			{"{{#if a x=1}}A{{/if}}", "#if has no parameter x"},
			{"{{#ifEquals a}}A{{/ifEquals}}", "ifEquals with these parameters"},
			{"{{#ifEquals ../a 1}}A{{/ifEquals}}", "leads out of the data"},
			{"{{#ifEquals 1 ../a}}A{{/ifEquals}}", "leads out of the data"},
			{"{{#each}}A{{/each}}", "each with these parameters"},
			{"{{#each ../xs}}A{{/each}}", "leads out of the data"},
			{"{{^each xs}}A{{/each}}", "{{^each}} is not carried over"},
			{"{{#with}}A{{/with}}", "with with these parameters"},
			{"{{#with ../x}}A{{/with}}", "leads out of the data"},
			{"{{^with x}}A{{/with}}", "{{^with}} is not carried over"},
			{"{{#../x}}A{{/../x}}", "leads out of the data"},
			{"{{role}}", "role with these parameters"},
			{`{{role "user" purpose="x"}}`, "the metadata of a message, purpose"},
			{"\ufeff---\nmodel: x\n---\na", "a byte order mark"},
			{`{{#each xs}}a{{role "user"}}b{{/each}}`, "this text belongs to the message before the condition or loop"},
			{"{{role 1}}", "only a text or a path"},
			{"{{json}}", "json with these parameters"},
			{"{{json ../a}}", "this JSON is not carried over"},
			{"{{json a x=1}}", "json has no parameter x"},
			{"{{> p a b}}", "a partial takes one context"},
			{"{{> p ../a}}", "this context of a partial"},
			{" x\n  {{> p}}\n", "the indentation before a partial"},
			{"{{> p template=\"x\"}}", `cannot be called "template"`},
			{"{{> p a x=b}}", "only where the partial gets the whole data"},
			{"{{> p x=../a}}", "leads out of the data"},
			{"a\n<<<dotprompt:role:system>>>b", "is what role, history"},
			{"{{a", "the tag is not closed"},
			{"{{", "the tag is not closed"},
			{"{{a ]}}", `"]" is not expected here`},
			{"{{a b=1 c}}", "a parameter stands after key=value"},
			{"{{a (b}}", "a parenthesis is not closed"},
			{`{{a "b}}`, "the text is not closed"},
			{"{{a.[b}}", "is not expected here"},
			{"{{#each a as |b}}A{{/each}}", "the block parameters are not closed"},
			{"{{!-- a }}", "the comment is not closed: --}}"},
			{"{{/if}}", "{{/if}} closes nothing"},
			{"{{else}}", "{{else}} closes nothing"},
			{"{{#if a}}{{else}}{{else}}{{/if}}", "there is a second else"},
			{"{{^if a}}A{{else if b}}B{{/if}}", "there is an else after the last one"},
		},
		migrate.Prompty: {
			{"---\ninputs: {xs: {type: array}}\n---\n{{ xs }}", "printing a whole list"},
			{"{{ n + value.x }}", "an input called value"},
			{"{{ 1.5 }}", "a number with a fraction"},
			{"{{ none }}", "none is not carried over"},
			{"{% if a == none %}A{% endif %}", "none is not carried over"},
			{"{% if (a and b) == c %}A{% endif %}", "and gives one of its sides"},
			{"{% if a is iterable %}A{% endif %}", "the test iterable"},
			{"{% if a is eq %}A{% endif %}", "the test eq"},
			{"{{ loop.index }}", "loop is not carried over"},
			{"{% for x in xs %}{{ loop.depth }}{% endfor %}", "loop.depth is not carried over"},
			{"{% for x in xs if x %}{{ loop.index }}{% endfor %}", "in a loop with a condition"},
			{"{% for x in xs if x %}A{% else %}B{% endfor %}", "the else of a loop with a condition"},
			{"{% for a, b in xs %}A{% endfor %}", "a loop with two variables"},
			{"{% for a in d.items() %}A{% endfor %}", "a loop with two variables"},
			{"{% for x in d.items()|reverse %}A{% endfor %}", "a reversed mapping"},
			{"{% for x in 'abc' %}A{% endfor %}", "a loop over this"},
			{"{% for x in xs[a:] %}A{% endfor %}", "only [a:b]"},
			{"{% for x in xs[-1:2] %}A{% endfor %}", "only [a:b]"},
			{"{% for x in xs[::2] %}A{% endfor %}", "only [a:b]"},
			{"{% for 1 in xs %}A{% endfor %}", "a loop's variable is expected"},
			{"{% for x of xs %}A{% endfor %}", "is not expected here"},
			{"{{ xs[0:1] }}", "a slice is not carried over here"},
			{"{{ xs[-1].a }}", "a path into this"},
			{"{{ a['x y'] }}", `a path with the name "x y"`},
			{"{{ d.get() }}", "get has a key"},
			{"{{ d.get('a', 1) }}", "a default that is no text"},
			{"{{ [1, 2] }}", "a list is not carried over"},
			{"{{ 7 // 2 }}", "a division without rest"},
			{"{{ 2 ** 3 }}", "powers are not carried over"},
			{"{{ 1 + 2 }}", "this value is not carried over"},
			{"{{ 'a'|title }}", "the filter title of a text"},
			{"{{ a|replace(b, c) }}", "the filter replace is not carried over"},
			{"{{ a|default(x=1) }}", "this parameter of default"},
			{"{{ xs|join(d=',') }}", "named parameters of the filter join"},
			{"{{ (a or b or c)|upper }}", "the filter upper of this"},
			{"{% set a, b = 1 %}", "only {% set name = value %}"},
			{"{% set a %}x{% endset %}", "only {% set name = value %}"},
			{"{% set a = 1 2 %}", `"2" is not expected here`},
			{"{% set a = %}", "the expression ends too early"},
			{"{% if %}A{% endif %}", "the expression ends too early"},
			{"{% if a b %}A{% endif %}", `"b" is not expected here`},
			{"{{ a. }}", "the expression ends too early"},
			{"{{ a.'b' }}", "is not expected here"},
			{"{{ a[] }}", "a key is missing in brackets"},
			{"{{ a[1 }}", "the tag is not closed"},
			{"{{ (1 2) }}", `"2" is not expected here`},
			{"{{ a(1 2) }}", `"2" is not expected here`},
			{"{{ a| }}", "the expression ends too early"},
			{"{{ a is }}", "the expression ends too early"},
			{"{{ a ? b }}", `"?" is not expected here`},
			{"{{ if }}", `"if" is not expected here`},
			{"{{ 'a\\x41' }}", `the escape \x`},
			{"{{ 'a", "the tag is not closed"},
			{"{% else %}", "{% else %} belongs to nothing"},
			{"{% endif %}", "{% endif %} closes nothing"},
			{"{% for x in xs %}{% elif a %}{% endfor %}", "{% elif %} belongs to nothing"},
			{"{% raw %}a", "{% raw %} is not closed"},
			{"{# a", "the tag is not closed: #}"},
			{"{% for m in ms %}\n{{ pre }}{{ m.role }}:\n{{ m.text }}\n{% endfor %}", "whether this line begins a message"},
			{"{% for m in ms %}\n{{ m.role }}{% if a %}\n{% endif %}:\n{% endfor %}user{% if a %}{% endif %}:\nx", "whether this line begins a message"},
			{"A{% if a %}\n{% endif %}# {{ role }}:\nx", "whether this line begins a message"},
			{"{{ role }} [name=\"x\"]:\nx", "whose role is a value"},
			{"system:\n{%- if a -%}A{% elif b %}\nB\n{% endif %}", "whether this line begins a message"},
			{"A\n{% for x in xs -%}\nuser:\nB{% endfor %}", "whether this line begins a message"},
			{"A\n{% if a %}B{% else %}C\n{% endif %}user:\nD", "whether this line begins a message"},
			{"{% raw %}\nuser:\n{% endraw %}", "begins a message in {% raw %}"},
			{"a\u2028b", "this character ends a line there"},
			{"---\ntemplate: mustache\n---\nx", "only templates in jinja2"},
			{"---\nmodel: {configuration: {type: x}, options: {provider: y}}\n---\nx", "provider is there twice"},
			{"---\ninputs: ${file:x.json}\n---\nx", "the inputs are in another file"},
			{"---\ninputs: 1\n---\nx", "inputs is not a mapping"},
			{"---\ntags: {a: b}\n---\nx", "tags are a list of texts"},
			{"---\ntags: [[a]]\n---\nx", "tags are a list of texts"},
		},
	}
	for format, list := range tests {
		for _, test := range list {
			files := []migrate.File{{Path: "main.x", Text: test[0]}, {Path: "_p.prompt", Text: "p"}}
			p := migrate.Convert(format, files)[0]
			if p.Exact() {
				t.Errorf("%s: %q is called exact, and becomes %q", format, test[0], p.Source)
				continue
			}
			found := false
			for _, i := range p.Issues {
				found = found || !i.Note && strings.Contains(i.Message, test[1]) && i.Line > 0
			}
			if !found {
				t.Errorf("%s: %q is reported as %v, want %q", format, test[0], p.Issues, test[1])
			}
		}
	}
}

// TestTwoParameters notes that a loop with two names may have been meant for a map.
func TestTwoParameters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"{{#each o as |v k|}}{{k}}={{v}}{{/each}}":                                                    1,
		"{{#each o as |v|}}{{v}}{{/each}}":                                                            0,
		"---\ninput:\n  schema:\n    o(array): string\n---\n{{#each o as |v k|}}{{k}}={{v}}{{/each}}": 0,
	} {
		p := migrate.Convert(migrate.Dotprompt, []migrate.File{{Path: "main.prompt", Text: text}})[0]
		if len(p.Issues) != want || !p.Exact() {
			t.Errorf("%q: issues %v, want %d notes", text, p.Issues, want)
		}
	}
}

// TestNullInput declares an input whose only value is null, which is none here.
func TestNullInput(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"nul: null", "type: object\n    properties: {nul: {type: 'null'}}\n    required: [nul]"} {
		prompts := convert(migrate.Dotprompt, map[string]string{"main.prompt": "---\ninput:\n  schema:\n    " + schema + "\n---\nHi{{nul}}"})
		if text, _, err := render(t, prompts, map[string]any{"nul": nil}); err != nil || text != "Hi" {
			t.Errorf("%s: %q, %v\n%s", schema, text, err, prompts["main"].Source)
		}
	}
}
