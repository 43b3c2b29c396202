package migrate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/internal/migrate"
)

// TestIssues has the places of what is reported, and what stands in its stead.
func TestIssues(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		format migrate.Format
		text   string
		want   []string
		source string // "": of no interest
	}{
		"Handlebars": {
			migrate.Dotprompt, "---\nmodel: m\n---\n\nä {{shout name}}\n  {{#if a}}{{media url=b}}{{/if}}\n",
			[]string{
				"main.prompt:5:5: unknown helper shout; dotprompt alone does not know it either: what a program registered is not carried over",
				"main.prompt:6:12: {{media}} is not carried over: messages are text here",
			},
			"---\nexecution:\n  model: m\n---\nä {~prompty.comment~} not carried over: {{shout name}} {~/prompty.comment~}\n  {~prompty.if eval=\"a || typeOf(a) == 'map'\"~}{~prompty.comment~} not carried over: {{media url=b}} {~/prompty.comment~}{~/prompty.if~}",
		},
		"a block": {
			migrate.Dotprompt, "{{#list xs}}{{name}}{{else}}{{history}}{{/list}}",
			[]string{
				"main.prompt:1:4: unknown helper list; dotprompt alone does not know it either: what a program registered is not carried over",
				"main.prompt:1:29: {{history}} is not carried over: the program that renders puts the messages of before where they belong",
			},
			"{~prompty.comment~} not carried over: {{#list xs}} {~/prompty.comment~}{~prompty.var name=\"name\" default=\"\" /~}{~prompty.comment~} not carried over: {{history}} {~/prompty.comment~}",
		},
		"a comment that ends comments": {
			migrate.Dotprompt, "{{shout \"{~/prompty.comment~}\"}}",
			[]string{"main.prompt:1:3: unknown helper shout; dotprompt alone does not know it either: what a program registered is not carried over"},
			"{~prompty.comment~} not carried over: {{shout \"{ ~/prompty.comment~}\"}} {~/prompty.comment~}",
		},
		"Handlebars that is none": {
			migrate.Dotprompt, "a\n{{#if x}}\n  {{/each}} {~",
			[]string{"main.prompt:3:3: {{/each}} stands where {{/if}} is expected"},
			"a\n{{#if x}}\n  {{/each}} \\{~",
		},
		"front matter": {
			migrate.Dotprompt, "---\nsample: 1\ninput:\n  schema: Named\nmetadata:\n  a: [1]\n---\nx",
			[]string{
				"main.prompt:2:1: the key sample means something else here; give it another name",
				"main.prompt:4:11: note: the schema Named is not in this file; its inputs are not declared",
				"main.prompt:6:3: note: metadata are texts here: a is kept as JSON",
			}, "",
		},
		"types": {
			migrate.Dotprompt, "---\ninput:\n  schema:\n    a: Person\n    b(tuple): x\n    (*): any\n  default:\n    c: 1\nconfig:\n  temperature: hot\n---\n{{> p}}",
			[]string{
				"main.prompt:1:1: its front matter is none here: execution.temperature must be of type number; found a string",
				"main.prompt:4:8: note: the schema Person is not in this file; a may be anything here",
				"main.prompt:5:5: Picoschema has array, object and enum in parentheses, not tuple",
				"main.prompt:6:5: note: inputs of any name are always allowed here",
				"main.prompt:12:5: there is no partial p (_p.prompt) among the files",
			}, "",
		},
		"front matter that is none": {
			migrate.Dotprompt, "---\na: [\n---\nx", []string{"main.prompt:2:1: the front matter is not YAML: did not find expected node content"}, "",
		},
		"a licence": {
			migrate.Dotprompt, "# Licence\n\n---\nmodel: m\n---\nHi", []string{"main.prompt:1:1: note: the comment before the front matter is left out"},
			"---\nexecution:\n  model: m\n---\nHi",
		},
		"the second format": {
			migrate.Prompty, "---\nmodel:\n  id: gpt-4\n  apiType: chat\ninputSchema:\n  properties:\n    - name: question\n      kind: string\n      default: Hello\n    - name: past\n      kind: thread\ntemplate:\n  format: {kind: jinja2}\n  parser: {kind: prompty}\n---\nuser:\n{{question}}\n",
			[]string{
				"main.prompty:11:13: a thread, the messages of before, is not carried over: the program that renders puts them where they belong",
				"main.prompty:11:13: note: there is no type thread here; past may be anything",
			}, "---\ninputs:\n  question:\n    type: string\n    default: Hello\n  past: any\nexecution:\n  model: gpt-4\n  apiType: chat\n---\n{~prompty.message role=\"user\"~}\n{~prompty.var name=\"question\" default=\"\" /~}{~/prompty.message~}",
		},
		"a list for front matter": {
			migrate.Prompty, "---\n- a\n---\nx", []string{"main.prompty:2:1: the front matter is not a mapping"}, "",
		},
		"Jinja": {
			migrate.Prompty, "---\nname: x\n---\nuser:\nä {{ a|title }}\n{% for x in f(y) %}{{ x }}{% endfor %}\n{% if a is odd %}A{% endif %}",
			[]string{
				"main.prompty:5:8: the filter title is not carried over",
				"main.prompty:6:13: a call is not carried over",
				"main.prompty:7:10: is odd is carried over for loop.index and loop.index0 alone",
			}, "",
		},
		"roles": {
			migrate.Prompty, "user[temperature=1]:\nx\ntools:\ny\n![thread]\n",
			[]string{
				"main.prompty:1:1: the settings [temperature=1] of a message are not carried over, only a name",
				"main.prompty:3:1: a section of tools is not carried over",
				"main.prompty:5:1: a ![thread] is not carried over: the program that renders puts the messages of before where they belong",
			}, "",
		},
		"text that belongs to a message elsewhere": {
			migrate.Prompty, "system:\nS\n{% if a %}\nT\nuser:\nU\n{% else %}\nV\n{% endif %}\nW\n",
			[]string{
				"main.prompty:3:11: this text belongs to the message before the condition or loop; put it before that, or begin a message here",
				"main.prompty:7:11: this text belongs to the message before the condition; messages cannot begin in only some of its branches",
				"main.prompty:9:12: this text belongs to the last message that began in the condition or loop before it; put it into that, or begin a message here",
			}, "",
		},
		"settings": {
			migrate.Prompty, "---\nbase: b.prompty\ntemplate:\n  type: jinja2\n  parser: x\ninputs: [{type: string}, {name: a, type: image}]\nsample: s.json\nmetadata: {k: v}\nexecution: {}\nmodel:\n  options: {tools: []}\ntools: []\n---\nuser:\nx",
			[]string{
				"main.prompty:2:1: a base prompt is not carried over; put its text into this one, or use prompty.extends",
				"main.prompty:5:11: the parser x is not carried over",
				"main.prompty:6:9: an input in a list needs a name",
				"main.prompty:6:42: note: there is no type image here; a may be anything",
				"main.prompty:7:9: the sample is in another file; put it into this one",
				"main.prompty:9:1: the key execution means something else here; give it another name",
				"main.prompty:11:13: note: tools is kept in execution; nothing here calls tools",
				"main.prompty:12:1: note: tools are kept in the front matter; nothing here calls them",
			}, "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := "main.prompt"
			if test.format == migrate.Prompty {
				file = "main.prompty"
			}
			p := migrate.Convert(test.format, []migrate.File{{Path: file, Text: test.text}})[0]
			var got []string
			for _, i := range p.Issues {
				c := *i
				if c.Note {
					c.Message = "note: " + c.Message
				}
				got = append(got, c.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
			if test.source != "" && p.Source != test.source {
				t.Errorf("it becomes\n%s\nwant\n%s", p.Source, test.source)
			}
		})
	}
}

// TestIncluded has a partial that is not carried over, and what includes it.
func TestIncluded(t *testing.T) {
	t.Parallel()
	prompts := convert(migrate.Dotprompt, map[string]string{
		"_bad.prompt": "{{history}}", "_mid.prompt": "a\n{{> sub/top}} {{> bad}}{{> bad}}", "sub/_top.prompt": "{{> mid}}",
		"main.prompt": "{{> sub/top}}", "fine.prompt": "{{> ok}}", "_ok.prompt": "x",
	})
	for name, want := range map[string]string{
		"_mid":     "_mid.prompt:2:15: _bad.prompt, which it includes, is not carried over",
		"sub/_top": "sub/_top.prompt:1:1: _mid.prompt, which it includes, is not carried over",
		"main":     "main.prompt:1:1: sub/_top.prompt, which it includes, is not carried over",
	} {
		if list := prompts[name].Issues; len(list) != 1 || list[0].Error() != want {
			t.Errorf("%s: issues %v, want %s", name, list, want)
		}
	}
	if !prompts["fine"].Exact() || !prompts["_ok"].Exact() {
		t.Error("what has nothing to do with it is not carried over")
	}
}

// TestHostile has files that are meant to do harm, or that were cut off.
func TestHostile(t *testing.T) {
	t.Parallel()
	long := func(s string) string { return strings.Repeat(s, 1<<14/len(s)) }
	bomb := "---\na: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 9), ", ") + "]\n"
	}
	tests := map[string]string{
		"NUL":                   "a\x00",
		"not UTF-8":             "a\xffb",
		"5 MiB":                 strings.Repeat("a", 5<<20),
		"1 MiB":                 strings.Repeat("{{a}} "+strings.Repeat("text ", 1000), 1<<8),
		"a YAML bomb":           bomb + "---\nx",
		"deep YAML":             "---\na: " + strings.Repeat("[", 5000) + "\n---\nx",
		"a cycle in YAML":       "---\na: &a [*a]\n---\nx",
		"blocks of Handlebars":  long("{{#if a}}"),
		"parentheses":           "{{a " + long("(b "),
		"blocks of Jinja":       long("{% if a %}"),
		"parentheses of Jinja":  "{{ " + long("("),
		"not":                   "{{ " + long("not "),
		"minus":                 "{{ " + long("- ") + "1 }}",
		"a chain of filters":    "{{ a" + long("|upper") + " }}",
		"a chain of paths":      "{{ a" + long(".b") + " }}",
		"a chain of ors":        "{% if a" + long(" or a") + " %}A{% endif %}",
		"a chain of choices":    "{{ a" + long(" if b") + " }}",
		"a chain of compares":   "{% if a" + long(" < b") + " %}A{% endif %}",
		"names that grow":       grow(40),
		"an open comment":       long("{{!"),
		"an open comment there": long("{#"),
		"an open tag":           "{{" + long("a "),
		"an open text":          `{{ "` + long("a"),
	}
	for name, text := range tests {
		for _, format := range []migrate.Format{migrate.Dotprompt, migrate.Prompty} {
			p := migrate.Convert(format, []migrate.File{{Path: "main.x", Text: text}})[0]
			if p.Exact() && name != "an open text" && name != "1 MiB" {
				// Each format has tags that are text in the other.
				if !strings.Contains(p.Source, text[:20]) {
					t.Errorf("%s as %s: no issue, and it becomes %.100q", name, format, p.Source)
				}
			}
			if len(p.Issues) > 102 {
				t.Errorf("%s as %s: %d issues", name, format, len(p.Issues))
			}
		}
	}
}

// grow gives names to ever longer expressions.
func grow(n int) string {
	var b strings.Builder
	b.WriteString("{% set a0 = x %}")
	for i := range n {
		name := "a" + strings.Repeat("a", i+1)
		before := "a" + strings.Repeat("a", i)
		if i == 0 {
			before = "a0"
		}
		b.WriteString("{% set " + name + " = " + before + " ~ " + before + " %}")
	}
	b.WriteString("{{ a" + strings.Repeat("a", n) + " }}")
	return b.String()
}

// FuzzDotprompt and FuzzPrompty: whatever the file is, it is converted or
// reported, and what is called exact is a template here (see finish).
func FuzzDotprompt(f *testing.F) { fuzz(f, migrate.Dotprompt, "testdata/dotprompt.json") }

func FuzzPrompty(f *testing.F) { fuzz(f, migrate.Prompty, "testdata/prompty.json") }

func fuzz(f *testing.F, format migrate.Format, file string) {
	list := readRecorded(f, file)
	for _, c := range list {
		for _, text := range c.Files {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := migrate.Convert(format, []migrate.File{{Path: "main.x", Text: text}})[0]
		if p.Source == "" && text != "" && len(p.Issues) == 0 && strings.TrimSpace(text) == text && !strings.HasPrefix(text, "---") && !strings.Contains(text, "{") {
			t.Errorf("%q becomes nothing", text)
		}
		for _, i := range p.Issues {
			if i.Message == "" || i.File == "" {
				t.Errorf("an empty issue: %+v", i)
			}
			if strings.Contains(i.Message, "it cannot be a template here") {
				t.Errorf("%q was called exact: %v\n%s", text, i, p.Source)
			}
		}
	})
}
