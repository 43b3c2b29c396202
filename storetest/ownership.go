package storetest

import (
	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var ownershipChecks = []check{
	{name: "nothing of an argument is kept", rule: ruleOwnership, fn: checkArguments},
	{name: "results belong to the caller", rule: ruleOwnership, fn: checkResults},
	{name: "a query is not changed", rule: ruleOwnership, fn: checkQueryUntouched},
}

// spoil changes everything that a template holds.
func spoil(x *prompty.StoredTemplate) {
	x.Source, x.CreatedBy, x.Version, x.ID = "spoiled", "spoiled", 99, "spoiled"
	for k := range x.Metadata {
		x.Metadata[k] = "spoiled"
	}
	if x.Metadata != nil {
		x.Metadata["spoiled"] = "spoiled"
	}
	for i := range x.Tags {
		x.Tags[i] = "spoiled"
	}
	x.Tags = append(x.Tags, "spoiled")
}

func (t *trial) fullDraft(name string) *prompty.StoredTemplate {
	tmpl := t.draft(name, "text of "+name)
	tmpl.Metadata = map[string]string{"k": "v", "l": "w"}
	tmpl.Tags = append(make([]string, 0, 8), "x", "y") // room to append in place
	tmpl.CreatedBy = "ann"
	return tmpl
}

func checkArguments(t *trial) {
	s := t.storage()
	tmpl := t.fullDraft("doc")
	saved := t.save(s, tmpl)
	spoil(tmpl)
	t.wantSame(t.get(s, "doc"), saved, "the template after the saved argument was changed")
	if c, ok := prompty.As[prompty.ConditionalSaver](s); ok {
		tmpl := t.fullDraft("if")
		if err := c.SaveIf(t.ctx(), tmpl, 0); err != nil {
			t.Fatalf("SaveIf: %v", err)
		}
		saved := tmpl.Clone()
		spoil(tmpl)
		t.wantSame(t.get(s, "if"), saved, "the template after SaveIf's argument was changed")
	}
	if c, ok := prompty.As[prompty.BatchSaver](s); ok {
		tmpls := []*prompty.StoredTemplate{t.fullDraft("all/1"), t.fullDraft("all/2")}
		if err := c.SaveAll(t.ctx(), tmpls); err != nil {
			t.Fatalf("SaveAll: %v", err)
		}
		second := tmpls[1]
		saved := second.Clone()
		tmpls[1] = nil
		spoil(second)
		t.wantSame(t.get(s, "all/2"), saved, "the template after SaveAll's argument was changed")
	}
}

func checkResults(t *trial) {
	s, ctx := t.storage(), t.ctx()
	saved := t.save(s, t.fullDraft("doc"))
	t.save(s, t.fullDraft("other"))
	reads := map[string]func() *prompty.StoredTemplate{
		"Get":        func() *prompty.StoredTemplate { return t.get(s, "doc") },
		"GetVersion": func() *prompty.StoredTemplate { return t.getVersion(s, "doc", 1) },
		"GetByID": func() *prompty.StoredTemplate {
			got, err := s.GetByID(ctx, saved.ID)
			t.found(got, err, "GetByID(%q)", saved.ID)
			return got
		},
		"List":                 func() *prompty.StoredTemplate { return t.first(s, &prompty.TemplateQuery{}) },
		"List of all versions": func() *prompty.StoredTemplate { return t.first(s, &prompty.TemplateQuery{IncludeAllVersions: true}) },
	}
	for spoiledBy, read := range reads {
		got := read() // twice, as a cache fills on the first
		spoil(got)
		spoil(read())
		for seenBy, again := range reads {
			t.wantSame(again(), saved, "%s after the result of %s was changed", seenBy, spoiledBy)
		}
	}
	list := t.list(s, nil)
	list[0] = nil
	if again := t.list(s, nil); again[0] == nil {
		t.Errorf("List gave out a slice that it keeps")
	}
	versions := t.versions(s, "doc")
	versions[0] = 99
	if diff := cmp.Diff([]int{1}, t.versions(s, "doc")); diff != "" {
		t.Errorf("ListVersions gave out a slice that it keeps (-want +got):\n%s", diff)
	}
}

func (t *trial) first(s prompty.TemplateStorage, q *prompty.TemplateQuery) *prompty.StoredTemplate {
	t.Helper()
	list := t.list(s, q)
	if len(list) == 0 {
		t.Fatalf("List(%+v) found nothing", q)
	}
	return list[0]
}

func checkQueryUntouched(t *trial) {
	s := t.storage()
	t.save(s, t.fullDraft("doc"))
	query := func() *prompty.TemplateQuery {
		return &prompty.TemplateQuery{Tags: []string{"y", "x", "y"}, NamePrefix: "d", Limit: -1, Offset: -3}
	}
	q := query()
	if list := t.list(s, q); len(list) != 1 {
		t.Errorf("List(%+v) = %v, want doc@1", q, names(list))
	}
	if diff := cmp.Diff(query(), q); diff != "" {
		t.Errorf("List changed its query (-before +after):\n%s", diff)
	}
}
