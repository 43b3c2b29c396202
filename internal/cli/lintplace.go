package cli

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-prompty/prompty"
)

// places finds where the lines of a text stand in files.
type places struct {
	ctx     context.Context
	storage prompty.TemplateStorage
	suspect *suspect

	line, fileLine int // the answer given last
	file           string
}

// of returns the file and the line in it that a line of the text stands on; ""
// if there is no file.
func (p *places) of(line int) (string, int) {
	x := p.suspect
	switch {
	case x.name == "-":
		return "", 0
	case x.stored == nil:
		return x.name, line
	case line == p.line:
		return p.file, p.fileLine
	}
	p.line, p.file, p.fileLine = line, "", 0
	if l, ok := prompty.As[prompty.Locator](p.storage); ok {
		// Without a file there is still the name, so the error says nothing.
		file, fileLine, err := l.Locate(p.ctx, x.name, x.stored.Version, sourceLine(x.text, x.stored.Source, line))
		if err == nil {
			p.file, p.fileLine = fromHere(file), fileLine
		}
	}
	return p.file, p.fileLine
}

// sourceLine is the line of a source that a line of the text stands on which
// parseText makes of it: that has the storage's fields besides, in one place.
func sourceLine(text, source string, line int) int {
	same := 0
	for i := 0; i < len(text) && i < len(source) && text[i] == source[i]; i++ {
		if text[i] == '\n' {
			same++
		}
	}
	if line <= same {
		return line
	}
	return max(line-strings.Count(text, "\n")+strings.Count(source, "\n"), 1)
}

// fromHere makes a path relative to the current folder if it lies in it.
func fromHere(path string) string {
	if cwd, err := os.Getwd(); err == nil && filepath.IsAbs(path) {
		if rel, ok := within(cwd, path); ok {
			return rel
		}
	}
	return path
}

// within returns the path from a folder to a file in it.
func within(dir, path string) (string, bool) {
	rel, err := filepath.Rel(dir, path)
	if err == nil && filepath.IsLocal(rel) {
		return rel, true
	}
	// One of the two may have been reached through a symbolic link.
	realDir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", false
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", false
	}
	rel, err = filepath.Rel(realDir, path)
	return rel, err == nil && filepath.IsLocal(rel)
}

// sourceRoot is the folder that paths count from in what other tools read: that
// of the repository around the current folder, else the current folder.
func sourceRoot() string {
	cwd, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := cwd; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return cwd
		}
	}
}

// fromRoot returns the path of a file from the root, with slashes. A file of a
// commit counts from its repository's. What lies elsewhere keeps its whole path,
// and is not ok.
func fromRoot(root, file string) (path string, ok bool) {
	if commit, path, ok := strings.Cut(file, ":"); ok && len(commit) >= 7 && strings.Trim(commit, "0123456789abcdef") == "" {
		return path, true
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return filepath.ToSlash(file), false
	}
	if rel, ok := within(root, abs); ok {
		return filepath.ToSlash(rel), true
	}
	return filepath.ToSlash(abs), false
}

// fileURL is the URL of an absolute path with slashes.
func fileURL(path string) string {
	if !strings.HasPrefix(path, "/") { // C:/x
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
