package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var listChecks = []check{
	{name: "order", rule: ruleList, fn: checkOrder},
	{name: "no match", rule: ruleList, fn: checkNoMatch},
	{name: "paging", rule: ruleList, fn: checkPaging},
	{name: "conditions", rule: ruleList, fn: checkConditions},
	{name: "the latest version decides", rule: ruleList, fn: checkLatestDecides},
	{name: "queries", rule: ruleList, fn: checkQueries},
}

func checkOrder(t *trial) {
	s := t.storage()
	// In the order of bytes, which is neither that of UTF-16 nor of any dictionary.
	sorted := []string{"Zebra", "_x", "a", "a b", "a-b", "a.b", "a/b", "a/b/c", "a0", "a_b", "ab", "b", "zeta", "ä", "é", "日", "\uff5e", "𝒳"}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(sorted)) {
		t.saveText(s, sorted[i], "one")
		t.saveText(s, sorted[i], "two")
	}
	var latest, all []string
	for _, name := range sorted {
		latest = append(latest, name+"@2")
		all = append(all, name+"@2", name+"@1")
	}
	if diff := cmp.Diff(latest, names(t.list(s, nil))); diff != "" {
		t.Errorf("List(nil) is not sorted by the names' bytes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all, names(t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true}))); diff != "" {
		t.Errorf("List of all versions is not sorted by name, then version descending (-want +got):\n%s", diff)
	}
}

func checkNoMatch(t *trial) {
	s := t.storage()
	t.saveText(s, "doc", "text")
	for _, q := range []*prompty.TemplateQuery{
		{NamePrefix: "x"}, {NameContains: "x"}, {Tags: []string{"x"}}, {CreatedBy: "x"}, {TenantID: "nobody's"}, {Offset: 1}, {Offset: 99, Limit: 1}, {NamePrefix: "doc/"},
		{NamePrefix: "\xff"}, {NameContains: "\x00"}, {Tags: []string{"\x00"}},
	} {
		list, err := s.List(t.ctx(), q)
		if err != nil || len(list) != 0 {
			t.Errorf("List(%+v) = %v, %v, want nothing and no error", q, names(list), err)
		}
	}
}

func checkPaging(t *trial) {
	s := t.storage()
	var all []string
	for i := range 7 {
		name := fmt.Sprintf("doc/%d", 6-i) // saved in reverse, so that a page cut before sorting shows
		t.saveText(s, name, "text")
		all = append(all, name+"@1")
	}
	slices.Reverse(all)
	for offset := -1; offset <= 8; offset++ {
		for limit := -1; limit <= 8; limit++ {
			q := &prompty.TemplateQuery{Offset: offset, Limit: limit}
			want := all[min(max(offset, 0), 7):]
			if limit > 0 {
				want = want[:min(limit, len(want))]
			}
			if got := names(t.list(s, q)); !slices.Equal(got, want) {
				t.Errorf("List(Offset %d, Limit %d) = %v, want %v", offset, limit, got, want)
			}
		}
	}
	t.saveText(s, "doc/3", "two")
	got := names(t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true, Offset: 3, Limit: 3}))
	if diff := cmp.Diff([]string{"doc/3@2", "doc/3@1", "doc/4@1"}, got); diff != "" {
		t.Errorf("a page of all versions counts versions, not names (-want +got):\n%s", diff)
	}
}

func checkConditions(t *trial) {
	s := t.storage()
	for name, tags := range map[string][]string{
		"per%cent": {"a", "b"}, "perXcent": {"ab"}, "under_score": {"A"}, "underXscore": {"a"}, "back'tick": {"b", "c", "a"}, "Percent/x": nil, "star[a]": {"%"}, "starA": {"a%"},
	} {
		tmpl := t.draft(name, "text")
		tmpl.Tags, tmpl.CreatedBy = tags, "by "+name
		t.save(s, tmpl)
	}
	for _, c := range []struct {
		q    prompty.TemplateQuery
		want []string
	}{
		{prompty.TemplateQuery{NameContains: "%"}, []string{"per%cent@1"}},
		{prompty.TemplateQuery{NameContains: "_"}, []string{"under_score@1"}},
		{prompty.TemplateQuery{NameContains: "xs"}, nil},
		{prompty.TemplateQuery{NameContains: "Xs"}, []string{"underXscore@1"}},
		{prompty.TemplateQuery{NameContains: "[a]"}, []string{"star[a]@1"}},
		{prompty.TemplateQuery{NameContains: "'"}, []string{"back'tick@1"}},
		{prompty.TemplateQuery{NamePrefix: "per"}, []string{"perXcent@1", "per%cent@1"}},
		{prompty.TemplateQuery{NamePrefix: "Per"}, []string{"Percent/x@1"}},
		{prompty.TemplateQuery{NamePrefix: "per%"}, []string{"per%cent@1"}},
		{prompty.TemplateQuery{NamePrefix: "er"}, nil},
		{prompty.TemplateQuery{Tags: []string{"a"}}, []string{"back'tick@1", "per%cent@1", "underXscore@1"}},
		{prompty.TemplateQuery{Tags: []string{"b", "a"}}, []string{"back'tick@1", "per%cent@1"}},
		{prompty.TemplateQuery{Tags: []string{"a", "a"}}, []string{"back'tick@1", "per%cent@1", "underXscore@1"}},
		{prompty.TemplateQuery{Tags: []string{"a", "x"}}, nil},
		{prompty.TemplateQuery{Tags: []string{}}, []string{"Percent/x@1", "back'tick@1", "perXcent@1", "per%cent@1", "starA@1", "star[a]@1", "underXscore@1", "under_score@1"}},
		{prompty.TemplateQuery{CreatedBy: "by starA"}, []string{"starA@1"}},
		{prompty.TemplateQuery{CreatedBy: "by"}, nil},
		{prompty.TemplateQuery{CreatedBy: "by per%cent", Tags: []string{"a"}, NamePrefix: "p", NameContains: "%c"}, []string{"per%cent@1"}},
		{prompty.TemplateQuery{CreatedBy: "by per%cent", Tags: []string{"c"}}, nil},
	} {
		slices.Sort(c.want)
		got := names(t.list(s, &c.q))
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("List(%+v) = %v, want %v", c.q, got, c.want)
		}
	}
}

func checkLatestDecides(t *trial) {
	s := t.storage()
	tmpl := t.draft("doc", "one")
	tmpl.Tags, tmpl.CreatedBy = []string{"old"}, "ann"
	t.save(s, tmpl)
	tmpl.Tags, tmpl.CreatedBy = []string{"new"}, "bob"
	t.save(s, tmpl)
	for _, q := range []prompty.TemplateQuery{{Tags: []string{"old"}}, {CreatedBy: "ann"}} {
		if got := names(t.list(s, &q)); len(got) != 0 {
			t.Errorf("List(%+v) = %v, want nothing: only an older version matches", q, got)
		}
		q.IncludeAllVersions = true
		if got := names(t.list(s, &q)); !slices.Equal(got, []string{"doc@1"}) {
			t.Errorf("List(%+v) = %v, want doc@1", q, got)
		}
	}
	t.deleteVersion(s, "doc", 2)
	if got := names(t.list(s, &prompty.TemplateQuery{Tags: []string{"old"}})); !slices.Equal(got, []string{"doc@1"}) {
		t.Errorf("List by a tag = %v, want doc@1, the latest since version 2 was deleted", got)
	}
}

// checkQueries compares many random queries with what Match and Page of
// package prompty say.
func checkQueries(t *trial) {
	s := t.storage()
	rnd := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	live := make(map[string][]*prompty.StoredTemplate)
	for range 60 {
		tmpl := t.draft(pick("a", "b", "a/b", "a/b/c", "ab", "b/a", "é", "B-1"), "text")
		for range rnd.IntN(4) {
			tmpl.Tags = append(tmpl.Tags, pick("x", "y", "z"))
		}
		tmpl.CreatedBy = pick("", "ann", "bob")
		if t.claims.tenant == "" {
			tmpl.TenantID = pick("", "acme", "other")
		}
		saved := t.save(s, tmpl)
		live[tmpl.Name] = append(live[tmpl.Name], saved)
		if rnd.IntN(8) == 0 {
			t.deleteVersion(s, saved.Name, saved.Version)
			live[saved.Name] = live[saved.Name][:len(live[saved.Name])-1]
		}
	}
	for range 150 {
		q := &prompty.TemplateQuery{
			CreatedBy: pick("", "", "ann", "bob"), NamePrefix: pick("", "", "", "a", "a/", "b"), NameContains: pick("", "", "", "b", "/", "é"),
			TenantID: pick("", "", t.claims.tenant, "acme"), Offset: rnd.IntN(12) - 3, Limit: rnd.IntN(12) - 3, IncludeAllVersions: rnd.IntN(2) == 0,
		}
		for range rnd.IntN(3) {
			q.Tags = append(q.Tags, pick("x", "y", "z"))
		}
		var want []*prompty.StoredTemplate
		for _, versions := range live {
			if !q.IncludeAllVersions && len(versions) > 1 {
				versions = versions[len(versions)-1:]
			}
			for _, x := range versions {
				if q.Match(x) {
					want = append(want, x)
				}
			}
		}
		want = q.Page(want)
		got := t.list(s, q)
		if diff := cmp.Diff(names(want), names(got)); diff != "" {
			t.Errorf("List(%+v) (-want +got):\n%s", *q, diff)
			continue
		}
		for i := range want {
			t.wantSame(got[i], want[i], "what List(%+v) gave for %s@%d", *q, want[i].Name, want[i].Version)
		}
	}
}
