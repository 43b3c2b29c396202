package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty"
)

// reviser is a storage that can show other revisions than its own.
type reviser interface {
	At(ctx context.Context, rev string) (prompty.TemplateStorage, error)
}

// endpoint is one side of a comparison. The zero value is what the storage
// shows.
type endpoint struct {
	version  int
	revision string
}

// parseEndpoint reads a version or a revision. Abbreviated commits that are all
// digits have at least seven of them, versions have fewer.
func parseEndpoint(arg string) (endpoint, error) {
	const mostDigits = 6
	if arg == "" || len(arg) > mostDigits || strings.Trim(arg, "0123456789") != "" {
		return endpoint{revision: arg}, nil
	}
	v, err := strconv.Atoi(arg)
	if err != nil || v < 1 {
		return endpoint{}, usage(fmt.Errorf("%q names no version; versions are 1, 2, 3 …", arg), "")
	}
	return endpoint{version: v}, nil
}

// parseRange reads A..B.
func parseRange(arg string) (from, to endpoint, err error) {
	a, b, _ := strings.Cut(arg, "..")
	if strings.HasPrefix(b, ".") || strings.Contains(b, "..") {
		return from, to, usage(fmt.Errorf("%q is no range", arg),
			"a range is A..B; for what a branch has changed since it left main: prompty diff $(git merge-base main BRANCH)..BRANCH")
	}
	if from, err = parseEndpoint(a); err == nil {
		to, err = parseEndpoint(b)
	}
	return from, to, err
}

// parse reads the arguments of diff.
func (c *comparison) parse(args []string) (err error) {
	const sides = ".."
	first := args[0]
	switch {
	case len(args) == 1 && strings.Contains(first, sides):
		if prompty.CheckName(first) == nil {
			c.maybeName = first
		}
		c.from, c.to, err = parseRange(first)
		if err == nil && (c.from.version > 0 || c.to.version > 0) {
			err = usage(fmt.Errorf("versions belong to one prompt, and %q names none", first), "the name comes first: prompty diff NAME "+first)
		}
		return err
	case len(args) == 1:
		c.name, err = diffName(first)
		c.steps = true
		return err
	}
	if c.name, err = diffName(first); err != nil {
		return err
	}
	if len(args) == 2 && strings.Contains(args[1], sides) {
		c.from, c.to, err = parseRange(args[1])
		return err
	}
	for i, side := range []*endpoint{&c.from, &c.to}[:len(args)-1] {
		if strings.Contains(args[i+1], sides) {
			return usage(fmt.Errorf("%q is a range of its own", args[i+1]), "give A..B, or A B")
		}
		if *side, err = parseEndpoint(args[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// diffName refuses NAME@VERSION: where would the other side go?
func diffName(arg string) (string, error) {
	ref, err := parseRef(arg)
	if err == nil && ref.Version != 0 {
		err = usage(fmt.Errorf("diff takes versions after the name: %q", arg), fmt.Sprintf("prompty diff %s %d", shellWord(ref.Name), ref.Version))
	}
	return ref.Name, err
}

// at hands do the storage as it is at e, which is no version.
func at(ctx context.Context, s prompty.TemplateStorage, e endpoint, do func(prompty.TemplateStorage) error) (err error) {
	if e.revision == "" {
		return do(s)
	}
	r, ok := prompty.As[reviser](s)
	if !ok {
		return usage(fmt.Errorf("%q is no version, and this storage knows no revisions", e.revision),
			"versions are 1, 2, 3 …; branches, tags and commits are those of a Git repository: --storage git:PATH")
	}
	then, err := r.At(ctx, e.revision)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, then.Close()) }()
	return do(then)
}

// isRevision tells for a hint whether a word that is no prompt's name is a
// revision.
func isRevision(ctx context.Context, s prompty.TemplateStorage, word string) bool {
	return at(ctx, s, endpoint{revision: word}, func(prompty.TemplateStorage) error { return nil }) == nil
}
