package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// Rows that somebody has changed by hand are a clear error where they are read,
// and nowhere else.
func TestRowsEditedByHand(t *testing.T) {
	t.Parallel()
	where := place(t)
	s := open(t, where)
	prefix := prefixOf(t, where)
	versions := prefix + "versions"
	admin(t, where, `ALTER TABLE `+versions+` ALTER source DROP NOT NULL, ALTER metadata DROP NOT NULL, ALTER tags DROP NOT NULL, ALTER created_at DROP NOT NULL,
		DROP CONSTRAINT `+versions+`_metadata_check, DROP CONSTRAINT `+versions+`_tags_check`,
		`ALTER TABLE `+prefix+`heads ALTER latest DROP NOT NULL`)
	save(t, s, "good")
	for set, want := range map[string]string{
		`source = NULL`:                  "NULL",
		`metadata = NULL`:                "NULL",
		`tags = NULL`:                    "NULL",
		`created_at = NULL`:              "NULL",
		`created_at = 'infinity'`:        "Infinity",
		`metadata = '[1]'`:               "no JSON object of strings",
		`metadata = '{"a": {"b": "c"}}'`: "no JSON object of strings",
		`tags = '{"a": "b"}'`:            "no JSON list of strings",
		`tags = '["a", 1]'`:              "no JSON list of strings",
		`tags = '"a"'`:                   "no JSON list of strings",
	} {
		t.Run(set, func(t *testing.T) {
			save(t, s, "bad")
			admin(t, where, `UPDATE `+versions+` SET `+set+` WHERE name = 'bad' AND deleted IS NULL`)
			latest, err := prompty.LatestID(t.Context(), s, "bad")
			if err != nil {
				t.Fatal(err)
			}
			check := func(op string, err error) {
				t.Helper()
				number := strings.TrimPrefix(string(latest), "bad@")
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the row of bad in table versions, version "+number) {
					t.Errorf("%s: %v, want the row and %q", op, err, want)
				}
			}
			_, err = s.Get(t.Context(), "bad")
			check("Get", err)
			_, err = s.GetByID(t.Context(), latest)
			check("GetByID", err)
			_, err = s.List(t.Context(), nil)
			check("List", err)
			if strings.Contains(set, "created_at") {
				_, err = prompty.History(t.Context(), s, "bad")
				check("History", err)
			}
			if _, err := s.Get(t.Context(), "good"); err != nil {
				t.Errorf("another template: %v", err)
			}
			if err := s.Delete(t.Context(), "bad"); err != nil {
				t.Errorf("Delete: %v", err)
			}
			if _, err := s.List(t.Context(), nil); err != nil {
				t.Errorf("List after Delete: %v", err)
			}
		})
	}

	// The rows in heads.
	save(t, s, "behind", "behind")
	admin(t, where, `UPDATE `+prefix+`heads SET high = 1, latest = 1 WHERE name = 'behind'`)
	err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "behind"})
	if err == nil || !strings.Contains(err.Error(), "set high and latest there") {
		t.Errorf("Save where heads is behind: %v, want what to do", err)
	}
	admin(t, where, `UPDATE `+prefix+`heads SET latest = NULL WHERE name = 'behind'`)
	w, _ := prompty.As[prompty.Watcher](s)
	if _, err := w.Watch(t.Context()); err == nil || !strings.Contains(err.Error(), "the row of behind in table "+prefix+"heads") {
		t.Errorf("Watch: %v, want the row", err)
	}
	admin(t, where, `DROP TABLE `+prefix+`heads`)
	for op, err := range map[string]error{
		"Save": s.Save(t.Context(), &prompty.StoredTemplate{Name: "a"}), "Delete": s.Delete(t.Context(), "good"),
	} {
		if err == nil || !strings.Contains(err.Error(), "a table of prompty is gone") {
			t.Errorf("%s without a table: %v", op, err)
		}
	}
}

// The table refuses what is not of the right shape.
func TestTableRefuses(t *testing.T) {
	t.Parallel()
	where := place(t)
	s := open(t, where)
	save(t, s, "a")
	for _, set := range []string{
		`metadata = '[]'`, `metadata = 'null'`, `metadata = '{"a": null}'`, `metadata = '{"a": ["b"]}'`, `metadata = '{"a": 1}'`,
		`tags = '{}'`, `tags = '["a", null]'`, `tags = '[["a"]]'`, `tags = '"a"'`, `tags = NULL`, `source = NULL`, `version = 0`,
	} {
		admin(t, where, `DO $$ BEGIN UPDATE `+prefixOf(t, where)+`versions SET `+set+`; RAISE 'it takes it'; EXCEPTION WHEN check_violation OR not_null_violation THEN NULL; END $$`)
	}
}

// What people may well write by hand is no damage.
func TestRowsWrittenByHand(t *testing.T) {
	t.Parallel()
	where := place(t)
	s := open(t, where)
	prefix := prefixOf(t, where)
	w, _ := prompty.As[prompty.Watcher](s)
	batches, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin(t, where,
		`INSERT INTO `+prefix+`heads VALUES ('by/hand', 3, 3, 1, now())`,
		`INSERT INTO `+prefix+`versions (name, version, source, metadata, tags) VALUES ('by/hand', 3, 'Hello', '{ "a" : "b" }', '[ "x", "y" ]')`,
		`NOTIFY `+prefix+`changes`)
	for b := range batches {
		if len(b.Changes) > 0 {
			if b.Changes[0].Name != "by/hand" {
				t.Errorf("the watch tells %v", b.Changes)
			}
			break
		}
	}
	got, err := s.Get(t.Context(), "by/hand")
	if err != nil {
		t.Fatal(err)
	}
	got.CreatedAt, got.UpdatedAt = got.CreatedAt.Truncate(1<<62), got.UpdatedAt.Truncate(1<<62)
	want := &prompty.StoredTemplate{
		ID: "by/hand@3", Name: "by/hand", Source: "Hello", Version: 3, Metadata: map[string]string{"a": "b"}, Tags: []string{"x", "y"},
		CreatedAt: got.CreatedAt, UpdatedAt: got.CreatedAt,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	save(t, s, "by/hand")
	if list, err := s.List(t.Context(), &prompty.TemplateQuery{Tags: []string{"y"}, IncludeAllVersions: true}); err != nil || len(list) != 1 {
		t.Errorf("List = %v, %v, want version 3", list, err)
	}
	if list, err := s.ListVersions(t.Context(), "by/hand"); err != nil || cmp.Diff([]int{4, 3}, list) != "" {
		t.Errorf("ListVersions = %v, %v, want 4 and 3", list, err)
	}
}
