package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// requests counts what goes to the server.
type requests struct {
	mu      sync.Mutex
	names   []string // of the operations
	scanned int      // items that queries read
	pages   int
}

func (q *requests) follow(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("test:requests", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		q.mu.Lock()
		defer q.mu.Unlock()
		q.names = append(q.names, middleware.GetOperationName(ctx))
		if page, ok := out.Result.(*dynamodb.QueryOutput); ok {
			q.scanned += int(page.ScannedCount)
			q.pages++
		}
		return out, metadata, err
	}), middleware.After)
}

// watched opens a place whose requests are counted.
func watched(t testing.TB, where string) (prompty.TemplateStorage, *requests) {
	t.Helper()
	c, err := parseConnection(where)
	if err != nil {
		t.Fatal(err)
	}
	b, err := open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	q := new(requests)
	r := b.(*store).remote
	r.db = dynamodb.New(r.db.Options(), func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, q.follow) })
	s := backend.New(b, backend.Options{Driver: driverName, Watch: c.watch})
	t.Cleanup(func() { s.Close() })
	return s, q
}

// TestRequests holds every method to what the package comment says that it
// costs: no request reads items that are not asked for.
func TestRequests(t *testing.T) {
	t.Parallel()
	s, q := watched(t, place(t))
	ctx := t.Context()
	save := func(name string) error {
		return s.Save(ctx, &prompty.StoredTemplate{Name: name, Source: "text", Tags: []string{name}})
	}
	for i := range 30 {
		for _, folder := range []string{"a", "b"} {
			if err := save(fmt.Sprintf("%s/%02d", folder, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := func(query prompty.TemplateQuery) func() error {
		return func() error { _, err := s.List(ctx, &query); return err }
	}
	for _, c := range []struct {
		call    string
		do      func() error
		want    string
		scanned int
	}{
		{"Save of a known name", func() error { return save("a/00") }, "TransactWriteItems", 0},
		{"Save of a new name", func() error { return save("a/new") }, "GetItem TransactWriteItems", 0},
		{"SaveIf", func() error { return prompty.SaveIf(ctx, s, &prompty.StoredTemplate{Name: "a/new"}, 1) }, "TransactWriteItems", 0},
		{"SaveIf in vain", func() error { prompty.SaveIf(ctx, s, &prompty.StoredTemplate{Name: "a/new"}, 9); return nil }, "GetItem", 0},
		{"Get", func() error { _, err := s.Get(ctx, "a/00"); return err }, "GetItem", 0},
		{"Exists", func() error { _, err := s.Exists(ctx, "a/00"); return err }, "GetItem", 0},
		{"LatestID", func() error { _, err := prompty.LatestID(ctx, s, "a/00"); return err }, "GetItem", 0},
		{"GetVersion of the latest", func() error { _, err := s.GetVersion(ctx, "a/00", 2); return err }, "GetItem", 0},
		{"GetVersion of an old one", func() error { _, err := s.GetVersion(ctx, "a/00", 1); return err }, "GetItem GetItem", 0},
		{"ListVersions", func() error { _, err := s.ListVersions(ctx, "a/00"); return err }, "GetItem", 0},
		{"History", func() error { _, err := prompty.History(ctx, s, "a/00"); return err }, "GetItem Query", 2},
		{"List", list(prompty.TemplateQuery{}), "Query", 61},
		{"List of a prefix", list(prompty.TemplateQuery{NamePrefix: "b/1"}), "Query", 10},
		{"List of a prefix, a tag", list(prompty.TemplateQuery{NamePrefix: "b/", Tags: []string{"b/07"}}), "Query", 30},
		{"List of a page", list(prompty.TemplateQuery{Limit: 5, Offset: 2}), "Query", 7},
		{"List of all versions", list(prompty.TemplateQuery{NamePrefix: "a/0", IncludeAllVersions: true}), "Query Query", 10 + 1},
		{"DeleteVersion", func() error { return s.DeleteVersion(ctx, "a/00", 1) }, "GetItem TransactWriteItems", 0},
		{"DeleteVersion of the latest", func() error { return s.DeleteVersion(ctx, "a/new", 2) }, "GetItem GetItem TransactWriteItems", 0},
		{"Delete", func() error { return s.Delete(ctx, "a/00") }, "GetItem TransactWriteItems", 0},
	} {
		*q = requests{}
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.call, err)
		}
		if got := strings.Join(q.names, " "); got != c.want || q.scanned != c.scanned {
			t.Errorf("%s makes the requests %s and reads %d items, want %s and %d", c.call, got, q.scanned, c.want, c.scanned)
		}
	}
}

// TestPages lists more than DynamoDB gives at once.
func TestPages(t *testing.T) {
	t.Parallel()
	s, q := watched(t, place(t))
	source := strings.Repeat("x", 300_000)
	for i := range 9 {
		for range 2 {
			if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: fmt.Sprint("doc/", i), Source: source, Tags: []string{fmt.Sprint(i)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		query prompty.TemplateQuery
		want  int
		last  string
	}{
		{prompty.TemplateQuery{}, 9, "doc/8@2"},
		{prompty.TemplateQuery{Offset: 6, Limit: 2}, 2, "doc/7@2"},
		{prompty.TemplateQuery{Tags: []string{"8"}}, 1, "doc/8@2"},
		{prompty.TemplateQuery{IncludeAllVersions: true}, 18, "doc/8@1"},
		{prompty.TemplateQuery{IncludeAllVersions: true, Offset: 14, Limit: 3}, 3, "doc/8@2"},
	} {
		*q = requests{}
		list, err := s.List(t.Context(), &c.query)
		if err != nil || len(list) != c.want || string(list[len(list)-1].ID) != c.last {
			t.Errorf("List(%+v) gives %d templates, %v, want %d up to %s", c.query, len(list), err, c.want, c.last)
		}
		if q.pages < 2 && c.query.Tags == nil { // DynamoDB Local counts after the filter
			t.Errorf("List(%+v) made %d queries: the test is too small", c.query, q.pages)
		}
	}
}

// TestHalfCharacters asks for what no text in the database is.
func TestHalfCharacters(t *testing.T) {
	t.Parallel()
	s := opened(t, place(t))
	for _, name := range []string{"é", "è", "e"} {
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "text", Tags: []string{name}, CreatedBy: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		query prompty.TemplateQuery
		want  int
	}{
		{prompty.TemplateQuery{NamePrefix: "\xc3"}, 2},
		{prompty.TemplateQuery{NamePrefix: "\xff"}, 0},
		{prompty.TemplateQuery{NamePrefix: "\ufffd"}, 0},
		{prompty.TemplateQuery{NamePrefix: strings.Repeat("e", mostKeyBytes+1)}, 0},
		{prompty.TemplateQuery{NameContains: "\xa9"}, 1},
		{prompty.TemplateQuery{NameContains: "\xff"}, 0},
		{prompty.TemplateQuery{Tags: []string{"\xff"}}, 0},
		{prompty.TemplateQuery{Tags: []string{""}}, 0},
		{prompty.TemplateQuery{CreatedBy: "\xff"}, 0},
		{prompty.TemplateQuery{Tags: slices.Repeat([]string{"e"}, 80)}, 1},
		{prompty.TemplateQuery{Tags: manyTags(300)}, 0},
	} {
		for _, all := range []bool{false, true} {
			c.query.IncludeAllVersions = all
			list, err := s.List(t.Context(), &c.query)
			if err != nil || len(list) != c.want {
				t.Errorf("List(%+v) gives %d templates, %v, want %d", c.query, len(list), err, c.want)
			}
		}
	}
}

func manyTags(n int) (tags []string) {
	for i := range n {
		tags = append(tags, fmt.Sprint("tag ", i))
	}
	return tags
}
