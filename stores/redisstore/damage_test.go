package redisstore

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// TestDamage changes by hand what the store has written, in every way that comes
// to mind, or has it evicted. Whatever is asked then gives an answer or an error,
// in time; and no number is given twice.
func TestDamage(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	r := admin(t, server.URL())
	type command = []any
	shelf, meta, changes, index, gone := "t:a", "meta", "changes", "index", "gone"
	var all []command
	for _, key := range []string{shelf, meta, changes, index, gone} {
		all = append(all, command{"DEL", key}, command{"SET", key, "x"}, command{"RENAME", key, key + "x"})
	}
	for _, field := range []string{"latest", "missing", "about", "deaths", "2", "2:info", "2:metadata", "3", "3:info", "3:metadata"} {
		for _, value := range []string{"", "x", "-1", "0", "1-", "5-3,2", "1-999999999999999999999", "99999999999", "1.5", "{}", "[]", `{"tags":3}`, `{"tags":[[1]]}`, `{"created_at":"x"}`, "\xff\x00"} {
			all = append(all, command{"HSET", shelf, field, value})
		}
		all = append(all, command{"HDEL", shelf, field})
	}
	for _, field := range []string{"schema", "names", "entries", "purged"} {
		for _, value := range []string{"", "x", "-1", "99999999999999999999"} {
			all = append(all, command{"HSET", meta, field, value})
		}
		all = append(all, command{"HDEL", meta, field})
	}
	all = append(all,
		command{"ZADD", changes, "1e300", "a"}, command{"ZADD", changes, "inf", "a"}, command{"ZADD", changes, "-1", "a"}, command{"ZADD", changes, "1", "unknown"}, command{"ZREM", changes, "a"},
		command{"ZADD", index, "0", "Nunknown"}, command{"ZREM", index, "Na"}, command{"ZADD", index, "5", "Na"}, command{"ZADD", gone, "1", "unknown"})

	for _, c := range all {
		where := place(server)
		u, _ := url.Parse(where)
		prefix := "{" + u.Query().Get("key_prefix") + "}:"
		s, err := Open(where)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			tmpl := &prompty.StoredTemplate{Name: "a", Source: fmt.Sprint(i + 1), Tags: []string{"t"}, Metadata: map[string]string{"k": "v"}}
			if err := s.Save(t.Context(), tmpl); err != nil {
				t.Fatal(err)
			}
		}
		mustSave(t, s, "b", "1")
		view := mustSnapshot(t, s)
		if err := s.DeleteVersion(t.Context(), "a", 4); err != nil {
			t.Fatal(err)
		}
		args := append(command{}, c...)
		args[1] = prefix + args[1].(string)
		if args[0] == "RENAME" {
			args[2] = prefix + args[2].(string)
		}
		must(t, r, args...)
		t.Run(fmt.Sprintf("%q", c), func(t *testing.T) { probe(t, s, view) })
		if other, err := Open(where); err == nil {
			other.Close()
		} else {
			says(t, err, "open redis: ")
		}
		s.Close()
	}
}

// probe asks a damaged store for everything.
func probe(t *testing.T, s, view prompty.TemplateStorage) {
	ctx := t.Context()
	for _, r := range []prompty.TemplateStorage{s, view} {
		for _, err := range []error{
			second(r.Get(ctx, "a")), second(r.Get(ctx, "b")), second(r.GetVersion(ctx, "a", 2)), second(r.GetVersion(ctx, "a", 4)), second(r.ListVersions(ctx, "a")),
			second(r.List(ctx, nil)), second(r.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: true})),
			second(r.List(ctx, &prompty.TemplateQuery{Tags: []string{"t"}})), second(prompty.History(ctx, r, "a")), second(prompty.LatestID(ctx, r, "a")),
		} {
			if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
				says(t, err, ": ")
				plainly(t, err)
			}
		}
	}
	if _, err := describe(t, s); err != nil {
		plainly(t, err)
	}
	if _, err := mustCapability[prompty.Watcher](t, s).Watch(ctx); err != nil {
		plainly(t, err)
	}
	for range 2 {
		tmpl := &prompty.StoredTemplate{Name: "a", Source: "after", Tags: []string{"u"}}
		switch err := s.Save(ctx, tmpl); {
		case err != nil:
			plainly(t, err)
		case tmpl.Version < 4 && !strings.Contains(t.Name(), "missing") && !strings.Contains(t.Name(), "latest"):
			t.Errorf("the number %d is given again", tmpl.Version)
		}
		if err := s.Save(ctx, &prompty.StoredTemplate{Name: "c"}); err != nil {
			plainly(t, err)
		}
	}
	for _, err := range []error{s.DeleteVersion(ctx, "a", 1), s.Delete(ctx, "a"), s.Delete(ctx, "b")} {
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			plainly(t, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// plainly fails the test if err is what a program says that has lost its way.
func plainly(t *testing.T, err error) {
	t.Helper()
	for _, bad := range []string{"user_script:", "nil value", "bad argument", "attempt to", "cannot convert"} {
		if strings.Contains(err.Error(), bad) && !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "not of the kind") {
			t.Errorf("error = %v", err)
		}
	}
}
