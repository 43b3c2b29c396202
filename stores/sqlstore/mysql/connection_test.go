package mysql

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

func TestParseConnection(t *testing.T) {
	type parsed struct {
		Place, Password        string
		Dial, Read             time.Duration
		Conns                  int
		Prefix, TLS, Variables string
		Manual                 bool
		Watch                  backend.WatchOptions
	}
	standard := parsed{
		Place: "app@tcp(db:3307)/prompts", Password: "secret", Dial: 10 * time.Second, Read: 10 * time.Second, Conns: 8, Prefix: "prompty_",
		Watch: backend.WatchOptions{Poll: time.Second, Resync: time.Minute},
	}
	with := func(change func(*parsed)) parsed {
		p := standard
		change(&p)
		return p
	}
	for text, want := range map[string]parsed{
		"app:secret@tcp(db:3307)/prompts":    standard,
		"app:secret@tcp(db:3307)/prompts?":   standard,
		"mysql://app:secret@db:3307/prompts": standard,
		"app:secret@tcp(db:3307)/prompts?parseTime=true&charset=latin1&loc=Europe%2FBerlin&multiStatements=true&collation=x&interpolateParams=false": standard,
		"app:secret@tcp(db:3307)/prompts?timeout=1s&readTimeout=2s&max_conns=3&table_prefix=x_&schema=manual&poll=3s&resync=4s&tls=skip-verify": with(func(p *parsed) {
			p.Dial, p.Read, p.Conns, p.Prefix, p.Manual, p.TLS = time.Second, 2*time.Second, 3, "x_", true, "skip-verify"
			p.Watch = backend.WatchOptions{Poll: 3 * time.Second, Resync: 4 * time.Second}
		}),
		"app:secret@tcp(db:3307)/prompts?table_prefix=":        standard,
		"app:secret@tcp(db:3307)/prompts?max_statement_time=5": with(func(p *parsed) { p.Variables = "5" }),
		"mysql://app:se%40c%2Fr%3Aet@db/prompts":               with(func(p *parsed) { p.Place, p.Password = "app@tcp(db:3306)/prompts", "se@c/r:et" }),
		"app:se@c/r:e?t@unix(/run/a.sock)/prompts?max_conns=8": with(func(p *parsed) { p.Place, p.Password = "app@unix(/run/a.sock)/prompts", "se@c/r:e?t" }),
		"mysql://app:Q%40y%3F3%2F%3Fr%3A@db/prompts":           with(func(p *parsed) { p.Place, p.Password = "app@tcp(db:3306)/prompts", "Q@y?3/?r:" }),
		"mysql://[::1]:3307/prompts":                           with(func(p *parsed) { p.Place, p.Password = "@tcp([::1]:3307)/prompts", "" }),
		"mysql:///prompts":                                     with(func(p *parsed) { p.Place, p.Password = "@tcp(127.0.0.1:3306)/prompts", "" }),
		"/prompts":                                             with(func(p *parsed) { p.Place, p.Password = "@tcp(127.0.0.1:3306)/prompts", "" }),
		"mysql://app:secret@db:3307/my%20prompts?schema=auto":  with(func(p *parsed) { p.Place = "app@tcp(db:3307)/my prompts" }),
	} {
		c, err := parseConnection(text)
		if err != nil {
			t.Errorf("parseConnection(%q): %v", text, err)
			continue
		}
		got := parsed{
			Place: c.place(), Password: c.config.Passwd, Dial: c.config.Timeout, Read: c.config.ReadTimeout, Conns: c.conns, Prefix: c.prefix,
			TLS: c.config.TLSConfig, Variables: c.config.Params["max_statement_time"], Manual: c.manual, Watch: c.watch,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parseConnection(%q) (-want +got):\n%s", text, diff)
		}
		if !c.config.ParseTime || c.config.Loc != time.UTC || !c.config.InterpolateParams || c.config.Params["time_zone"] != "'+00:00'" {
			t.Errorf("parseConnection(%q) leaves settings to others: %+v", text, c.config)
		}
	}
}

func TestParseConnectionErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "names no database",
		"app:s3cret@tcp(db:3306)":              "names no database",
		"app:s3cret@tcp(db:3306)/":             "names no database",
		"app:s3cret@tcp(db:3306/x":             "cannot be read",
		"mysql://app:s3cret@db:3306":           "names no database",
		"mysql://app:s3cret@db/a/b":            "names no database",
		"mysql://app:s3cret%@db/x":             "a special character of the password is not escaped",
		"mysql://a%3Ab:s3cret@db/x":            "cannot have a colon",
		"app:s3cret@tcp(db)/x?a=%zz":           "escaped",
		"app:s3cret@tcp(db)/x?pol=1s":          `option "pol" is unknown; prompty's own are max_conns`,
		"app:s3cret@tcp(db)/x?sql_mode=''":     "the client library's are",
		"app:s3cret@tcp(db)/x?max_conns=0":     "want a number from 1",
		"app:s3cret@tcp(db)/x?timeout=x":       "cannot be read",
		"app:s3cret@tcp(db)/x?poll=1s&poll=2s": "given 2 times",
	} {
		_, err := parseConnection(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseConnection(%q): %v, want an error with %q", text, err, want)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("parseConnection shows the password: %v", err)
		}
	}
}
