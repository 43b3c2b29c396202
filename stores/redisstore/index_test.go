package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// TestIndexes counts what the server reads to answer: no more names than match, or
// have changed, out of two thousand.
func TestIndexes(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	s := mustOpen(t, with(server.URL(), "resync", "1h"))
	var list []*prompty.StoredTemplate
	for i := range 2000 {
		tmpl := &prompty.StoredTemplate{Name: fmt.Sprintf("n/%04d", i), Tags: []string{"all"}, CreatedBy: "all", TenantID: "all"}
		if i%200 == 0 {
			tmpl.Tags, tmpl.CreatedBy, tmpl.TenantID = []string{"all", "some"}, "some", "some"
		}
		list = append(list, tmpl)
	}
	if err := prompty.SaveAll(t.Context(), s, list); err != nil {
		t.Fatal(err)
	}
	view := mustSnapshot(t, s)
	mustSave(t, s, "other", "")
	for _, c := range []struct {
		query prompty.TemplateQuery
		want  int
	}{
		{prompty.TemplateQuery{Tags: []string{"some"}}, 10},
		{prompty.TemplateQuery{Tags: []string{"all", "some"}}, 10},
		{prompty.TemplateQuery{CreatedBy: "some"}, 10},
		{prompty.TemplateQuery{TenantID: "some", Tags: []string{"all"}}, 10},
		{prompty.TemplateQuery{NamePrefix: "n/100"}, 10},
		{prompty.TemplateQuery{NamePrefix: "n/1", Tags: []string{"some"}}, 5},
		{prompty.TemplateQuery{Limit: 10}, 10},
		{prompty.TemplateQuery{Tags: []string{"none"}}, 0},
		{prompty.TemplateQuery{Tags: []string{"some"}, IncludeAllVersions: true}, 10},
	} {
		for _, from := range []prompty.TemplateStorage{s, view} {
			must(t, r, "CONFIG", "RESETSTAT")
			got, err := from.List(t.Context(), &c.query)
			if err != nil || len(got) != c.want {
				t.Fatalf("List(%+v) gives %d, %v; want %d", c.query, len(got), err, c.want)
			}
			if n := calls(t, r, "hmget"); n > 2*c.want+2 {
				t.Errorf("List(%+v) of %d templates reads %d hashes", c.query, c.want, n)
			}
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	batches, err := mustCapability[prompty.Watcher](t, s).Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	must(t, r, "CONFIG", "RESETSTAT")
	mustSave(t, s, "n/0007", "changed")
	for told := false; !told; {
		b, ok := <-batches
		if !ok {
			t.Fatal("the change is not told")
		}
		told = len(b.Changes) == 1 && b.Changes[0].Name == "n/0007"
	}
	if n := calls(t, r, "hget"); n == 0 || n > 20 {
		t.Errorf("a look at one change reads %d heads", n)
	}
}

// calls is how often a command was called, by scripts too.
func calls(t *testing.T, r *redis.Client, command string) int {
	t.Helper()
	_, text, _ := strings.Cut(must(t, r, "INFO", "commandstats").(string), "cmdstat_"+command+":calls=")
	text, _, _ = strings.Cut(text, ",")
	n, _ := strconv.Atoi(text)
	return n
}
