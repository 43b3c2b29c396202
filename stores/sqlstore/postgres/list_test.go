package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/go-prompty/prompty"
)

// List finds what TemplateQuery.Match does, for any conditions, among them bytes
// that are no text and texts longer than an index takes.
func TestListMatches(t *testing.T) {
	t.Parallel()
	s := open(t, place(t))
	long := strings.Repeat("ü long text that does not fit ", 400)
	var all []*prompty.StoredTemplate
	texts := []string{"", "ann", "Ann", "ann ", long + "1", long + "2", "a%_", "\U0010ffff"}
	for i, name := range []string{"a", "a/b", "a/b/c", "aé", "aê/é", "é", "A", "B", "a\U0010ffff", "a\U0010ffff/x", "\ud7ff", "b_c", "b%c", "@x/a"} {
		for j := range 2 {
			x := &prompty.StoredTemplate{Name: name, Source: "text", CreatedBy: texts[(i+j)%len(texts)], TenantID: texts[(i*3+j)%len(texts)]}
			if i%4 > 0 {
				x.Tags = []string{texts[(i+2*j)%len(texts)], texts[(i+1)%len(texts)], texts[i%len(texts)]}
			}
			if err := s.Save(t.Context(), x); err != nil {
				t.Fatal(err)
			}
			all = append(all, x)
		}
	}
	if err := s.DeleteVersion(t.Context(), "a/b", 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "B"); err != nil {
		t.Fatal(err)
	}
	var live, latest []*prompty.StoredTemplate
	for i, x := range all {
		if x.Name == "B" || x.Name == "a/b" && x.Version == 2 {
			continue
		}
		live = append(live, x)
		if x.Name == "a/b" || i+1 == len(all) || all[i+1].Name != x.Name {
			latest = append(latest, x)
		}
	}
	parts := []string{"", "a", "a/", "a/b", "é", "\xc3", "a\xc3", "\xa9", "\xff", "\x00", "a\x00", "%", "_", "/", "\U0010ffff", "a\U0010ffff", "\ud7ff", "zz"}
	choice := func(t *rapid.T, label string, list []string) string {
		if rapid.IntRange(0, 2).Draw(t, label+"?") > 0 {
			return ""
		}
		return rapid.SampledFrom(list).Draw(t, label)
	}
	rapid.Check(t, func(rt *rapid.T) {
		q := prompty.TemplateQuery{
			NamePrefix: choice(rt, "prefix", parts), NameContains: choice(rt, "contains", parts),
			CreatedBy: choice(rt, "author", append(texts, "\xff")), TenantID: choice(rt, "tenant", append(texts, "a\x00")),
			IncludeAllVersions: rapid.Bool().Draw(rt, "all"), Limit: rapid.IntRange(-1, 5).Draw(rt, "limit"), Offset: rapid.IntRange(-1, 5).Draw(rt, "offset"),
		}
		for _, tag := range []string{"one", "two"} {
			if tag := choice(rt, tag, append(texts, "\xff")); tag != "" {
				q.Tags = append(q.Tags, tag)
			}
		}
		from := latest
		if q.IncludeAllVersions {
			from = live
		}
		var want []*prompty.StoredTemplate
		for _, x := range from {
			if q.Match(x) {
				want = append(want, x)
			}
		}
		want = q.Page(want)
		got, err := s.List(t.Context(), &q)
		if err != nil {
			rt.Fatalf("%.500s: %v", fmt.Sprintf("%+v", q), err)
		}
		ids := func(list []*prompty.StoredTemplate) (ids []string) {
			for _, x := range list {
				ids = append(ids, string(x.ID))
			}
			return ids
		}
		if diff := cmp.Diff(ids(want), ids(got)); diff != "" {
			rt.Fatalf("%.500s (-want +got):\n%s", fmt.Sprintf("%+v", q), diff)
		}
	})
}
