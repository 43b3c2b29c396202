package dynamostore

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
)

// someVersions makes a place with three versions of "doc", of which the second
// is deleted.
func someVersions(t testing.TB) (s prompty.TemplateStorage, where string, r *remote) {
	t.Helper()
	where = place(t)
	s = opened(t, where)
	for _, source := range []string{"one", "two", "three"} {
		tmpl := &prompty.StoredTemplate{Name: "doc", Source: source, Tags: []string{"tag"}, Metadata: map[string]string{"k": "v"}, CreatedBy: "ann"}
		if err := s.Save(t.Context(), tmpl); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteVersion(t.Context(), "doc", 2); err != nil {
		t.Fatal(err)
	}
	return s, where, bare(t, where)
}

// reads calls every method that reads "doc".
func reads(t testing.TB, s prompty.TemplateStorage) map[string]error {
	all := &prompty.TemplateQuery{IncludeAllVersions: true}
	errs := make(map[string]error)
	_, errs["Get"] = s.Get(t.Context(), "doc")
	_, errs["GetVersion 1"] = s.GetVersion(t.Context(), "doc", 1)
	_, errs["GetVersion 3"] = s.GetVersion(t.Context(), "doc", 3)
	_, errs["Exists"] = s.Exists(t.Context(), "doc")
	_, errs["ListVersions"] = s.ListVersions(t.Context(), "doc")
	_, errs["History"] = prompty.History(t.Context(), s, "doc")
	_, errs["List"] = s.List(t.Context(), nil)
	_, errs["List of all versions"] = s.List(t.Context(), all)
	return errs
}

// TestDamagedHead edits a head by hand. Whoever needs what is damaged gets an
// error that names it.
func TestDamagedHead(t *testing.T) {
	t.Parallel()
	s, where, r := someVersions(t)
	writer := opened(t, where) // which remembers nothing
	whole, err := r.get(t.Context(), r.keys.head("doc"))
	if err != nil {
		t.Fatal(err)
	}
	everywhere := slices.Collect(maps.Keys(reads(t, s)))
	content := []string{"Get", "GetVersion 1", "GetVersion 3", "List", "List of all versions"}
	for _, c := range []struct {
		attr  string
		value types.AttributeValue // nil: removed
		fails []string
	}{
		{attrHigh, nil, everywhere},
		{attrHigh, text("3"), everywhere},
		{attrHigh, &types.AttributeValueMemberN{Value: "2.5"}, everywhere},
		{attrHigh, number(0), everywhere},
		{attrHigh, number(mostVersion + 1), everywhere},
		{attrHigh, number(4), everywhere},       // the latest is 3, says the head
		{attrLatest, number(2), everywhere},     // which is deleted
		{attrLatest, text("3"), everywhere[:0]}, // in no index, and not found by List; see below
		{attrChanges, nil, everywhere},
		{attrLast, text("yesterday"), everywhere},
		{attrDeleted, number(2), everywhere},
		{attrDeleted, text("2-1"), everywhere},
		{attrDeleted, text("2 9"), everywhere},
		{attrSource, nil, content},
		{attrSource, number(1), content},
		{attrTags, text("tag"), content},
		{attrTags, &types.AttributeValueMemberL{Value: []types.AttributeValue{number(1)}}, content},
		{attrMetadata, texts([]string{"k"}), content},
		{attrMetadata, &types.AttributeValueMemberM{Value: item{"k": text("v")}}, content},
		{attrCreatedAt, &types.AttributeValueMemberN{Value: "1e100"}, content},
		{attrCreatedBy, &types.AttributeValueMemberBOOL{Value: true}, content},
	} {
		it := maps.Clone(whole)
		if delete(it, c.attr); c.value != nil {
			it[c.attr] = c.value
		}
		r.put(t, it)
		if c.attr == attrLatest && len(c.fails) == 0 {
			_, err := s.Get(t.Context(), "doc")
			wantDamage(t, "Get", c.attr, err)
			continue
		}
		for call, err := range reads(t, s) {
			if slices.Contains(c.fails, call) {
				wantDamage(t, call, c.attr, err)
			} else if err != nil {
				t.Errorf("%s after an edit of %s it does not need: %v", call, c.attr, err)
			}
		}
		if len(c.fails) == len(everywhere) {
			wantDamage(t, "Save", c.attr, writer.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "four"}))
			wantDamage(t, "Delete", c.attr, writer.Delete(t.Context(), "doc"))
			wantDamage(t, "DeleteVersion", c.attr, writer.DeleteVersion(t.Context(), "doc", 1))
		}
	}
	r.put(t, whole)
	for call, err := range reads(t, s) {
		if err != nil {
			t.Errorf("%s after the head was mended: %v", call, err)
		}
	}
}

func wantDamage(t *testing.T, call, attr string, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), `"doc"`) {
		t.Errorf("%s after an edit of %s: error = %v, want one that says what is damaged", call, attr, err)
	}
	if errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("%s after an edit of %s: error %v is ErrTemplateNotFound", call, attr, err)
	}
}

// TestDamagedVersions edits the items of old versions.
func TestDamagedVersions(t *testing.T) {
	t.Parallel()
	s, _, r := someVersions(t)
	key := r.keys.version("doc", 1)
	whole, err := r.get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	want := func(what, part string, fails ...string) {
		t.Helper()
		for call, err := range reads(t, s) {
			if slices.Contains(fails, call) != (err != nil) || err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s with %s: error = %v", call, what, err)
			}
		}
	}
	it := maps.Clone(whole)
	it[attrCreatedAt] = text("noon")
	r.put(t, it)
	want("a bad time", "created_at is missing, or no number", "GetVersion 1", "History", "List of all versions")

	r.put(t, whole)
	stray := maps.Clone(whole)
	stray[keySort] = text("0000000002x")
	r.put(t, stray)
	want("a stray item", "is no version's number", "History", "List of all versions")
	remove := func(key item) {
		if _, err := r.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &r.table, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	remove(item{keyPartition: stray[keyPartition], keySort: stray[keySort]})

	remove(key)
	want("a version that is gone", "[1] are missing", "GetVersion 1", "History")

	// The item of the next version is in the way.
	next := maps.Clone(whole)
	next[keySort] = text(padded(4))
	r.put(t, next)
	err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "four"})
	if err == nil || !strings.Contains(err.Error(), "the next version is there already") {
		t.Errorf("Save over a version that nobody knows: %v", err)
	}
	// Without its head the name is new, and its first version in the way.
	remove(r.keys.head("doc"))
	r.put(t, whole)
	err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "one"})
	if err == nil || !strings.Contains(err.Error(), "the next version is there already") {
		t.Errorf("Save of a name whose head was removed: %v", err)
	}
}

// TestDamagedEntry looks at who lists all heads.
func TestDamagedEntry(t *testing.T) {
	t.Parallel()
	s, _, r := someVersions(t)
	whole, err := r.get(t.Context(), r.keys.head("doc"))
	if err != nil {
		t.Fatal(err)
	}
	w, _ := prompty.As[prompty.Watcher](s)
	changes, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	it := maps.Clone(whole)
	it[attrChanges], it[attrChanged] = text("many"), number(time.Now().UnixMicro())
	r.put(t, it)
	stray := maps.Clone(it)
	stray[keySort] = text("../up") // no name: nobody can ask for it
	r.put(t, stray)
	if got := (<-changes).Changes; len(got) != 1 || got[0].Name != "doc" || got[0].Kind != prompty.Changed {
		t.Errorf("a watch tells %v of a head that was damaged, want that doc changed", got)
	}
	d, err := describe(t, s)
	if err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], `the head of "doc" is damaged`) {
		t.Errorf("Describe = %+v, %v, want that the head of doc is damaged", d, err)
	}
}

func describe(t testing.TB, s prompty.TemplateStorage) (prompty.Description, error) {
	t.Helper()
	d, _ := prompty.As[prompty.Describer](s)
	return d.Describe(t.Context())
}

// TestRandomItems reads items of random attributes: an error or a template, but
// no panic.
func TestRandomItems(t *testing.T) {
	values := []types.AttributeValue{
		nil, text(""), text("1"), text("1-3 5"), text("-"), number(0), number(1), number(3), number(-1), number(int64(1) << 62),
		&types.AttributeValueMemberN{Value: "1e3"}, &types.AttributeValueMemberN{Value: ""}, &types.AttributeValueMemberNULL{Value: true},
		texts(nil), texts([]string{"a"}), texts([]string{"a", "b"}), &types.AttributeValueMemberL{Value: []types.AttributeValue{nil}},
		&types.AttributeValueMemberSS{Value: []string{"a"}}, &types.AttributeValueMemberB{Value: []byte{1}}, &types.AttributeValueMemberM{},
	}
	attrs := []string{keyPartition, keySort, attrHigh, attrLatest, attrLast, attrDeleted, attrChanges, attrChanged, attrSource, attrSize, attrTags, attrMetadata, attrCreatedAt, attrCreatedBy, attrTenant}
	for range 20_000 {
		it := make(item)
		for _, attr := range attrs {
			it[attr] = values[rand.IntN(len(values))]
		}
		h, err := readHead(it, true)
		if (h == nil) == (err == nil) || err == nil && h.latest > 0 && h.template == nil {
			t.Fatalf("readHead(%v) = %v, %v", it, h, err)
		}
		if h != nil {
			h.versions()
		}
		readVersion(it, "doc", 1)
		readNumber(it)
		readEntry(it)
	}
}
