package storetest

import (
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

const (
	ruleHistory  rule = "capability Historian"
	ruleProber   rule = "capability Prober"
	ruleDescribe rule = "capability Describer"
)

// historyChecks run on every backend, as package prompty makes up for what one
// does not have.
var historyChecks = []check{
	{name: "History", rule: ruleHistory, fn: checkHistory},
	{name: "History of a missing template", rule: ruleHistory, fn: checkHistoryMissing},
	{name: "LatestID", rule: ruleProber, fn: checkLatestID},
	{name: "Describe", rule: ruleDescribe, fn: checkDescribe},
}

func checkHistory(t *trial) {
	s := t.storage()
	var want []*prompty.StoredTemplate
	for _, source := range []string{"one", "", "a\r\nb 🦊", "---\ntags: [x]\n---\nbody", strings.Repeat("long ", 1000), "six"} {
		tmpl := t.draft("doc", source)
		tmpl.CreatedBy = "Ann Lee <ann@example.org>"
		want = append([]*prompty.StoredTemplate{t.save(s, tmpl)}, want...)
	}
	t.deleteVersion(s, "doc", 3)
	want = append(want[:3], want[4:]...)
	compare := func() {
		t.Helper()
		got, err := prompty.History(t.ctx(), s, "doc")
		if err != nil {
			t.Fatalf("History: %v", err)
		}
		if len(got) != len(want) {
			t.Fatalf("History has %d entries, want %d: %+v", len(got), len(want), got)
		}
		for i, w := range want {
			g := got[i]
			if g.Version != w.Version || g.ID != w.ID || g.Size != len(w.Source) || !g.Time.Equal(w.CreatedAt) {
				t.Errorf("entry %d of History = %+v, want version %d, ID %q, size %d, time %v", i, g, w.Version, w.ID, len(w.Source), w.CreatedAt)
			}
			if g.Author != "" && w.CreatedBy != "" && g.Author != w.CreatedBy {
				t.Errorf("entry %d of History has the author %q, want %q", i, g.Author, w.CreatedBy)
			}
		}
		clear(got)
	}
	compare()
	compare() // after the first result was spoiled
}

func checkHistoryMissing(t *trial) {
	s := t.storage()
	_, err := prompty.History(t.ctx(), s, "nobody")
	t.wantErr(err, prompty.ErrTemplateNotFound, `History("nobody")`)
	t.saveText(s, "doc", "text")
	t.deleteName(s, "doc")
	_, err = prompty.History(t.ctx(), s, "doc")
	t.wantErr(err, prompty.ErrTemplateNotFound, "History after Delete")
	again := t.saveText(s, "doc", "text")
	got, err := prompty.History(t.ctx(), s, "doc")
	if err != nil || len(got) != 1 || got[0].ID != again.ID {
		t.Errorf("History of a name saved again after Delete = %+v, %v, want version 2 alone", got, err)
	}
}

func checkLatestID(t *trial) {
	s := t.storage()
	_, err := prompty.LatestID(t.ctx(), s, "doc")
	t.wantErr(err, prompty.ErrTemplateNotFound, "LatestID of a missing template")
	same := func(when string) {
		t.Helper()
		id, err := prompty.LatestID(t.ctx(), s, "doc")
		if want := t.get(s, "doc").ID; err != nil || id != want {
			t.Errorf("LatestID %s = %q, %v, but Get gives %q", when, id, err, want)
		}
	}
	t.saveText(s, "doc", "one")
	same("after Save")
	t.saveText(s, "doc", "one")
	same("after Save of the same text")
	t.deleteVersion(s, "doc", 2)
	same("after the latest was deleted")
	t.deleteName(s, "doc")
	_, err = prompty.LatestID(t.ctx(), s, "doc")
	t.wantErr(err, prompty.ErrTemplateNotFound, "LatestID after Delete")
}

func checkDescribe(t *trial) {
	s := t.storage()
	c := capabilityOf[prompty.Describer](t, s, "Describer")
	t.saveText(s, "doc", "text")
	d, err := c.Describe(t.ctx())
	if err != nil {
		t.Fatalf("Describe: %v", err)
	}
	if d.Driver == "" || d.State == "" || strings.ContainsAny(d.Driver+d.Location+d.State, "\r\n") {
		t.Errorf("Describe = %+v, want a driver and a state, each on one line", d)
	}
	if diff := cmp.Diff([]string(nil), d.Problems); diff != "" {
		t.Errorf("Describe of a sound place has problems (-want +got):\n%s", diff)
	}
}
