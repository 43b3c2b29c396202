package storetest

import (
	"fmt"
	"time"

	"github.com/go-prompty/prompty"
)

var timeChecks = []check{
	{name: "UTC, set by Save", rule: ruleTime, fn: checkUTC},
	{name: "never goes back", rule: ruleTime, fn: checkMonotonic},
}

func checkUTC(t *trial) {
	s := t.storage()
	saved := t.saveText(s, "doc", "text")
	byID, err := s.GetByID(t.ctx(), saved.ID)
	t.found(byID, err, "GetByID")
	for call, x := range map[string]*prompty.StoredTemplate{
		"Save": saved, "Get": t.get(s, "doc"), "GetVersion": t.getVersion(s, "doc", 1), "GetByID": byID, "List": t.first(s, nil),
	} {
		for field, at := range map[string]time.Time{"CreatedAt": x.CreatedAt, "UpdatedAt": x.UpdatedAt} {
			if at.IsZero() {
				t.Errorf("%s: %s is zero", call, field)
			}
			if at.Location() != time.UTC {
				t.Errorf("%s: %s = %v is in %q, want UTC", call, field, at, at.Location())
			}
			if !at.Equal(saved.CreatedAt) {
				t.Errorf("%s: %s = %v, but Save said CreatedAt %v", call, field, at, saved.CreatedAt)
			}
		}
	}
}

func checkMonotonic(t *trial) {
	s := t.storage()
	var last time.Time
	fraction := false
	for i := range 24 {
		x := t.saveText(s, "doc", fmt.Sprint(i))
		if x.CreatedAt.Before(last) {
			t.Errorf("version %d was created at %v, before version %d at %v", x.Version, x.CreatedAt, x.Version-1, last)
		}
		last = x.CreatedAt
		fraction = fraction || last.Nanosecond() != 0
		if got := t.getVersion(s, "doc", x.Version); !got.CreatedAt.Equal(last) {
			t.Errorf("version %d: Save said CreatedAt %v, GetVersion says %v", x.Version, last, got.CreatedAt)
		}
		if i == 12 {
			t.deleteName(s, "doc")
		}
	}
	if !fraction {
		t.Errorf("24 times without a fraction of a second: want milliseconds at least")
	}
}
