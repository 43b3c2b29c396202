package redisstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// TestListInPieces lists more than one script gives, while others change what is
// listed: the answer must be the state that the first script saw.
func TestListInPieces(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, place(testserver.Redis(t)))
	reference := prompty.NewMemoryStorage()
	var batch []*prompty.StoredTemplate
	const names = 2500
	for i := range names {
		tmpl := &prompty.StoredTemplate{
			Name: fmt.Sprintf("%c/%04d", 'a'+i%3, i), Source: strconv.Itoa(i), CreatedBy: fmt.Sprint("by", i%2), TenantID: fmt.Sprint("of", i%5),
			Tags: []string{"all", fmt.Sprint("t", i%7), fmt.Sprint("t", i%7)},
		}
		if i%400 == 0 {
			tmpl.Source = strings.Repeat("x", 1<<20) // so that bytes end a piece, too
		}
		batch = append(batch, tmpl)
		if i%10 == 0 { // with two versions
			batch = append(batch, &prompty.StoredTemplate{Name: tmpl.Name, Source: "2", Tags: []string{"second"}})
		}
	}
	for chunk := range slices.Chunk(batch, 500) {
		for _, to := range []prompty.TemplateStorage{s, reference} {
			if err := prompty.SaveAll(t.Context(), to, chunk); err != nil {
				t.Fatal(err)
			}
		}
	}
	queries := []*prompty.TemplateQuery{
		nil, {IncludeAllVersions: true}, {NamePrefix: "b/"}, {NameContains: "7"}, {Tags: []string{"t3"}}, {Tags: []string{"all", "t3"}, CreatedBy: "by1"},
		{Tags: []string{"second"}}, {TenantID: "of4", IncludeAllVersions: true}, {Tags: []string{"all"}, Offset: 1200, Limit: 900}, {Offset: 2000, Limit: 20},
		{CreatedBy: "by0", NamePrefix: "a/", IncludeAllVersions: true, Offset: 3, Limit: 700}, {Tags: []string{"none"}}, {NamePrefix: "\xff"}, {Tags: []string{"t\x003"}}, {Offset: 5000},
	}
	compare := func(t *testing.T, r prompty.TemplateStorage) {
		t.Helper()
		for _, q := range queries {
			want, err := reference.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.List(t.Context(), q)
			if err != nil {
				t.Fatalf("List(%+v): %v", q, err)
			}
			if diff := cmp.Diff(brief(want), brief(got)); diff != "" {
				t.Fatalf("List(%+v) (-want +got):\n%s", q, diff)
			}
		}
	}
	compare(t, s)

	view := mustSnapshot(t, s)
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			for ctx.Err() == nil {
				name := batch[rand.IntN(len(batch))].Name
				switch rand.IntN(3) {
				case 0:
					s.Delete(ctx, name)
				case 1:
					s.DeleteVersion(ctx, name, 1)
				default:
					s.Save(ctx, &prompty.StoredTemplate{Name: name, Source: "later", Tags: []string{"all", "t3"}})
				}
				s.Save(ctx, &prompty.StoredTemplate{Name: fmt.Sprint("new/", rand.IntN(100)), Tags: []string{"all"}})
			}
		})
	}
	compare(t, view)
	stop()
	others.Wait()
	compare(t, view)

	// A list without a snapshot is one state as well: every template of a batch is
	// of the same generation.
	ctx, stop = context.WithCancel(t.Context())
	others.Go(func() {
		for generation := 0; ctx.Err() == nil; generation++ {
			var list []*prompty.StoredTemplate
			for i := range 1500 {
				list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("whole/%04d", i), Source: strconv.Itoa(generation)})
			}
			prompty.SaveAll(ctx, s, list)
		}
	})
	for range 20 {
		list, err := s.List(t.Context(), &prompty.TemplateQuery{NamePrefix: "whole/"})
		if err != nil {
			t.Fatal(err)
		}
		for _, tmpl := range list {
			if tmpl.Source != list[0].Source {
				t.Fatalf("a list has %s of %s and %s of %s", list[0].Name, list[0].Source, tmpl.Name, tmpl.Source)
			}
		}
	}
	stop()
	others.Wait()
}

// brief is what can be compared of a list: not the times.
func brief(list []*prompty.StoredTemplate) []string {
	var out []string
	for _, t := range list {
		out = append(out, fmt.Sprint(t.ID, " ", len(t.Source), " ", t.Source[:min(len(t.Source), 8)], " ", t.Tags, " ", t.CreatedBy, " ", t.TenantID))
	}
	return out
}

// TestPast compares snapshots of one busy name with what was there when they were
// taken.
func TestPast(t *testing.T) {
	s := mustOpen(t, place(testserver.Redis(t)))
	type moment struct {
		view     prompty.TemplateStorage
		versions []int
	}
	var moments []moment
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	last := 0
	for range 60 {
		for range random.IntN(6) {
			switch random.IntN(8) {
			case 0:
				s.Delete(t.Context(), "a")
			case 1, 2, 3:
				s.DeleteVersion(t.Context(), "a", 1+random.IntN(last+1))
			default:
				last = mustSave(t, s, "a", "text").Version
			}
		}
		versions, err := s.ListVersions(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		moments = append(moments, moment{mustSnapshot(t, s), versions})
	}
	for _, m := range moments {
		got, err := m.view.ListVersions(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.versions, got); diff != "" {
			t.Fatalf("a snapshot's versions (-want +got):\n%s", diff)
		}
		list, err := m.view.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
		if err != nil || len(list) != len(m.versions) {
			t.Fatalf("a snapshot lists %d versions, %v; want %d", len(list), err, len(m.versions))
		}
		for version := range last + 1 {
			_, err := m.view.GetVersion(t.Context(), "a", version)
			if there := slices.Contains(m.versions, version); there != (err == nil) {
				t.Fatalf("a snapshot's version %d is there: %t, want %t (%v)", version, err == nil, there, err)
			}
		}
	}
}

// TestPurge: what was deleted goes, when no snapshot may see it any more.
func TestPurge(t *testing.T) {
	where := with(place(testserver.Redis(t)), "keep_deleted", "1ms")
	u, _ := url.Parse(where)
	key := "{" + u.Query().Get("key_prefix") + "}:t:a"
	r := admin(t, testserver.Redis(t).URL())
	s := mustOpen(t, where)
	for i := range 250 {
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: strconv.Itoa(i + 1), Metadata: map[string]string{"k": "v"}}); err != nil {
			t.Fatal(err)
		}
	}
	old := mustSnapshot(t, s)
	for _, version := range []int{3, 250} {
		if err := s.DeleteVersion(t.Context(), "a", version); err != nil {
			t.Fatal(err)
		}
	}
	fields := func() int { return int(must(t, r, "HLEN", key).(int64)) }
	gone := func(name string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); must(t, r, "ZSCORE", strings.TrimSuffix(key, "t:a")+"gone", name) != nil; {
			if time.Now().After(deadline) {
				t.Fatalf("what was deleted of %s is still there", name)
			}
			mustSave(t, s, "b", "") // which purges, now and then
		}
	}
	gone("a")
	if n := fields(); n != 248*3+3 { // beside latest, about and missing
		t.Errorf("%d fields are left, want %d", n, 248*3+3)
	}
	_, err := old.Get(t.Context(), "a")
	says(t, err, "the snapshot has expired")
	_, err = old.List(t.Context(), nil)
	says(t, err, "the snapshot has expired")
	view := mustSnapshot(t, s)
	if list, err := prompty.History(t.Context(), view, "a"); err != nil || len(list) != 248 {
		t.Errorf("History gives %d versions, %v; want 248", len(list), err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	gone("a")
	if n := fields(); n != 3 {
		t.Errorf("%d fields are left of a deleted template, want 3", n)
	}
	if tmpl := mustSave(t, s, "a", "new"); tmpl.Version != 251 {
		t.Errorf("the next version is %d, want 251", tmpl.Version)
	}
	if versions, err := s.ListVersions(t.Context(), "a"); err != nil || !slices.Equal(versions, []int{251}) {
		t.Errorf("ListVersions = %v, %v", versions, err)
	}
}

// TestBlocking: no script of a long list keeps others waiting for long. That many
// bytes and names are the limit of one is what is checked, and not the time.
func TestBlocking(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	s := mustOpen(t, server.URL())
	source := strings.Repeat("x", listBytes+1)
	for i := range 4 {
		mustSave(t, s, fmt.Sprint("long/", i), source)
	}
	for i := range 3 {
		var list []*prompty.StoredTemplate
		for j := range 1000 {
			list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("short/%d", 1000*i+j)})
		}
		if err := prompty.SaveAll(t.Context(), s, list); err != nil {
			t.Fatal(err)
		}
	}
	must(t, r, "CONFIG", "RESETSTAT")
	if list, err := s.List(t.Context(), nil); err != nil || len(list) != 3004 {
		t.Fatalf("List gives %d templates, %v", len(list), err)
	}
	stats := must(t, r, "INFO", "commandstats").(string)
	_, calls, _ := strings.Cut(stats, "cmdstat_evalsha:calls=")
	calls, _, _ = strings.Cut(calls, ",")
	if n, _ := strconv.Atoi(calls); n < 4+5 {
		t.Errorf("a list of 16 MiB and 3,000 names took %d scripts; want at least 9:\n%s", n, stats)
	}
}
