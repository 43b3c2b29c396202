package gitstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Commit is what a caller wants its commits to say. Empty fields are as the
// store would have them.
type Commit struct {
	Author   string   // "Name <email>"; a template's CreatedBy comes first
	Message  string   // subject and body; no line may start with "Prompty-"
	Trailers []string // "Key: value", put after the message
}

type commitKey struct{}

// WithCommit returns a context that tells the writing methods of a [Store] how
// to make their commits.
func WithCommit(ctx context.Context, c Commit) context.Context {
	return context.WithValue(ctx, commitKey{}, c)
}

// wanted is what the caller said, checked.
func wanted(ctx context.Context) (Commit, error) {
	c, _ := ctx.Value(commitKey{}).(Commit)
	if c.Author != "" {
		if _, ok := parsePerson(c.Author); !ok {
			return c, refusal("the author %q is not Name <email>", c.Author)
		}
	}
	if err := checkMessage(c.Message); err != nil {
		return c, err
	}
	for _, t := range c.Trailers {
		key, value, ok := strings.Cut(t, ": ")
		if !ok || strings.TrimSpace(value) == "" || key == "" || strings.Trim(key, "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" ||
			strings.Contains(t, "\n") {
			return c, refusal("the trailer %q is not Key: value on one line", t)
		}
		if err := checkMessage(t); err != nil {
			return c, err
		}
	}
	return c, nil
}

func refusal(format string, args ...any) error {
	return fmt.Errorf("%w: the commit cannot be made: "+format, append([]any{prompty.ErrInvalidTemplate}, args...)...)
}

// own is what the keys of our trailers begin with, in any case.
const own = "prompty-"

func checkMessage(s string) error {
	if !utf8.ValidString(s) {
		return refusal("the message is not valid UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return refusal("the message has the control character %U", r)
		}
	}
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); len(line) >= len(own) && strings.EqualFold(line[:len(own)], own) {
			return refusal("the line %q starts with Prompty-, as the store's own trailers do; write it in another way", line)
		}
	}
	return nil
}

// words are what the message of a commit is made of.
type words struct {
	action, name, version string   // "Save", "greeting", "3"
	list                  []string // of a batch
	trailers              []string // ours
}

// message puts the words together, in the way that the caller or the store's
// options ask for.
func message(w words, c Commit, pattern string) (string, error) {
	text := strings.TrimSpace(c.Message)
	switch {
	case text != "":
	case pattern != "":
		text = strings.TrimSpace(strings.NewReplacer("{action}", w.action, "{name}", w.name, "{version}", w.version).Replace(pattern))
	case w.version != "" && w.action != "Save":
		text = w.action + " version " + w.version + " of " + w.name
	default:
		text = w.action + " " + w.name
	}
	if c.Message == "" && len(w.list) > 1 {
		text += "\n\n" + strings.Join(w.list, "\n")
	}
	if all := append(c.Trailers[:len(c.Trailers):len(c.Trailers)], w.trailers...); len(all) > 0 {
		gap := "\n\n"
		if last := text[strings.LastIndexByte(text, '\n')+1:]; len(object.ParseTrailers(text+"\n")) > 0 && strings.Contains(last, ":") {
			gap = "\n" // the caller's last paragraph are trailers
		}
		text += gap + strings.Join(all, "\n")
	}
	text += "\n"
	var ours []string
	for _, t := range object.ParseTrailers(text) {
		if len(t.Key) >= len(own) && strings.EqualFold(t.Key[:len(own)], own) {
			ours = append(ours, t.Key+": "+t.Value)
		}
	}
	if strings.Join(ours, "\n") != strings.Join(w.trailers, "\n") {
		return "", refusal("with this message git would not find the trailers that it needs, %q", w.trailers)
	}
	return text, nil
}

// saved are the trailers of a Save that changes nothing, deleted those of a
// DeleteVersion. They name a file by its path without the folder and the
// extension.

func (l layout) saved(path string) []string {
	return []string{"Prompty-Save: " + quoted(l.stem(path)), "Prompty-Path: " + quoted(path)}
}

func (l layout) deleted(path string, n int) []string {
	return []string{"Prompty-Delete-Version: " + quoted(l.stem(path)) + "@" + strconv.Itoa(n), "Prompty-Path: " + quoted(path)}
}

func (l layout) stem(path string) string {
	return strings.TrimSuffix(strings.TrimPrefix(path, l.dir), l.ext)
}

// quoted keeps the space that a path begins with from being trimmed.
func quoted(path string) string {
	if strings.HasPrefix(path, " ") {
		return `"` + path + `"`
	}
	return path
}

// checkPattern refuses a message option that can make no message.
func checkPattern(pattern string) error {
	if pattern == "" {
		return nil
	}
	if strings.TrimSpace(pattern) == "" || strings.Contains(pattern, "\n") {
		return errors.New("message is no subject; use something like {action} {name}")
	}
	rest := strings.NewReplacer("{action}", "", "{name}", "", "{version}", "").Replace(pattern)
	if i := strings.IndexAny(rest, "{}"); i >= 0 {
		return fmt.Errorf("message=%q has braces around something else than {action}, {name} and {version}", pattern)
	}
	return checkMessage(pattern)
}
