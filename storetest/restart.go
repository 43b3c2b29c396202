package storetest

import (
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var restartChecks = []check{
	{name: "everything is there again", rule: ruleDurable, fn: checkRestart},
	{name: "numbers go on", rule: ruleVersions, fn: checkRestartNumbers},
	{name: "an empty place stays empty", rule: ruleDurable, fn: checkRestartEmpty},
}

func checkRestart(t *trial) {
	t.needShared()
	p := t.place()
	s := p.handle()
	var want []*prompty.StoredTemplate
	for i, source := range []string{"text\n", "no newline", "a\r\nb\r\n", "---\ntags: [x]\n---\nbody", ""} {
		for _, name := range []string{"doc", "folder/doc", "日本語/🦊"} {
			tmpl := t.draft(name, source)
			if i%2 == 0 {
				tmpl.Tags, tmpl.Metadata, tmpl.CreatedBy = []string{"b", "", "a"}, map[string]string{"k": " v ", "": "true"}, "Ann Lee <ann@example.org>"
			}
			want = append(want, t.save(s, tmpl))
		}
	}
	t.deleteVersion(s, "doc", 2)
	t.deleteVersion(s, "folder/doc", 5)
	t.saveText(s, "gone", "text")
	t.deleteName(s, "gone")
	before := t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true})

	for round := range 2 {
		s = p.reopen()
		after := t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true})
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("List after opening again, round %d (-before +after):\n%s", round, shorten(diff))
		}
		for _, w := range want {
			hidden := w.Name == "doc" && w.Version == 2 || w.Name == "folder/doc" && w.Version == 5
			got, err := s.GetVersion(t.ctx(), w.Name, w.Version)
			byID, idErr := s.GetByID(t.ctx(), w.ID)
			if hidden {
				t.wantErr(err, prompty.ErrVersionNotFound, "GetVersion(%q, %d), deleted before", w.Name, w.Version)
				t.wantErr(idErr, prompty.ErrTemplateNotFound, "GetByID of %s@%d, deleted before", w.Name, w.Version)
				continue
			}
			call := fmt.Sprintf("%s@%d after opening again", w.Name, w.Version)
			t.found(got, err, "GetVersion of %s", call)
			t.found(byID, idErr, "GetByID of %s", call)
			t.wantSame(got, w, "GetVersion of %s", call)
			t.wantSame(byID, w, "GetByID of %s", call)
		}
		t.wantAbsent(s, "gone", "after opening again")
	}
}

func checkRestartNumbers(t *trial) {
	t.needShared()
	p := t.place()
	var last *prompty.StoredTemplate
	next := func(want int, why string) {
		t.Helper()
		got := t.saveText(p.reopen(), "doc", fmt.Sprint("text ", want))
		if got.Version != want {
			t.Errorf("Save after %s and opening again gave version %d, want %d", why, got.Version, want)
		}
		if last != nil && (got.CreatedAt.Before(last.CreatedAt) || got.ID == last.ID) {
			t.Errorf("after %s and opening again: CreatedAt %v, ID %q follow %v, %q", why, got.CreatedAt, got.ID, last.CreatedAt, last.ID)
		}
		last = got
	}
	next(1, "nothing")
	next(2, "Save")
	s := p.handle()
	t.deleteVersion(s, "doc", 2)
	next(3, "DeleteVersion of the latest")
	s = p.handle()
	t.deleteName(s, "doc")
	next(4, "Delete")
	s = p.handle()
	t.deleteVersion(s, "doc", 4)
	next(5, "DeleteVersion of the only one")
	if diff := cmp.Diff([]int{5}, t.versions(p.handle(), "doc")); diff != "" {
		t.Errorf("ListVersions (-want +got):\n%s", diff)
	}
}

func checkRestartEmpty(t *trial) {
	t.needShared()
	p := t.place()
	p.handle()
	s := p.reopen()
	if list := t.list(s, nil); len(list) != 0 {
		t.Errorf("an empty place, opened again, has %v", names(list))
	}
	t.saveText(s, "doc", "text")
	t.deleteName(s, "doc")
	if list := t.list(p.reopen(), nil); len(list) != 0 {
		t.Errorf("a place whose templates were deleted, opened again, has %v", names(list))
	}
}
