package gitstore

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// A commit's author line says who saved a version. What it cannot carry exactly
// stands in a header of ours, one line of JSON:
//
//	prompty {"ns":123456789,"by":" Ann"}
//
// Git keeps headers that it does not know, signs them, and shows them to nobody.
const headerName = "prompty"

// extra is what the header holds.
type extra struct {
	Nanos int               `json:"ns,omitempty"`   // within the author's second
	By    *string           `json:"by,omitempty"`   // CreatedBy, if not what the author line says
	Each  map[string]string `json:"each,omitempty"` // the same by path, for templates whose authors differ
}

func (x extra) encode() string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		return "{}" // strings and a number: cannot fail
	}
	return strings.TrimSpace(b.String())
}

// readExtra reads a commit's header; what is damaged says nothing.
func readExtra(c *object.Commit) extra {
	var x extra
	for _, h := range c.Headers {
		if h.Key == headerName {
			if json.Unmarshal([]byte(h.Value), &x) != nil {
				return extra{}
			}
			break
		}
	}
	return x
}

// createdBy says who made the version that the commit is of the file at path.
func createdBy(c *object.Commit, path string) string {
	x := readExtra(c)
	if by, ok := x.Each[path]; ok {
		return by
	}
	if x.By != nil {
		return *x.By
	}
	return person(c.Author)
}

// person is how an author reads: "Name <email>", or what there is of it.
func person(id object.Ident) string {
	switch {
	case id.Email == "":
		return strings.ToValidUTF8(id.Name, "\ufffd")
	case id.Name == "":
		return strings.ToValidUTF8("<"+id.Email+">", "\ufffd")
	}
	return strings.ToValidUTF8(id.Name+" <"+id.Email+">", "\ufffd")
}

// parsePerson takes "Name <email>" or a name apart; false if an author line
// could not carry it so that it reads back as it is.
func parsePerson(s string) (id object.Ident, ok bool) {
	name, email := s, ""
	if i := strings.LastIndex(s, " <"); i >= 0 && strings.HasSuffix(s, ">") {
		name, email = s[:i], s[i+2:len(s)-1]
		if email == "" {
			return id, false
		}
	}
	const most = 400
	plain := func(s string) bool {
		return len(s) <= most && strings.TrimSpace(s) == s && !strings.ContainsAny(s, "<>") &&
			!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\ufeff' })
	}
	if name == "" || !plain(name) || !plain(email) || strings.ContainsAny(email, " \t") {
		return id, false
	}
	return object.Ident{Name: name, Email: email}, true
}
