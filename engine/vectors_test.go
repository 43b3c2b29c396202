package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"

	"github.com/go-prompty/prompty/engine"
)

var update = flag.Bool("update", false, "rewrite the expected texts under testdata from what the engine gives")

// The vectors are txtar files, one case each; testdata/README.md describes
// their sections. A section loses its final newline (one) when it is read, so
// a template that ends in a newline is written with an empty line after it.
const vectorDir = "../testdata/language"

// anyText as the text of an error says that only the section "expect" counts:
// which step is one too many depends on how steps are counted.
const anyText = "*"

// vectorNow is what now() returns in every vector.
var vectorNow = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

func TestVectors(t *testing.T) {
	t.Parallel()
	count := 0
	err := filepath.WalkDir(vectorDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txtar" {
			return err
		}
		count++
		rel, err := filepath.Rel(vectorDir, path)
		if err != nil {
			return err
		}
		t.Run(strings.TrimSuffix(filepath.ToSlash(rel), ".txtar"), func(t *testing.T) {
			t.Parallel()
			v := readVector(t, path)
			v.run(t)
			if *update && v.changed && !t.Failed() {
				if err := os.WriteFile(path, txtar.Format(v.archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 250 {
		t.Errorf("found %d vectors, want at least 250: is %s complete?", count, vectorDir)
	}
}

// vector is one case. Exactly one of output, messages, error and issues is
// what it expects.
type vector struct {
	archive  *txtar.Archive
	changed  bool
	template string
	data     any
	config   vectorConfig
	kind     string // the section that holds the expectation
}

type vectorConfig struct {
	Open      string            `yaml:"open"`
	Close     string            `yaml:"close"`
	OnError   string            `yaml:"on_error"`
	Env       []string          `yaml:"env"`     // the allow-list
	Environ   map[string]string `yaml:"environ"` // what LookupEnv finds
	Limits    engine.Limits     `yaml:"limits"`
	Functions []string          `yaml:"functions"` // of vectorFuncs
	Resolvers []string          `yaml:"resolvers"` // of vectorResolvers
}

func readVector(t *testing.T, path string) *vector {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(archive.Comment)) == 0 {
		t.Fatal("the file has no comment that says which rule it proves")
	}
	return newVector(t, archive)
}

func newVector(t *testing.T, archive *txtar.Archive) *vector {
	t.Helper()
	v := &vector{archive: archive}
	for _, f := range archive.Files {
		switch f.Name {
		case "template":
			v.template = chomp(f.Data)
		case "template.quoted":
			v.template = unquote(t, f.Data)
		case "data.yaml":
			var doc yaml.Node
			if err := yaml.Unmarshal(f.Data, &doc); err != nil {
				t.Fatal(err)
			}
			v.data = goValue(t, &doc)
		case "config.yaml":
			dec := yaml.NewDecoder(bytes.NewReader(f.Data))
			dec.KnownFields(true)
			if err := dec.Decode(&v.config); err != nil {
				t.Fatal(err)
			}
		case "output", "output.quoted", "messages.json", "error", "issues":
			if v.kind != "" {
				t.Fatalf("both %s and %s are expected, want one", v.kind, f.Name)
			}
			v.kind = f.Name
		case "expect", "log":
		default:
			if !strings.HasPrefix(f.Name, "partials/") {
				t.Fatalf("unknown section %q", f.Name)
			}
		}
	}
	if v.kind == "" {
		t.Fatal("nothing is expected")
	}
	return v
}

func (v *vector) section(name string) (string, bool) {
	for _, f := range v.archive.Files {
		if f.Name == name {
			return chomp(f.Data), true
		}
	}
	return "", false
}

// check compares got with the section that holds the expectation, or with
// -update replaces it.
func (v *vector) check(t *testing.T, got string) {
	t.Helper()
	want, _ := v.section(v.kind)
	if v.kind == "output.quoted" {
		want = unquote(t, []byte(want))
	}
	if got == want || want == anyText {
		return
	}
	if !*update {
		t.Errorf("%s differs (-want +got):\n%s", v.kind, cmp.Diff(want, got))
		return
	}
	v.changed = true
	if v.kind == "output.quoted" {
		got = strconv.Quote(got)
	}
	for i := range v.archive.Files {
		if v.archive.Files[i].Name == v.kind {
			v.archive.Files[i].Data = []byte(got + "\n")
		}
	}
}

func (v *vector) engine(t *testing.T, log *bytes.Buffer) *engine.Engine {
	t.Helper()
	c := v.config
	eng, err := engine.New(engine.Config{
		Open: c.Open, Close: c.Close,
		OnError: engine.Strategy(c.OnError),
		Limits:  c.Limits,
		Env:     c.Env,
		LookupEnv: func(name string) (string, bool) {
			s, ok := c.Environ[name]
			return s, ok
		},
		Now:    func() time.Time { return vectorNow },
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Functions {
		f, ok := vectorFuncs[name]
		if !ok {
			t.Fatalf("no function %q for vectors", name)
		}
		f.Name = name
		if err := eng.RegisterFunc(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range c.Resolvers {
		fn, ok := vectorResolvers[name]
		if !ok {
			t.Fatalf("no resolver %q for vectors", name)
		}
		if err := eng.RegisterResolver(engine.NewResolver(name, fn)); err != nil {
			t.Fatal(err)
		}
	}
	return eng
}

// loader serves the sections partials/<name> and partials/<name>@<version>.
func (v *vector) loader(t *testing.T, eng *engine.Engine) engine.LoadFunc {
	return func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		name := ref.Name
		if ref.Version != 0 {
			name += "@" + strconv.Itoa(ref.Version)
		}
		source, ok := v.section("partials/" + name)
		if !ok {
			return nil, errors.New("template not found")
		}
		tmpl, err := eng.Parse(ref.Name, source)
		if err == nil {
			checkPrint(t, eng, tmpl)
		}
		return tmpl, err
	}
}

func (v *vector) run(t *testing.T) {
	ctx := context.Background()
	var log bytes.Buffer
	eng := v.engine(t, &log)
	load := v.loader(t, eng)

	if v.kind == "issues" {
		var lines []string
		for _, issue := range eng.Validate(ctx, "main", v.template, load) {
			lines = append(lines, issue.String())
		}
		got := strings.Join(lines, "\n")
		v.checkExpect(t, got)
		v.check(t, got)
		return
	}

	tmpl, err := eng.Parse("main", v.template)
	if err != nil {
		v.checkError(t, err)
		return
	}
	checkPrint(t, eng, tmpl)
	prog, err := eng.Link(ctx, tmpl, load)
	if err != nil {
		v.checkError(t, err)
		return
	}
	out, err := prog.Render(ctx, v.data)
	v.checkLog(t, log.String())
	v.checkAppend(t, prog, out, err)
	messages, msgErr := prog.Messages(ctx, v.data)
	if fmt.Sprint(msgErr) != fmt.Sprint(err) {
		t.Errorf("Messages gave the error %v, Render %v", msgErr, err)
	}
	if err != nil {
		v.checkError(t, err)
		return
	}
	if got, want := joined(messages), squeeze(out); got != want {
		t.Errorf("the messages say %q, Render says %q", got, want)
	}
	v.checkReprint(t, eng, tmpl, load, out)
	switch v.kind {
	case "error":
		t.Errorf("got the output %q, want an error", out)
	case "messages.json":
		if messages == nil {
			messages = []engine.Message{}
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(messages); err != nil {
			t.Fatal(err)
		}
		v.check(t, chomp(b.Bytes()))
	default:
		v.check(t, out)
	}
}

// checkAppend holds Append to what Render gave: same bytes after what dst
// held, and dst as it was on an error.
func (v *vector) checkAppend(t *testing.T, prog *engine.Program, out string, renderErr error) {
	t.Helper()
	const before = "before|"
	dst, err := prog.Append(context.Background(), []byte(before), v.data)
	if fmt.Sprint(err) != fmt.Sprint(renderErr) {
		t.Errorf("Append gave the error %v, Render %v", err, renderErr)
	}
	want := before
	if renderErr == nil {
		want += out
	}
	if string(dst) != want {
		t.Errorf("Append gave %q, want %q", dst, want)
	}
}

// checkPrint holds a template's canonical text to reading back as itself.
func checkPrint(t *testing.T, eng *engine.Engine, tmpl *engine.Template) {
	t.Helper()
	printed := tmpl.String()
	again, err := eng.Parse(tmpl.Name(), printed)
	if err != nil {
		t.Errorf("the printed template does not parse: %v\n%s", err, printed)
		return
	}
	if diff := cmp.Diff(printed, again.String()); diff != "" {
		t.Errorf("print is not stable (-first +second):\n%s", diff)
	}
}

// checkReprint holds the printed template to rendering as its source does.
// keepraw is left out, since it prints the author's own bytes.
func (v *vector) checkReprint(t *testing.T, eng *engine.Engine, tmpl *engine.Template, load engine.LoadFunc, want string) {
	t.Helper()
	if v.config.OnError == "keepraw" || strings.Contains(v.template, "keepraw") {
		return
	}
	ctx := context.Background()
	again, err := eng.Parse("main", tmpl.String())
	if err != nil {
		return // checkPrint has said so
	}
	prog, err := eng.Link(ctx, again, load)
	if err != nil {
		t.Errorf("the printed template does not link: %v", err)
		return
	}
	got, err := prog.Render(ctx, v.data)
	if err != nil || got != want {
		t.Errorf("the printed template renders %q, %v; want %q\n%s", got, err, want, tmpl)
	}
}

func (v *vector) checkError(t *testing.T, err error) {
	t.Helper()
	if v.kind != "error" {
		t.Fatalf("got the error %v, want %s", err, v.kind)
	}
	got := err.Error()
	v.checkPosition(t, err)
	v.checkExpect(t, got)
	v.check(t, got)
}

// checkPosition holds every positioned error to one place: its line, column
// and offset name the same byte of the source, and its text begins with them.
func (v *vector) checkPosition(t *testing.T, err error) {
	t.Helper()
	positioned := []*engine.Error{}
	var list engine.Errors
	if errors.As(err, &list) {
		positioned = list
	} else if one, ok := errors.AsType[*engine.Error](err); ok {
		positioned = append(positioned, one)
	}
	if len(positioned) == 0 {
		t.Errorf("%v holds no *engine.Error", err)
	}
	for _, e := range positioned {
		source := v.template
		if e.Template != "main" {
			var ok bool
			if source, ok = v.section("partials/" + e.Template); !ok {
				continue // a pinned version, whose name says no more
			}
		}
		if e.Offset < 0 || e.Offset > len(source) {
			t.Errorf("offset %d is outside %s (%d bytes): %v", e.Offset, e.Template, len(source), e)
			continue
		}
		before := source[:e.Offset]
		line := 1 + strings.Count(before, "\n")
		column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
		if e.Line != line || e.Column != column {
			t.Errorf("line %d, column %d, but offset %d is %d:%d", e.Line, e.Column, e.Offset, line, column)
		}
		prefix := fmt.Sprintf("%s:%d:%d: ", e.Template, e.Line, e.Column)
		if !strings.Contains(e.Error(), prefix) {
			t.Errorf("%q does not name its place, %q", e.Error(), prefix)
		}
	}
}

var placeLine = regexp.MustCompile(`^(?:[^ :]+:)?\d+:\d+$`)

// checkExpect holds got to the section "expect": a line that is a place
// ("2:5", "partial:1:1") must stand in it as a place, in that order, any other
// line must be part of it. -update never rewrites these, so that nobody
// blesses a wrong column by accident.
func (v *vector) checkExpect(t *testing.T, got string) {
	t.Helper()
	expect, ok := v.section("expect")
	if !ok || expect == "" {
		return
	}
	from := 0
	for line := range strings.Lines(expect) {
		line = strings.TrimSuffix(line, "\n")
		if !placeLine.MatchString(line) {
			if !strings.Contains(got, line) {
				t.Errorf("%q is not in:\n%s", line, got)
			}
			continue
		}
		if strings.Count(line, ":") == 1 {
			line = "main:" + line
		}
		i := strings.Index(got[from:], line+": ")
		if i < 0 {
			t.Errorf("the place %s is not in, or not in order:\n%s", line, got)
			continue
		}
		from += i + 1
	}
}

// checkLog holds the log to the section "log": each of its lines is part of
// it, and without the section there is no log.
func (v *vector) checkLog(t *testing.T, got string) {
	t.Helper()
	want, ok := v.section("log")
	if !ok {
		if got != "" {
			t.Errorf("unexpected log: %s", got)
		}
		return
	}
	for line := range strings.Lines(want) {
		if line = strings.TrimSuffix(line, "\n"); !strings.Contains(got, line) {
			t.Errorf("%q is not in the log:\n%s", line, got)
		}
	}
}

func joined(messages []engine.Message) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString(m.Content)
	}
	return squeeze(b.String())
}

// squeeze drops white space, which Messages drops between messages.
func squeeze(s string) string {
	return strings.Join(strings.Fields(s), "")
}

func chomp(data []byte) string {
	return string(bytes.TrimSuffix(data, []byte("\n")))
}

// unquote joins lines of Go string literals.
func unquote(t *testing.T, data []byte) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		s, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%q is not a Go string literal", line)
		}
		b.WriteString(s)
	}
	return b.String()
}
