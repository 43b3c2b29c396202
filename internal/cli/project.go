package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// projectFile is what makes a folder a project, for itself and all folders in it.
const projectFile = "prompty.yaml"

// project is what prompty.yaml says; the zero value where there is none.
type project struct {
	Path       string // of prompty.yaml, as people see it; "" if there is none
	Dir        string // the folder it lies in
	Storage    string // DRIVER:CONNECTION, paths counted from the current folder
	LintStrict bool   // warnings make lint fail
	Tokenizer  string // the encoding that render --stats counts with
}

// project finds prompty.yaml in the current folder or the nearest above it, and
// reads it, once a run. Verbs that need nothing of it don't ask, so that a
// broken one stands in nobody's way.
func (a *app) project() (*project, error) {
	if a.proj != nil || a.projErr != nil {
		return a.proj, a.projErr
	}
	a.proj, a.projErr = findProject()
	return a.proj, a.projErr
}

func findProject() (*project, error) {
	cwd, err := os.Getwd()
	if err != nil { // the folder was removed: nothing is above it
		return &project{}, nil
	}
	for dir := cwd; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, projectFile)
		if fi, err := os.Lstat(path); err == nil && !fi.IsDir() {
			if shown, err := filepath.Rel(cwd, dir); err == nil {
				return readProject(shown)
			}
			return readProject(dir)
		}
		if dir == filepath.Dir(dir) {
			return &project{}, nil
		}
	}
}

func readProject(dir string) (*project, error) {
	const most = 1 << 20
	p := &project{Path: filepath.Join(dir, projectFile), Dir: dir}
	fi, err := os.Stat(p.Path)
	if err == nil && !fi.Mode().IsRegular() { // a pipe would make us wait
		return nil, usage(fmt.Errorf("%s is not a file", p.Path), "")
	}
	if err != nil {
		return nil, projectUnread(err)
	}
	f, err := os.Open(p.Path)
	if err != nil {
		return nil, projectUnread(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, projectUnread(err)
	case len(text) > most:
		return nil, usage(fmt.Errorf("%s has more than 1 MiB", p.Path), "")
	}
	if err := p.parse(text); err != nil {
		return nil, err
	}
	if p.Storage == "" {
		p.Storage = defaultStorage // beside prompty.yaml
	}
	p.Storage = fromFolder(dir, p.Storage)
	return p, nil
}

func projectUnread(err error) error {
	return withHint(err, "mend it, or say where the prompts are with --storage")
}

// parse reads the keys. A file that is empty or all comments has none.
func (p *project) parse(text []byte) error {
	var doc, next yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	err := d.Decode(&doc)
	if err == nil {
		if err = d.Decode(&next); err == nil {
			return p.fault(&next, "there is a second document", "leave it out, and the --- before it")
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return usage(errors.New(p.Path+":"+yamlFault(err)), "mend it, or name the storage with --storage to do without it")
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return p.each(doc.Content[0], "", map[string]func(*yaml.Node) error{
		"storage":   func(n *yaml.Node) error { return p.text(n, "storage", &p.Storage) },
		"tokenizer": func(n *yaml.Node) error { return p.text(n, "tokenizer", &p.Tokenizer) },
		"lint": func(n *yaml.Node) error {
			return p.each(n, "lint.", map[string]func(*yaml.Node) error{
				"strict": func(n *yaml.Node) error {
					if n.Decode(&p.LintStrict) != nil {
						return p.fault(n, `lint.strict is not true or false`, "")
					}
					return nil
				},
			})
		},
	})
}

// each reads the keys of a mapping, which must be known and given once.
func (p *project) each(n *yaml.Node, prefix string, keys map[string]func(*yaml.Node) error) error {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		what := "it"
		if prefix != "" {
			what = strings.TrimSuffix(prefix, ".")
		}
		return p.fault(n, what+" holds no keys", "write it like this: storage: filesystem:prompts")
	}
	known := slices.Sorted(maps.Keys(keys))
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		read, ok := keys[key.Value]
		switch {
		case !ok:
			return p.fault(key, fmt.Sprintf("unknown key %q", prefix+key.Value), withGuess(key.Value, known, "the keys are "+prefix+strings.Join(known, ", "+prefix)))
		case seen[key.Value]:
			return p.fault(key, fmt.Sprintf("%q stands there twice", prefix+key.Value), "leave one of them out")
		}
		seen[key.Value] = true
		if err := read(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (p *project) text(n *yaml.Node, key string, into *string) error {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Value == "" {
		return p.fault(n, key+" is not a text", "")
	}
	*into = n.Value
	return nil
}

func (p *project) fault(n *yaml.Node, what, hint string) error {
	return usage(fmt.Errorf("%s:%d:%d: %s", p.Path, n.Line, n.Column, what), hint)
}

var yamlPlace = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlFault is what the YAML parser says, with its line where editors look for it.
func yamlFault(err error) string {
	text := err.Error()
	m := yamlPlace.FindStringSubmatch(text)
	if m == nil {
		return " " + text
	}
	rest := " not YAML: " + text[len(m[0]):]
	if m[1] != "" {
		return m[1] + ":" + rest
	}
	return rest
}

// fromFolder makes a storage that was written down in dir one for the current
// folder: relative paths of folders, repositories and SQLite's files count from dir.
func fromFolder(dir, where string) string {
	if where == "" || dir == "." {
		return where
	}
	driver, connection := splitStorage(where)
	_, file := databaseFile(driver, connection)
	if driver != "filesystem" && driver != "fs" && driver != "git" && !file {
		return where
	}
	path, options, some := strings.Cut(connection, "?")
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if some {
		path += "?" + options
	}
	return driver + ":" + path
}
