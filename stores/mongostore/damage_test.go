package mongostore

import (
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// Documents that somebody has edited give an error that says which, and no panic.
func TestEditedByHand(t *testing.T) {
	s := openAt(t, newPlace(t))
	s.exact = false // FerretDB is asked by name, and finds nothing if that was edited
	ctx := t.Context()
	set := func(field string, value any) bson.D {
		return bson.D{{Key: "$set", Value: bson.D{{Key: field, Value: value}}}}
	}
	unset := func(field string) bson.D {
		return bson.D{{Key: "$unset", Value: bson.D{{Key: field, Value: ""}}}}
	}
	for what, edit := range map[string]bson.D{
		"source is a number":     set("source", 7),
		"source is gone":         unset("source"),
		"name is another":        set("name", "other"),
		"name is gone":           unset("name"),
		"seq is another":         set("seq", 9),
		"seq is text":            set("seq", "2"),
		"high is gone":           unset("high"),
		"high is negative":       set("high", -1),
		"high is huge":           set("high", int64(1)<<62),
		"high is half":           set("high", 1.5),
		"latest is another":      set("latest", 1),
		"deleted is no set":      set("deleted", "2-1"),
		"deleted goes beyond":    set("deleted", "7"),
		"saved goes beyond":      set("saved", 8),
		"tags are text":          set("tags", "a"),
		"metadata are text":      set("metadata", "a"),
		"created_at is text":     set("created_at", "now"),
		"created_at is gone":     unset("created_at"),
		"everything is replaced": nil,
	} {
		t.Run(what, func(t *testing.T) {
			name := strings.ReplaceAll(what, " ", "-")
			save(t, s, name, "one", "two")
			id := key(name, 2)
			whole := raw(t, s, id)
			var err error
			if edit != nil {
				_, err = s.events.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}}, edit)
			} else {
				_, err = s.events.ReplaceOne(ctx, bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "hello", Value: "world"}, {Key: "top", Value: name}})
			}
			if err != nil {
				t.Fatal(err)
			}
			calls := map[string]func() error{
				"Get":  func() error { _, err := s.Get(ctx, name); return err },
				"List": func() error { _, err := s.List(ctx, &prompty.TemplateQuery{NamePrefix: name}); return err },
			}
			if !strings.HasPrefix(what, "source") && !strings.HasPrefix(what, "metadata") { // which these do not read
				calls["ListVersions"] = func() error { _, err := s.ListVersions(ctx, name); return err }
				calls["History"] = func() error { _, err := s.History(ctx, name); return err }
				calls["Heads"] = func() error { _, _, err := s.Heads(ctx, ""); return err }
				calls["a save that looks"] = func() error {
					return s.Save(ctx, &prompty.StoredTemplate{Name: name, Source: "text"}, 1)
				}
			}
			for call, do := range calls {
				if err := do(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "by hand") {
					t.Errorf("%s gives %v, want an error that names the document", call, err)
				} else if errors.Is(err, prompty.ErrTemplateNotFound) {
					t.Errorf("%s gives %v, which says that it is not there", call, err)
				}
			}
			if _, err := s.events.ReplaceOne(ctx, bson.D{{Key: "_id", Value: id}}, whole); err != nil {
				t.Fatal(err)
			}
			if x, err := s.Get(ctx, name); err != nil || x.Source != "two" {
				t.Errorf("after the repair Get gives %v, %v", x, err)
			}
		})
	}
}

// mongosh writes whole numbers as doubles, unless told otherwise.
func TestNumbersOfTheShell(t *testing.T) {
	s := openAt(t, newPlace(t))
	save(t, s, "a", "one")
	edit := bson.D{{Key: "$set", Value: bson.D{{Key: "high", Value: 1.0}, {Key: "latest", Value: 1.0}, {Key: "seq", Value: int32(1)}}}}
	if _, err := s.events.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: key("a", 1)}}, edit); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, s, map[string]string{"a": "1: one [1]"})
}

func TestRemovedByHand(t *testing.T) {
	url := newPlace(t)
	s := openAt(t, url)
	ctx := t.Context()
	save(t, s, "a", "one", "two", "three")
	if _, err := s.events.DeleteOne(ctx, bson.D{{Key: "_id", Value: key("a", 2)}}); err != nil {
		t.Fatal(err)
	}
	_, err := s.GetVersion(ctx, "a", 2)
	for _, err := range []error{err, s.DeleteVersion(ctx, "a", 3)} { // after which version 2 would be the latest
		if err == nil || !strings.Contains(err.Error(), "version 2") || !strings.Contains(err.Error(), "restore it from a backup") {
			t.Errorf("%v, want an error that says what is gone", err)
		}
	}
	if err := s.DeleteVersion(ctx, "a", 2); err != nil {
		t.Error(err)
	}
	wantTexts(t, s, map[string]string{"a": "3: three [3 1]"})

	// A batch was aborted, and what was before it is gone.
	begin(t, s, 0, "batch", "a")
	if _, err := s.events.DeleteOne(ctx, bson.D{{Key: "_id", Value: key("a", 4)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := openAt(t, url).Get(ctx, "a"); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("Get beside a gap gives %v, want an error that says what is gone", err)
	}
}

func TestTooLarge(t *testing.T) {
	s := openAt(t, newPlace(t))
	ctx := t.Context()
	large := &prompty.StoredTemplate{Name: "a", Source: "text", Metadata: map[string]string{"k": strings.Repeat("x", mostBytes)}}
	for what, err := range map[string]error{
		"Save":    s.Save(ctx, large, backend.AnyVersion),
		"SaveAll": s.SaveAll(ctx, []*prompty.StoredTemplate{{Name: "b", Source: "text"}, large}),
		"SaveAll of a long source": s.SaveAll(ctx, []*prompty.StoredTemplate{
			{Name: "b", Source: "text"}, {Name: "a", Source: strings.Repeat("x", sourceLimit+1)},
		}),
	} {
		limit := "16777216"
		if strings.Contains(what, "source") {
			limit = "16711680"
		}
		if !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), limit) {
			t.Errorf("%s gives %v, want ErrInvalidTemplate that names the limit %s", what, err, limit)
		}
	}
	wantTexts(t, s, map[string]string{"a": "none []", "b": "none []"})
}
