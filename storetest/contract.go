package storetest

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var contractChecks = []check{
	{name: "an empty place", rule: ruleDelete, fn: checkEmptyPlace},
	{name: "a missing version", rule: ruleDelete, fn: checkMissingVersion},
	{name: "Save sets the fields", rule: ruleSave, fn: checkSaveSets},
	{name: "Save ignores what the fields held", rule: ruleSave, fn: checkSaveIgnores},
	{name: "a failed Save touches nothing", rule: ruleSave, fn: checkFailedSave},
	{name: "Save refuses nil", rule: ruleExact, fn: checkSaveNil},
	{name: "Delete", rule: ruleDelete, fn: checkDelete},
	{name: "DeleteVersion", rule: ruleDelete, fn: checkDeleteVersion},
	{name: "DeleteVersion of the last one", rule: ruleDelete, fn: checkDeleteLastVersion},
	{name: "the claimed capabilities are there", rule: ruleClaim, fn: checkClaimedCapabilities},
}

func checkEmptyPlace(t *trial) {
	s, ctx := t.storage(), t.ctx()
	t.wantAbsent(s, "nobody", "in an empty place")
	if list := t.list(s, nil); len(list) != 0 {
		t.Errorf("List(nil) in an empty place = %v, want nothing", names(list))
	}
	t.wantErr(s.Delete(ctx, "nobody"), prompty.ErrTemplateNotFound, `Delete("nobody") in an empty place`)
	t.wantErr(s.DeleteVersion(ctx, "nobody", 1), prompty.ErrVersionNotFound, `DeleteVersion("nobody", 1) in an empty place`)
}

// wantAbsent asks every reading method for a template that must not exist.
func (t *trial) wantAbsent(s prompty.TemplateStorage, name, when string) {
	t.Helper()
	ctx := t.ctx()
	got, err := s.Get(ctx, name)
	if t.wantErr(err, prompty.ErrTemplateNotFound, "Get(%q) %s", name, when) && got != nil {
		t.Errorf("Get(%q) %s gave a template beside the error", name, when)
	}
	got, err = s.GetVersion(ctx, name, 1)
	if t.wantErr(err, prompty.ErrVersionNotFound, "GetVersion(%q, 1) %s", name, when) && got != nil {
		t.Errorf("GetVersion(%q, 1) %s gave a template beside the error", name, when)
	}
	t.wantErr(err, prompty.ErrTemplateNotFound, "GetVersion(%q, 1) %s", name, when)
	if ok, err := s.Exists(ctx, name); ok || err != nil {
		t.Errorf("Exists(%q) %s = %v, %v, want false and no error", name, when, ok, err)
	}
	if list, err := s.ListVersions(ctx, name); len(list) != 0 || err != nil {
		t.Errorf("ListVersions(%q) %s = %v, %v, want nothing and no error", name, when, list, err)
	}
}

func checkMissingVersion(t *trial) {
	s, ctx := t.storage(), t.ctx()
	t.saveText(s, "here", "one")
	for _, v := range []int{0, -1, 2, math.MaxInt32, math.MaxInt, math.MinInt} {
		got, err := s.GetVersion(ctx, "here", v)
		t.wantErr(err, prompty.ErrVersionNotFound, `GetVersion("here", %d)`, v)
		t.wantErr(err, prompty.ErrTemplateNotFound, `GetVersion("here", %d)`, v)
		if got != nil {
			t.Errorf(`GetVersion("here", %d) gave a template`, v)
		}
		t.wantErr(s.DeleteVersion(ctx, "here", v), prompty.ErrVersionNotFound, `DeleteVersion("here", %d)`, v)
	}
	if got := t.get(s, "here"); got.Source != "one" {
		t.Errorf("after refused DeleteVersions the source is %q, want %q", got.Source, "one")
	}
}

func checkSaveSets(t *trial) {
	s := t.storage()
	tmpl := t.draft("greeting", "Hello")
	tmpl.Metadata = map[string]string{"team": "support"}
	tmpl.Tags = []string{"b", "a"}
	tmpl.CreatedBy = "ann"
	before := tmpl.Clone()
	saved := t.save(s, tmpl)
	if saved.ID == "" {
		t.Errorf("Save set no ID")
	}
	if saved.Version != 1 {
		t.Errorf("the first Save set Version %d, want 1", saved.Version)
	}
	if saved.CreatedAt.IsZero() || saved.UpdatedAt.IsZero() {
		t.Errorf("Save left CreatedAt %v or UpdatedAt %v at zero", saved.CreatedAt, saved.UpdatedAt)
	}
	given := saved.Clone()
	given.ID, given.Version, given.CreatedAt, given.UpdatedAt = "", 0, time.Time{}, time.Time{}
	if diff := cmp.Diff(before, given); diff != "" {
		t.Errorf("Save changed what is the caller's (-before +after):\n%s", diff)
	}
	t.wantSame(t.get(s, "greeting"), saved, "Get")
	t.wantSame(t.getVersion(s, "greeting", 1), saved, "GetVersion")
	if ok, err := s.Exists(t.ctx(), "greeting"); !ok || err != nil {
		t.Errorf("Exists after Save = %v, %v, want true", ok, err)
	}
}

func checkSaveIgnores(t *trial) {
	s := t.storage()
	first := t.saveText(s, "other", "text")
	tmpl := t.draft("greeting", "Hello")
	tmpl.ID, tmpl.Version = first.ID, 77
	tmpl.CreatedAt = time.Date(1999, 1, 2, 3, 4, 5, 6, time.UTC)
	tmpl.UpdatedAt = tmpl.CreatedAt
	saved := t.save(s, tmpl)
	if saved.Version != 1 {
		t.Errorf("Save of a draft that said version 77 gave version %d, want 1", saved.Version)
	}
	if saved.ID == first.ID {
		t.Errorf("Save kept the ID %q that the draft held", first.ID)
	}
	if saved.CreatedAt.Year() == 1999 || saved.UpdatedAt.Year() == 1999 {
		t.Errorf("Save kept the times that the draft held: %v, %v", saved.CreatedAt, saved.UpdatedAt)
	}
	t.wantSame(t.get(s, "greeting"), saved, "Get")
	t.wantSame(t.get(s, "other"), first, "the template whose ID the draft held")

	// Saving what Get returned is the usual way to edit.
	edit := t.get(s, "greeting")
	edit.Source = "Hello again"
	again := t.save(s, edit)
	if again.Version != 2 || again.ID == saved.ID {
		t.Errorf("saving an edited result gave version %d and ID %q, want version 2 and a new ID", again.Version, again.ID)
	}
}

func checkFailedSave(t *trial) {
	s := t.storage()
	try := func(ctx context.Context, tmpl *prompty.StoredTemplate, why string) {
		before := tmpl.Clone()
		if err := s.Save(ctx, tmpl); err == nil {
			t.Errorf("Save %s gave no error", why)
		}
		if diff := cmp.Diff(before, tmpl); diff != "" {
			t.Errorf("a failed Save (%s) touched its argument:\n%s", why, diff)
		}
	}
	held := t.draft("fine", "a\x00b")
	held.Version, held.ID = 12, "mine"
	try(t.ctx(), held, "of a NUL")
	try(t.ctx(), t.draft("../up", "x"), "under a bad name")
	gone, cancel := context.WithCancel(t.ctx())
	cancel()
	try(gone, t.draft("fine", "x"), "with a cancelled context")
	if list := t.list(s, nil); len(list) != 0 {
		t.Errorf("after failed Saves List = %v, want nothing", names(list))
	}
}

func checkSaveNil(t *trial) {
	t.wantErr(t.storage().Save(t.ctx(), nil), prompty.ErrInvalidTemplate, "Save(nil)")
}

func checkDelete(t *trial) {
	s, ctx := t.storage(), t.ctx()
	t.saveText(s, "gone", "one")
	t.saveText(s, "gone", "two")
	t.saveText(s, "gone/below", "stays")
	t.saveText(s, "stays", "stays")
	t.deleteName(s, "gone")
	t.wantAbsent(s, "gone", "after Delete")
	if _, err := s.GetVersion(ctx, "gone", 2); !errors.Is(err, prompty.ErrVersionNotFound) {
		t.Errorf("GetVersion after Delete: error = %v, want ErrVersionNotFound", err)
	}
	t.wantErr(s.Delete(ctx, "gone"), prompty.ErrTemplateNotFound, "the second Delete")
	t.wantErr(s.DeleteVersion(ctx, "gone", 1), prompty.ErrVersionNotFound, "DeleteVersion after Delete")
	for _, all := range []bool{false, true} {
		got := names(t.list(s, &prompty.TemplateQuery{IncludeAllVersions: all}))
		if diff := cmp.Diff([]string{"gone/below@1", "stays@1"}, got); diff != "" {
			t.Errorf("List (all versions: %v) after Delete (-want +got):\n%s", all, diff)
		}
	}
	if got := t.get(s, "gone/below"); got.Source != "stays" {
		t.Errorf("Delete of a name changed the one below it to %q", got.Source)
	}
}

func checkDeleteVersion(t *trial) {
	s, ctx := t.storage(), t.ctx()
	one := t.saveText(s, "doc", "one")
	t.saveText(s, "doc", "two")
	three := t.saveText(s, "doc", "three")

	t.deleteVersion(s, "doc", 2)
	t.wantSame(t.get(s, "doc"), three, "Get after an older version was deleted")
	if diff := cmp.Diff([]int{3, 1}, t.versions(s, "doc")); diff != "" {
		t.Errorf("ListVersions without version 2 (-want +got):\n%s", diff)
	}
	_, err := s.GetVersion(ctx, "doc", 2)
	t.wantErr(err, prompty.ErrVersionNotFound, "GetVersion of the deleted version")
	t.wantErr(s.DeleteVersion(ctx, "doc", 2), prompty.ErrVersionNotFound, "the second DeleteVersion")

	t.deleteVersion(s, "doc", 3)
	t.wantSame(t.get(s, "doc"), one, "Get after the latest version was deleted")
	t.wantSame(t.getVersion(s, "doc", 1), one, "the version before")
	if list := t.list(s, nil); len(list) != 1 || list[0].Version != 1 {
		t.Errorf("List after the latest version was deleted = %v, want doc@1", names(list))
	}
	if list := t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true}); len(list) != 1 {
		t.Errorf("List of all versions shows deleted ones: %v", names(list))
	}
}

func checkDeleteLastVersion(t *trial) {
	s, ctx := t.storage(), t.ctx()
	t.saveText(s, "doc", "one")
	t.saveText(s, "doc", "two")
	t.deleteVersion(s, "doc", 1)
	t.deleteVersion(s, "doc", 2)
	t.wantAbsent(s, "doc", "after all its versions were deleted")
	if list := t.list(s, nil); len(list) != 0 {
		t.Errorf("List after all versions were deleted = %v, want nothing", names(list))
	}
	t.wantErr(s.Delete(ctx, "doc"), prompty.ErrTemplateNotFound, "Delete after all versions were deleted")
}

func checkClaimedCapabilities(t *trial) {
	s := t.storage()
	for _, c := range t.claims.must {
		if !c.found(s) {
			t.Errorf("%T claims %s, but prompty.As does not find it", s, c.name)
		}
	}
}
