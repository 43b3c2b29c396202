package repo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// A Config is what git's configuration says, from the system's file to the
// work tree's. Keys are written "section.key" or "section.subsection.key";
// section and key in any case, the subsection exactly. Of several values the
// last counts. A Config does not change.
type Config struct {
	settings map[string][]setting
}

func newConfig(list []setting) *Config {
	c := &Config{settings: make(map[string][]setting)}
	for _, s := range list {
		c.settings[s.key] = append(c.settings[s.key], s)
	}
	return c
}

// fold brings a key into the form that settings are kept under.
func fold(key string) string {
	first, last := strings.IndexByte(key, '.'), strings.LastIndexByte(key, '.')
	if first < 0 || first == last {
		return strings.ToLower(key)
	}
	return strings.ToLower(key[:first]) + key[first:last] + strings.ToLower(key[last:])
}

func (c *Config) last(key string) (setting, bool) {
	list := c.settings[fold(key)]
	if len(list) == 0 {
		return setting{}, false
	}
	return list[len(list)-1], true
}

// text is the value; a key without "=" is true.
func (s setting) text() string {
	if !s.isSet {
		return "true"
	}
	return s.value
}

func (s setting) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s = %s %s; correct the file", s.file, s.line, s.key, s.value, fmt.Sprintf(format, args...))
}

// String returns the value of key, and whether there is one. A key without
// "=" has the value "true", as git reads it where it wants a bool.
func (c *Config) String(key string) (string, bool) {
	s, ok := c.last(key)
	if !ok {
		return "", false
	}
	return s.text(), true
}

// All returns all values of key, the first one first.
func (c *Config) All(key string) []string {
	var all []string
	for _, s := range c.settings[fold(key)] {
		all = append(all, s.text())
	}
	return all
}

// Bool returns the value of key, or otherwise if there is none. The error
// names the file and the line.
func (c *Config) Bool(key string, otherwise bool) (bool, error) {
	s, ok := c.last(key)
	if !ok {
		return otherwise, nil
	}
	switch strings.ToLower(s.text()) {
	case "true", "yes", "on":
		return true, nil
	case "false", "no", "off", "":
		return false, nil
	}
	n, err := parseInt(s.value)
	if err != nil {
		return otherwise, s.errorf("is neither true nor false")
	}
	return n != 0, nil
}

// Int returns the value of key, with git's suffixes k, m and g, or otherwise
// if there is none. The error names the file and the line.
func (c *Config) Int(key string, otherwise int64) (int64, error) {
	s, ok := c.last(key)
	if !ok {
		return otherwise, nil
	}
	n, err := parseInt(s.value)
	if err != nil {
		return otherwise, s.errorf("is not a number")
	}
	return n, nil
}

func parseInt(text string) (int64, error) {
	unit := int64(1)
	if len(text) > 1 {
		switch text[len(text)-1] {
		case 'k', 'K':
			unit = 1 << 10
		case 'm', 'M':
			unit = 1 << 20
		case 'g', 'G':
			unit = 1 << 30
		}
	}
	if unit > 1 {
		text = text[:len(text)-1]
	}
	n, err := strconv.ParseInt(text, 0, 64)
	if err == nil && (n > math.MaxInt64/unit || n < math.MinInt64/unit) {
		err = strconv.ErrRange
	}
	return n * unit, err
}

// Path returns the value of key with a leading ~/ expanded, "" if there is none.
func (c *Config) Path(key string) string {
	value, _ := c.String(key)
	return expandHome(value)
}

func expandHome(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, filepath.FromSlash(rest))
}

// Author returns the author that git would write: GIT_AUTHOR_NAME and _EMAIL,
// author.name and .email, user.name and .email, EMAIL. Without a name it is
// prompty, without an address prompty@localhost. The time is left zero.
func (c *Config) Author() object.Ident { return c.ident("author") }

// Committer returns the committer, by the same rules as Author.
func (c *Config) Committer() object.Ident { return c.ident("committer") }

func (c *Config) ident(role string) object.Ident {
	get := func(what, env string) string {
		byRole, _ := c.String(role + "." + what)
		byUser, _ := c.String("user." + what)
		return cmp.Or(
			cleanIdent(os.Getenv("GIT_"+strings.ToUpper(role+"_"+what))),
			cleanIdent(byRole), cleanIdent(byUser), cleanIdent(env))
	}
	return object.Ident{
		Name:  cmp.Or(get("name", ""), "prompty"),
		Email: cmp.Or(get("email", os.Getenv("EMAIL")), "prompty@localhost"),
	}
}

// cleanIdent drops what git drops from names and addresses, since it would
// break the line that they stand in.
func cleanIdent(s string) string {
	s = strings.TrimFunc(s, func(c rune) bool { return c <= ' ' || strings.ContainsRune(`.,:;<>"\'`, c) })
	return strings.Map(func(c rune) rune {
		if c == '<' || c == '>' || c == '\n' || c == 0 {
			return -1
		}
		return c
	}, s)
}

// readConfigFile returns a file's settings; none if it doesn't exist or, where
// that is said to matter as little, can't be read.
func readConfigFile(file string, mayBeForbidden bool) ([]setting, error) {
	text, err := readBounded(file, maxConfig)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENOTDIR), mayBeForbidden && errors.Is(err, os.ErrPermission):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return parseConfig(file, text)
}
