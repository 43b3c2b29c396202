package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	for where, want := range map[string]string{
		"./prompts?ext=.md":                            "filesystem:./prompts",
		"git:/srv/p.git?init=1":                        "git:/srv/p.git",
		"git:.?dir=a":                                  "git:.",
		"postgres://me:secret@host:5433/db?sslkey=x":   "postgres://host:5433/db",
		"postgres:postgresql://me:secret@host/db":      "postgresql://host/db",
		"postgres:host=h password=secret":              "postgres",
		"postgres://me:sec%zzret@host/db":              "postgres",
		"mysql:me:secret@tcp(h)/db":                    "mysql",
		"mongodb+srv://me:secret@host/db?authSource=x": "mongodb+srv://host/db",
		"mongodb://me:secret@a:27017,b:27017/db":       "mongodb://a:27017,b:27017/db",
		"redis://:secret@host/0":                       "redis://host/0",
		"sqlite:./prompts.db?poll=1s":                  "sqlite:./prompts.db",
		"dynamodb:prompts?region=x":                    "dynamodb",
		"odd://me:secret@host":                         "odd://host",
	} {
		if got := place(where); got != want || strings.Contains(got, "secret") {
			t.Errorf("place(%q) = %q, want %q", where, got, want)
		}
	}
}

// TestUnwritten finds passwords, which init must not write into a file.
func TestUnwritten(t *testing.T) {
	t.Parallel()
	for where, refused := range map[string]bool{
		"postgres://me:secret@host/db":               true,
		"postgres:postgres://me:secret@host/db":      true,
		"postgres:host=h Password=secret":            true,
		"postgres://host/db?user=me&password=secret": true,
		"mysql:me:secret@tcp(h)/db":                  true,
		"redis://:secret@host":                       true,
		"mongodb+srv://me:secret@host/db":            true,
		"postgres://me@host:5432/db":                 false,
		"postgres:host=h user=me":                    false,
		"mysql:me@tcp(h:3306)/db":                    false,
		"redis://host:6379/0":                        false,
		"sqlite:./a:b@c.db":                          false,
		"./me:secret@host":                           false,
	} {
		if err := unwritten(where); (err != nil) != refused || err != nil && strings.Contains(err.Error()+hintOf(err), "secret") {
			t.Errorf("unwritten(%q) = %v, want an error: %t", where, err, refused)
		}
	}
}

// TestSchema asks a command that has databases.
func TestSchema(t *testing.T) {
	t.Parallel()
	config := Config{Schemas: map[string]func(string) (string, error){
		"memory": func(prefix string) (string, error) {
			if prefix == "1" {
				return "", errors.New("prefix \"1\": no digit first")
			}
			return "create table " + prefix + "heads;\n\n", nil
		},
	}}
	for _, tt := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"schema memory", exitOK, "create table heads;\n", ""},
		{"schema memory --table-prefix t_", exitOK, "create table t_heads;\n", ""},
		{"schema memory --table-prefix 1", exitUsage, "", "no digit first"},
		{"schema git", exitUsage, "", "those with tables are memory"},
	} {
		var stdout, stderr bytes.Buffer
		code := config.run(strings.Fields(tt.args), strings.NewReader(""), &stdout, &stderr, func(string) (string, bool) { return "", false })
		if code != tt.code || stdout.String() != tt.stdout || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("prompty %s: exit code %d\n%s%s", tt.args, code, &stdout, &stderr)
		}
	}
}

func TestNumberRanges(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]int{"": nil, "4": {4}, "1-3, 5, 7-8": {1, 2, 3, 5, 7, 8}} {
		if got := numberRanges(list); got != want {
			t.Errorf("numberRanges(%v) = %q, want %q", list, got, want)
		}
	}
}
