package dynamostore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	s := opened(t, place(t))
	save := func(change func(*prompty.StoredTemplate)) error {
		tmpl := &prompty.StoredTemplate{Name: strings.Repeat("n", prompty.MaxNameBytes), Source: strings.Repeat("x", SourceLimit)}
		change(tmpl)
		return s.Save(t.Context(), tmpl)
	}
	// The longest source, and 7,000 bytes of other things.
	if err := save(func(tmpl *prompty.StoredTemplate) {
		tmpl.Tags, tmpl.CreatedBy, tmpl.Metadata = []string{strings.Repeat("t", 3000)}, strings.Repeat("c", 1000), map[string]string{"k": strings.Repeat("v", 3000)}
	}); err != nil {
		t.Errorf("Save of the largest template: %v", err)
	}
	for what, change := range map[string]func(*prompty.StoredTemplate){
		"a source that is too long": func(tmpl *prompty.StoredTemplate) { tmpl.Source += "x" },
		"a megabyte":                func(tmpl *prompty.StoredTemplate) { tmpl.Source = strings.Repeat("x", 1<<20) },
		"tags that are too long":    func(tmpl *prompty.StoredTemplate) { tmpl.Tags = slices.Repeat([]string{"0123456789"}, 1000) },
		"metadata that is too long": func(tmpl *prompty.StoredTemplate) {
			tmpl.Source, tmpl.Metadata = "", map[string]string{"key": strings.Repeat("v", mostContentBytes)}
		},
	} {
		err := save(change)
		limit := fmt.Sprint(mostContentBytes)
		if strings.Contains(what, "source") || strings.Contains(what, "megabyte") {
			limit = fmt.Sprint(SourceLimit)
		}
		if !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), limit) {
			t.Errorf("Save of %s: error = %v, want ErrInvalidTemplate that names %s", what, err, limit)
		}
		err = prompty.SaveAll(t.Context(), s, []*prompty.StoredTemplate{{Name: "first"}, {Name: "second", Source: strings.Repeat("x", SourceLimit+1)}})
		if !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), "second") {
			t.Errorf("SaveAll with one that is too long: error = %v, want ErrInvalidTemplate that names it", err)
		}
	}
	list, err := s.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil || len(list) != 1 {
		t.Errorf("after refused saves there are %d versions, %v; want 1", len(list), err)
	}
}

func TestBatchLimits(t *testing.T) {
	t.Parallel()
	s := opened(t, place(t))
	batch := func(versions, names int, source string) []*prompty.StoredTemplate {
		var list []*prompty.StoredTemplate
		for i := range versions {
			list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("batch/%d", i%names), Source: source})
		}
		return list
	}
	for _, c := range []struct {
		what string
		list []*prompty.StoredTemplate
		want string // "": no error
	}{
		{"51 names", batch(51, 51, "text"), "51 versions of 51 templates at once are 102 writes"},
		{"100 versions of a name", batch(100, 1, "text"), "101 writes"},
		{"more than 4 MB", batch(6, 6, strings.Repeat("x", 350_000)), "and a transaction of DynamoDB holds at most 4194304"},
		{"50 names", batch(50, 50, "text"), ""},
		{"99 versions of a name", batch(99, 1, "text"), ""},
		{"nearly 4 MB", batch(5, 5, strings.Repeat("x", 350_000)), ""},
	} {
		err := prompty.SaveAll(t.Context(), s, c.list)
		if c.want == "" {
			if err != nil {
				t.Errorf("SaveAll of %s: %v", c.what, err)
			}
			continue
		}
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("SaveAll of %s: error = %v, want ErrUnsupported with %q", c.what, err, c.want)
		}
		if list, err := s.List(t.Context(), nil); err != nil || len(list) != 0 {
			t.Errorf("a refused SaveAll of %s left %d templates, %v", c.what, len(list), err)
		}
	}
	if list, err := s.ListVersions(t.Context(), "batch/0"); err != nil || len(list) != 101 {
		t.Errorf("batch/0 has %d versions, %v; want 101", len(list), err)
	}
}

// TestManyDeletions deletes versions one by one until there is no room for more
// gaps.
func TestManyDeletions(t *testing.T) {
	t.Parallel()
	where := place(t)
	s, r := opened(t, where), bare(t, where)
	save := func(n int) {
		for range n / 50 {
			list := make([]*prompty.StoredTemplate, 50)
			for i := range list {
				list[i] = &prompty.StoredTemplate{Name: "doc", Source: "text"}
			}
			if err := prompty.SaveAll(t.Context(), s, list); err != nil {
				t.Fatal(err)
			}
		}
	}
	save(150)
	for v := 2; v <= 150; v++ {
		if err := s.DeleteVersion(t.Context(), "doc", v); err != nil {
			t.Fatalf("DeleteVersion of %d: %v", v, err)
		}
	}
	if got, err := s.ListVersions(t.Context(), "doc"); err != nil || !slices.Equal(got, []int{1}) {
		t.Errorf("ListVersions = %v, %v, want 1 alone", got, err)
	}

	// The list of a name with as many gaps as there is room for, made by hand.
	it, err := r.get(t.Context(), r.keys.head("doc"))
	if err != nil {
		t.Fatal(err)
	}
	var gaps spans
	for v := 3; len(gaps.String()) < mostDeletedBytes-5; v += 2 {
		gaps = append(gaps, span{v, v})
	}
	high := gaps[len(gaps)-1].last + 10
	it[attrHigh], it[attrLatest], it[attrDeleted] = number(high), number(high), text(gaps.String())
	r.put(t, it)
	err = s.DeleteVersion(t.Context(), "doc", high-4)
	if err == nil || !strings.Contains(err.Error(), "there is room for 32768: delete the versions between them") {
		t.Errorf("DeleteVersion without room: %v", err)
	}
	if err := s.DeleteVersion(t.Context(), "doc", 4); err != nil {
		t.Errorf("DeleteVersion between two that are deleted: %v", err)
	}
	// It stays a template like others.
	tmpl := &prompty.StoredTemplate{Name: "doc", Source: strings.Repeat("x", SourceLimit)}
	if err := s.Save(t.Context(), tmpl); err != nil || tmpl.Version != high+1 {
		t.Errorf("Save of the largest source beside the longest list: version %d, %v, want %d", tmpl.Version, err, high+1)
	}
	if err := s.Delete(t.Context(), "doc"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if got, err := s.ListVersions(t.Context(), "doc"); err != nil || len(got) != 0 {
		t.Errorf("ListVersions after Delete = %v, %v", got, err)
	}
}

// TestNumbersEnd has no number left for a version.
func TestNumbersEnd(t *testing.T) {
	t.Parallel()
	s, where, r := someVersions(t)
	it, err := r.get(t.Context(), r.keys.head("doc"))
	if err != nil {
		t.Fatal(err)
	}
	it[attrHigh], it[attrLatest], it[attrDeleted] = number(mostVersion), number(0), text(spans{{1, mostVersion}}.String())
	r.put(t, it)
	other := opened(t, where)
	err = other.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "text"})
	if err == nil || !strings.Contains(err.Error(), "2147483647 versions, and there can be no more") {
		t.Errorf("Save after the last number: %v", err)
	}
	it[attrLatest], it[attrDeleted] = number(mostVersion), types.AttributeValue(text("1"))
	r.put(t, it)
	if _, err := s.ListVersions(t.Context(), "doc"); err == nil || !strings.Contains(err.Error(), "more than can be listed") {
		t.Errorf("ListVersions of two milliards: %v", err)
	}
}
