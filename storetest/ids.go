package storetest

import (
	"strings"

	"github.com/go-prompty/prompty"
)

var idChecks = []check{
	{name: "GetByID finds every version", rule: ruleID, fn: checkGetByID},
	{name: "an ID dies with its version", rule: ruleID, fn: checkIDAfterDelete},
	{name: "unknown IDs", rule: ruleID, fn: checkUnknownIDs},
}

func checkGetByID(t *trial) {
	s := t.storage()
	var all []*prompty.StoredTemplate
	seen := make(map[prompty.TemplateID]string)
	for _, name := range []string{"a", "a/b", "b"} {
		for _, text := range []string{"one", "two", "two"} {
			saved := t.saveText(s, name, text)
			if at, twice := seen[saved.ID]; twice {
				t.Errorf("ID %q was given to %s and to %s@%d", saved.ID, at, name, saved.Version)
			}
			seen[saved.ID] = names([]*prompty.StoredTemplate{saved})[0]
			all = append(all, saved)
		}
	}
	for _, want := range all {
		got, err := s.GetByID(t.ctx(), want.ID)
		t.found(got, err, "GetByID(%q) of %s@%d", want.ID, want.Name, want.Version)
		t.wantSame(got, want, "GetByID of %s@%d", want.Name, want.Version)
	}
}

func checkIDAfterDelete(t *trial) {
	s := t.storage()
	one, two := t.saveText(s, "doc", "one"), t.saveText(s, "doc", "two")
	t.deleteVersion(s, "doc", 2)
	_, err := s.GetByID(t.ctx(), two.ID)
	t.wantErr(err, prompty.ErrTemplateNotFound, "GetByID of a deleted version")
	t.deleteName(s, "doc")
	_, err = s.GetByID(t.ctx(), one.ID)
	t.wantErr(err, prompty.ErrTemplateNotFound, "GetByID after Delete")

	again := t.saveText(s, "doc", "one")
	if again.ID == one.ID || again.ID == two.ID {
		t.Errorf("the ID %q of a deleted version was given again", again.ID)
	}
	_, err = s.GetByID(t.ctx(), one.ID)
	t.wantErr(err, prompty.ErrTemplateNotFound, "GetByID of a deleted version after its name was saved again")
}

func checkUnknownIDs(t *trial) {
	s := t.storage()
	known := string(t.saveText(s, "doc", "one").ID)
	for _, id := range []string{
		"", " ", "x", "0", "1", "-1", "null", "%", "doc@2", "doc@0", "doc@-1", "doc@", "@1", "@", "../../etc/passwd", "/", "..", "a\x00b", "\x00", "\xff\xfe",
		known + "x", known + " ", " " + known, known + "\x00", known + "/", "./" + known, known + known,
		strings.Repeat("9", 400), strings.Repeat("doc@1", 1<<17), `' OR '1'='1`, `{"$gt":""}`, "*", "00000000-0000-0000-0000-000000000000",
	} {
		if id == known {
			continue
		}
		got, err := s.GetByID(t.ctx(), prompty.TemplateID(id))
		if len(id) > 40 {
			id = id[:40] + "…"
		}
		if t.wantErr(err, prompty.ErrTemplateNotFound, "GetByID(%q)", id) && got != nil {
			t.Errorf("GetByID(%q) gave a template beside the error", id)
		}
	}
}
