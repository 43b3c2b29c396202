package repo

import "github.com/go-prompty/prompty/gitstore/internal/object"

// A Config is what git's configuration says, from the system's file to the
// work tree's. Keys are written "section.key" or "section.subsection.key";
// section and key in any case, the subsection exactly. Of several values the
// last counts. A Config does not change.
type Config struct{}

// String returns the value of key, and whether there is one. A key without
// "=" has the value "true", as git reads it where it wants a bool.
func (c *Config) String(key string) (string, bool) { return "", false }

// All returns all values of key, the first one first.
func (c *Config) All(key string) []string { return nil }

// Bool returns the value of key, or otherwise if there is none. The error
// names the file and the line.
func (c *Config) Bool(key string, otherwise bool) (bool, error) { return otherwise, errSkeleton }

// Int returns the value of key, with git's suffixes k, m and g, or otherwise
// if there is none. The error names the file and the line.
func (c *Config) Int(key string, otherwise int64) (int64, error) { return otherwise, errSkeleton }

// Path returns the value of key with a leading ~/ expanded, "" if there is none.
func (c *Config) Path(key string) string { return "" }

// Author returns the author that git would write: GIT_AUTHOR_NAME and _EMAIL,
// author.name and .email, user.name and .email, EMAIL. Without a name or an
// address it is prompty, prompty@localhost. The time is left zero.
func (c *Config) Author() object.Ident { return object.Ident{} }

// Committer returns the committer, by the same rules as Author.
func (c *Config) Committer() object.Ident { return object.Ident{} }
