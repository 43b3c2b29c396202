package mongostore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// newPlace is the connection string of a place that nothing else uses.
func newPlace(t testing.TB) string {
	url := testserver.MongoDB(t).URL()
	if strings.Contains(url, "?") {
		url += "&"
	} else {
		url += "?"
	}
	return url + "poll=50ms&collection_prefix=test_" + strconv.FormatUint(rand.Uint64(), 36) + "_"
}

// openAt opens a place without the frame.
func openAt(t testing.TB, url string) *store {
	t.Helper()
	p, err := parseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := connect(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConnectionString(t *testing.T) {
	p, err := parseURL("mongodb://ann:p%40ss@db1:27017,db2/prompts?replicaSet=rs0&collection_prefix=x_&max_conns=3&poll=5s&notify=off&schema=manual&timeoutMS=4000&tlsCertificateKeyFilePassword=k3y&authMechanism=PLAIN")
	if err != nil {
		t.Fatal(err)
	}
	type settings struct {
		Hosts, Database, Prefix, Set string
		Manual, Majority, NoPush     bool
		Timeout, Poll, Select        time.Duration
		Pool                         uint64
		Secrets                      []string
	}
	c := p.client
	got := settings{p.hosts, p.database, p.prefix, *c.ReplicaSet, p.manual, p.majority, p.watch.NoPush, p.timeout, p.watch.Poll, *c.ServerSelectionTimeout, *c.MaxPoolSize, p.secrets}
	want := settings{"db1:27017,db2", "prompts", "x_", "rs0", true, true, true, 4 * time.Second, 5 * time.Second, 10 * time.Second, 3, []string{"p%40ss", "p@ss", "k3y"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"db1:27017", "db2"}, c.Hosts); diff != "" {
		t.Errorf("the client's hosts (-want +got):\n%s", diff)
	}
	if w := c.WriteConcern; w.W != "majority" || w.Journal == nil || !*w.Journal {
		t.Errorf("the write concern is %+v, want a majority with its journal", w)
	}
	for url, want := range map[string]settings{
		"mongodb://h":                     {Hosts: "h", Database: "prompty", Prefix: "prompty_", Majority: true},
		"mongodb://h/?w=1&journal=false":  {Hosts: "h", Database: "prompty", Prefix: "prompty_"},
		"mongodb://h/a%2Db?w=majority":    {Hosts: "h", Database: "a-b", Prefix: "prompty_", Majority: true},
		"mongodb://u@h?collection_prefix": {Hosts: "h", Database: "prompty", Majority: true},
	} {
		p, err := parseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := (settings{Hosts: p.hosts, Database: p.database, Prefix: p.prefix, Majority: p.majority}); !cmp.Equal(got, want) {
			t.Errorf("%s: (-want +got):\n%s", url, cmp.Diff(want, got))
		}
	}
}

func TestConnectionStringRefused(t *testing.T) {
	for url, want := range map[string]string{
		"":                                                "want mongodb://",
		"postgres://h/db":                                 "want mongodb://",
		"mongodb://ann:s3cret@/db":                        "host",
		"mongodb://ann:s3cret@h:port/db":                  "port",
		"mongodb://h/%zz":                                 "database's name",
		"mongodb://h/?a=%zz":                              "options",
		"mongodb://h/?collection_prefix=a-b":              "prefix",
		"mongodb://h/?poll=soon":                          "poll",
		"mongodb://h/?schema=mine":                        "schema",
		"mongodb://h/?max_conns=0":                        "max_conns",
		"mongodb://h/?tabel_prefix=x":                     `"tabel_prefix" is unknown; prompty's own are collection_prefix, max_conns, notify, poll, resync, schema`,
		"mongodb://h/?readPreference=nearest":             "readPreference=nearest",
		"mongodb://h/?readConcernLevel=local":             "readConcernLevel=local",
		"mongodb://h/?w=0":                                "w=0",
		"mongodb://h/?maxPoolSize=many":                   "maxPoolSize",
		"mongodb://h/?directConnection=1x":                "directConnection",
		"mongodb://ann:s3cret@h,i/?directConnection=true": "direct",
	} {
		_, err := Open(url)
		switch {
		case err == nil:
			t.Errorf("%q is opened", url)
		case !strings.Contains(err.Error(), want):
			t.Errorf("%q: %v, want it to say %q", url, err, want)
		case strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%q: the error shows the password: %v", url, err)
		}
	}
}

func TestUnknownHost(t *testing.T) {
	for _, url := range []string{
		"mongodb://ann:s3cret@127.0.0.1:1/?serverSelectionTimeoutMS=300",
		"mongodb://ann:s3cret@no-such-host.invalid/?serverSelectionTimeoutMS=300",
		"mongodb+srv://ann:s3cret@no-such-host.invalid/",
	} {
		_, err := Open(url)
		if !strings.Contains(url, "+srv") && !strings.Contains(fmt.Sprint(err), "no answer from MongoDB at ") {
			t.Errorf("%s: %v, want an error that says that nobody answers", url, err)
		}
		if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "127.0.0.1:1") && !strings.Contains(err.Error(), "no-such-host.invalid") {
			t.Errorf("%s: %v, want an error that names the host and no password", url, err)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	url := strings.Replace(newPlace(t), "mongodb://", "mongodb://ann:s3cret@", 1)
	_, err := Open(url + "&authSource=admin")
	if err == nil {
		t.Fatal("a wrong password is taken")
	}
	if text := err.Error(); strings.Contains(text, "s3cret") || !strings.Contains(text, "check user and password") {
		t.Errorf("%v, want advice and no password", err)
	}
}

func TestManualSchema(t *testing.T) {
	url := newPlace(t)
	_, err := Open(url + "&schema=manual")
	if err == nil || !strings.Contains(err.Error(), "prompty schema mongodb") {
		t.Errorf("without its schema: %v, want advice to run prompty schema mongodb", err)
	}
	s := openAt(t, url)
	if s.exact {
		if list, err := s.missing(t.Context()); err != nil || len(list) != len(indexes) {
			t.Errorf("FerretDB has %d indexes fewer than there are, error %v, want %d: it does not use them", len(list), err, len(indexes))
		}
	}
	manual := openAt(t, url+"&schema=manual")
	tmpl := &prompty.StoredTemplate{Name: "a", Source: "text"}
	if err := manual.Save(t.Context(), tmpl, 0); err != nil {
		t.Error(err)
	}
}

func TestSchemaOfTheFuture(t *testing.T) {
	url := newPlace(t)
	s := openAt(t, url)
	set := func(version any) {
		t.Helper()
		if _, err := s.events.ReplaceOne(t.Context(), bson.D{{Key: "_id", Value: schemaKey}}, bson.D{{Key: "version", Value: version}}); err != nil {
			t.Fatal(err)
		}
	}
	set(int32(schemaVersion + 1))
	if _, err := Open(url); err == nil || !strings.Contains(err.Error(), "use the release of prompty that the others use") {
		t.Errorf("with a schema of the future: %v", err)
	}
	for _, bad := range []any{"one", int32(0), int32(-1)} {
		set(bad)
		if _, err := Open(url); err == nil || !strings.Contains(err.Error(), "version") {
			t.Errorf("with the schema version %v: %v, want an error that speaks of it", bad, err)
		}
	}
}

func TestIndexes(t *testing.T) {
	s := openAt(t, newPlace(t))
	ctx := t.Context()
	errs := make(chan error)
	for range 4 {
		other := openAt(t, "mongodb://"+s.hosts+"/"+s.place.database+"?collection_prefix="+s.prefix)
		go func() { errs <- other.createIndexes(ctx) }()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Errorf("indexes created by four at once: %v", err)
		}
	}
	if missing, err := s.missing(ctx); err != nil || len(missing) > 0 {
		t.Errorf("%d indexes are missing, error %v", len(missing), err)
	}
	there, err := s.events.Indexes().ListSpecifications(ctx)
	if err != nil {
		t.Fatal(err)
	}
	script := Schema(s.prefix)
	for _, x := range there {
		if x.Name == "_id_" {
			continue
		}
		var keys []string
		elements, _ := x.KeysDocument.Elements()
		for _, e := range elements {
			keys = append(keys, fmt.Sprintf("%s: %d", e.Key(), e.Value().AsInt64()))
		}
		if line := fmt.Sprintf("createIndex({%s}, {name: %q, ", strings.Join(keys, ", "), x.Name); !strings.Contains(script, line) {
			t.Errorf("the script lacks %s", line)
		}
	}
}

func TestSchema(t *testing.T) {
	script := Schema("x_")
	for _, part := range []string{
		`db.getCollection("x_templates")`,
		`templates.createIndex({name: 1, saved: -1}, {name: "prompty_versions", sparse: false});`,
		`templates.updateOne({_id: ":schema"}, {$setOnInsert: {version: NumberInt(1)}}, {upsert: true});`,
	} {
		if !strings.Contains(script, part) {
			t.Errorf("the script lacks %s:\n%s", part, script)
		}
	}
}

func TestDescribe(t *testing.T) {
	url := newPlace(t)
	s := openAt(t, url)
	ctx := t.Context()
	for _, name := range []string{"a", "b", "c"} {
		if err := s.Save(ctx, &prompty.StoredTemplate{Name: name, Source: "text"}, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	d, err := s.Describe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.State, "2 templates, ") || !strings.Contains(d.Location, s.hosts) || len(d.Problems) > 0 {
		t.Errorf("%+v, want 2 templates at %s without problems", d, s.hosts)
	}
	s.exact = false
	s.tidy.end(20 * time.Second)
	s.tidy.mu.Lock()
	s.tidy.failed = mongo.CommandError{Code: 13, Message: "not authorized"}
	s.tidy.mu.Unlock()
	if d, err := s.Describe(ctx); err != nil || len(d.Problems) == 0 || !strings.Contains(strings.Join(d.Problems, "\n"), "find, insert and update") {
		t.Errorf("%+v, %v, want problems", d, err)
	}
}

func TestExplained(t *testing.T) {
	s := &store{place: place{hosts: "h", database: "d"}}
	client, err := mongo.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	s.database = client.Database("d")
	s.use()
	for code, want := range map[int32]string{
		13:    "needs find, insert and update on the collection d.templates",
		18:    "authSource",
		10107: "connect to the replica set",
		14031: "disk is full",
		50:    "slow",
	} {
		cause := mongo.CommandError{Code: code, Message: "slow"}
		err := s.explain(cause)
		if !strings.Contains(err.Error(), want) || !errors.As(err, new(mongo.CommandError)) {
			t.Errorf("code %d: %v, want it to say %q", code, err, want)
		}
		if errors.Is(err, prompty.ErrReadOnly) != (code == 10107) {
			t.Errorf("code %d is ErrReadOnly: %v", code, errors.Is(err, prompty.ErrReadOnly))
		}
	}
}
