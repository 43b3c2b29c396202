package mongostore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"pgregory.net/rapid"

	"github.com/go-prompty/prompty"
)

func ids(list []*prompty.StoredTemplate) (names []string) {
	for _, t := range list {
		names = append(names, string(t.ID))
	}
	return names
}

// mark gives an event the mark of the newest back, as if its successor's saver had
// died before taking it away.
func mark(t *testing.T, s *store, name string, seqs ...int64) {
	t.Helper()
	for _, seq := range seqs {
		id := key(name, seq)
		await(t, "taking the mark from "+id, func() bool { return raw(t, s, id).Top == "" })
		if _, err := s.events.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$set", Value: bson.D{{Key: "top", Value: name}}}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListBesideOldMarks(t *testing.T) {
	url := newPlace(t)
	s := openAt(t, url)
	var texts []string
	for i := range 21 {
		texts = append(texts, fmt.Sprint("t", i))
	}
	save(t, s, "a", texts...)
	save(t, s, "b", "t1")
	save(t, s, "c", "t1", "t2")
	if err := s.Delete(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	save(t, s, "d", "t1")
	for what, c := range map[string]struct {
		q    prompty.TemplateQuery
		want []string
	}{
		"all":          {prompty.TemplateQuery{}, []string{"a@21", "b@1", "d@1"}},
		"limit":        {prompty.TemplateQuery{Limit: 2}, []string{"a@21", "b@1"}},
		"page":         {prompty.TemplateQuery{Limit: 1, Offset: 2}, []string{"d@1"}},
		"superseded":   {prompty.TemplateQuery{Tags: []string{"t7"}}, nil},
		"tag":          {prompty.TemplateQuery{Tags: []string{"t1"}}, []string{"b@1", "d@1"}},
		"tag and page": {prompty.TemplateQuery{Tags: []string{"t1"}, Offset: 1}, []string{"d@1"}},
		"newest":       {prompty.TemplateQuery{Tags: []string{"t20"}}, []string{"a@21"}},
		"deleted":      {prompty.TemplateQuery{Tags: []string{"t2"}}, nil},
	} {
		t.Run(what, func(t *testing.T) {
			var seqs []int64
			for seq := range int64(20) {
				seqs = append(seqs, seq+1)
			}
			mark(t, s, "a", seqs...)
			mark(t, s, "c", 1, 2)
			other := openAt(t, url)
			got, err := other.List(t.Context(), &c.q)
			if diff := cmp.Diff(c.want, ids(got)); err != nil || diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
			if heads, _, err := other.Heads(t.Context(), ""); err != nil || len(heads) != 4 {
				t.Errorf("there are %d heads, error %v, want 4", len(heads), err)
			}
			// Who has read all of them takes the marks away.
			await(t, "tidying up", func() bool {
				tops, err := other.find(t.Context(), bson.D{{Key: "top", Value: "a"}}, false, options.Find())
				return err == nil && len(tops) == 1 && tops[0].Seq == 21
			})
		})
	}
}

// What has come since the scan takes the place of what it has found.
func TestListOvertaken(t *testing.T) {
	s := openAt(t, newPlace(t))
	save(t, s, "a", "x", "y")
	save(t, s, "b", "x")
	q := &prompty.TemplateQuery{Tags: []string{"x"}}
	found := []*event{raw(t, s, key("a", 1)), raw(t, s, key("b", 1))}
	kept, err := s.view().current(t.Context(), found, q)
	if err != nil || len(kept) != 1 || kept[0].Name != "b" {
		t.Errorf("kept is %v, error %v, want b alone: a has another tag now", kept, err)
	}
	save(t, s, "a", "x")
	if kept, err = s.view().current(t.Context(), found, q); err != nil || len(kept) != 2 || kept[0].Latest != 3 {
		t.Errorf("kept is %v, error %v, want a in its newest version, and b", kept, err)
	}
}

func TestAfter(t *testing.T) {
	for prefix, want := range map[string]string{"": "", "a": "b", "az": "a{", "\U0010FFFF": "", "a\U0010FFFF": "b", "\uD7FF": "\uE000", "é": "ê"} {
		if got := after(prefix); got != want {
			t.Errorf("after(%q) = %q, want %q", prefix, got, want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		prefix, name := rapid.String().Draw(rt, "prefix"), rapid.String().Draw(rt, "name")
		end := after(prefix)
		if in := name >= prefix && (end == "" || name < end); in != strings.HasPrefix(name, prefix) {
			rt.Fatalf("%q is between %q and %q: %v", name, prefix, end, in)
		}
		if !strings.HasPrefix(prefix+name, prefix) || end != "" && prefix+name >= end {
			rt.Fatalf("%q is not before %q", prefix+name, end)
		}
	})
}

func TestKeysSortAsNames(t *testing.T) {
	names := []string{"a", "a b", "a!", "a/b", "a-b", "ab", "a0", "é", "A", "a/b/c"}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = key(name, 1)
	}
	slices.Sort(names)
	slices.Sort(keys)
	for i, name := range names {
		if keys[i] != key(name, 1) {
			t.Errorf("key %d is %q, want that of %q", i, keys[i], name)
		}
	}
	if key("a", 9) > key("a", 10) || key("a", mostVersions) > "a"+afterSeparator {
		t.Error("keys of a name do not sort as their numbers")
	}
}
