package storetest

import (
	"fmt"

	"github.com/google/go-cmp/cmp"
)

var versionChecks = []check{
	{name: "counted from 1 for each name", rule: ruleVersions, fn: checkCount},
	{name: "the same text is another version", rule: ruleVersions, fn: checkSameText},
	{name: "an old version never changes", rule: ruleVersions, fn: checkOldVersions},
	{name: "never reused after DeleteVersion", rule: ruleVersions, fn: checkNoReuseAfterDeleteVersion},
	{name: "never reused after Delete", rule: ruleVersions, fn: checkNoReuseAfterDelete},
	{name: "never reused after all versions were deleted", rule: ruleVersions, fn: checkNoReuseAfterLast},
}

func checkCount(t *trial) {
	s := t.storage()
	for i := 1; i <= 12; i++ { // past 9, where a sort of texts would break
		for _, name := range []string{"a", "b", "a/b"} {
			if got := t.saveText(s, name, fmt.Sprint(name, i)).Version; got != i {
				t.Errorf("save number %d of %q got version %d", i, name, got)
			}
		}
	}
	want := []int{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
	for _, name := range []string{"a", "b", "a/b"} {
		if diff := cmp.Diff(want, t.versions(s, name)); diff != "" {
			t.Errorf("ListVersions(%q) is not descending (-want +got):\n%s", name, diff)
		}
		if got := t.get(s, name); got.Version != 12 || got.Source != fmt.Sprint(name, 12) {
			t.Errorf("Get(%q) after 12 saves = version %d, %q", name, got.Version, got.Source)
		}
	}
}

func checkSameText(t *trial) {
	s := t.storage()
	for want := 1; want <= 3; want++ {
		if got := t.saveText(s, "doc", "same").Version; got != want {
			t.Errorf("saving the same text for the %d. time gave version %d", want, got)
		}
	}
	if diff := cmp.Diff([]int{3, 2, 1}, t.versions(s, "doc")); diff != "" {
		t.Errorf("ListVersions of a text saved three times (-want +got):\n%s", diff)
	}
}

func checkOldVersions(t *trial) {
	s := t.storage()
	first := t.draft("doc", "one")
	first.Tags, first.Metadata, first.CreatedBy = []string{"x"}, map[string]string{"k": "v"}, "ann"
	one := t.save(s, first)
	second := t.draft("doc", "two")
	second.Tags, second.CreatedBy = []string{"y", "x"}, "bob"
	two := t.save(s, second)
	t.saveText(s, "doc", "three")
	t.wantSame(t.getVersion(s, "doc", 1), one, "version 1 after two more saves")
	t.wantSame(t.getVersion(s, "doc", 2), two, "version 2 after one more save")
	t.deleteVersion(s, "doc", 3)
	t.wantSame(t.getVersion(s, "doc", 1), one, "version 1 after version 3 was deleted")
	t.wantSame(t.get(s, "doc"), two, "version 2, the latest again")
}

func checkNoReuseAfterDeleteVersion(t *trial) {
	s := t.storage()
	t.saveText(s, "doc", "one")
	t.saveText(s, "doc", "two")
	t.deleteVersion(s, "doc", 2)
	if got := t.saveText(s, "doc", "three").Version; got != 3 {
		t.Errorf("after DeleteVersion(2), Save gave version %d, want 3", got)
	}
	if diff := cmp.Diff([]int{3, 1}, t.versions(s, "doc")); diff != "" {
		t.Errorf("ListVersions (-want +got):\n%s", diff)
	}
}

func checkNoReuseAfterDelete(t *trial) {
	s := t.storage()
	t.saveText(s, "doc", "one")
	t.saveText(s, "doc", "two")
	for want := 3; want <= 5; want++ {
		t.deleteName(s, "doc")
		if got := t.saveText(s, "doc", "again").Version; got != want {
			t.Errorf("after Delete, Save gave version %d, want %d", got, want)
		}
		if diff := cmp.Diff([]int{want}, t.versions(s, "doc")); diff != "" {
			t.Errorf("ListVersions shows versions of before Delete (-want +got):\n%s", diff)
		}
	}
}

func checkNoReuseAfterLast(t *trial) {
	s := t.storage()
	t.saveText(s, "doc", "one")
	t.deleteVersion(s, "doc", 1)
	if got := t.saveText(s, "doc", "two").Version; got != 2 {
		t.Errorf("after the only version was deleted, Save gave version %d, want 2", got)
	}
	t.deleteName(s, "doc")
	t.saveText(s, "doc", "three")
	t.deleteVersion(s, "doc", 3)
	if got := t.saveText(s, "doc", "four").Version; got != 4 {
		t.Errorf("after Delete, Save and DeleteVersion, Save gave version %d, want 4", got)
	}
}
