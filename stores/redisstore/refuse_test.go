package redisstore

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// admin is a client with all rights.
func admin(t testing.TB, connectionString string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(connectionString)
	if err != nil {
		t.Fatal(err)
	}
	o.Protocol = 2
	c := redis.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return c
}

// must runs a command as the server's administrator.
func must(t testing.TB, c *redis.Client, command ...any) any {
	t.Helper()
	value, err := c.Do(t.Context(), command...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("%v: %v", command, err)
	}
	return value
}

func mustOpen(t testing.TB, connectionString string) prompty.TemplateStorage {
	t.Helper()
	s, err := Open(connectionString)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustSave(t testing.TB, s prompty.TemplateStorage, name, source string) *prompty.StoredTemplate {
	t.Helper()
	tmpl := &prompty.StoredTemplate{Name: name, Source: source}
	if err := s.Save(t.Context(), tmpl); err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// says fails the test unless err has all these parts, and no secret.
func says(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there was no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error = %v\nwant it to say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "PROMPTY") {
		t.Errorf("error = %v\nshows what it must not", err)
	}
}

func TestConnectionString(t *testing.T) {
	for connectionString, want := range map[string]string{
		"":                                        "must begin with redis://",
		"localhost:6379":                          "must begin with redis://",
		"postgres://u:s3cret@localhost/":          "must begin with redis://",
		"unix-cluster:///tmp/x":                   "must begin with redis://",
		"redis://u:s3cret@local host/":            "is no URL",
		"redis://u:s3c%zzret@localhost/":          "is no URL",
		"redis://u:s3cret@localhost/x":            "invalid database number",
		"redis://localhost/?key_prefix=":          "must not be empty",
		"redis://localhost/?key_prefix=a:b":       "letters, digits and _",
		"redis://localhost/?keep_deleted=soon":    "keep_deleted",
		"redis://localhost/?max_conns=0":          "max_conns",
		"redis://localhost/?notify=yes":           "notify",
		"redis://localhost/?schema=none":          "schema",
		"redis://localhost/?table_prefix=x":       `option "table_prefix" is unknown`,
		"redis-cluster://localhost/?table_prefix": `option "table_prefix" is unknown`,
		"redis://localhost/?dial_timeout=x":       "dial_timeout",
	} {
		_, err := Open(connectionString)
		if err == nil {
			t.Errorf("Open(%q) succeeded", connectionString)
			continue
		}
		says(t, err, want)
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	for _, where := range []string{
		"redis://u:s3cret@no-such-host.invalid:6379", "redis://u:s3cret@127.0.0.1:1", "unix:///no/such/socket",
		"redis-cluster://u:s3cret@127.0.0.1:1",
	} {
		_, err := Open(where)
		says(t, err, "open redis: ")
	}
}

func TestPassword(t *testing.T) {
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	must(t, r, "ACL", "SETUSER", "ann", "on", ">s3cret", "~*", "&*", "+@all")
	where := place(server)
	as := func(user *url.Userinfo) string {
		u, _ := url.Parse(where)
		u.User = user
		return u.String()
	}
	s := mustOpen(t, as(url.UserPassword("ann", "s3cret")))
	mustSave(t, s, "greeting", "Hello")
	_, err := Open(as(url.UserPassword("ann", "s3cret2")))
	says(t, err, "the user or the password is wrong")
	_, err = Open(as(url.UserPassword("bob", "s3cret/@:?")))
	says(t, err, "the user or the password is wrong")
	must(t, r, "ACL", "SETUSER", "default", "resetpass", ">s3cret")
	_, err = Open(where)
	says(t, err, "the server wants a password")
}

// TestPermissions has a user with the rule that the package comment gives.
func TestPermissions(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rule, _ := strings.Cut(string(doc), "ACL SETUSER ")
	rule, _, _ = strings.Cut(rule, "\n//\n")
	words := strings.Fields(strings.ReplaceAll(rule, "//", ""))
	if len(words) < 20 || words[0] != "prompty" {
		t.Fatalf("no rule in doc.go: %q", words)
	}
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	set := func(words ...string) {
		t.Helper()
		args := []any{"ACL", "SETUSER"}
		for _, word := range words {
			args = append(args, word)
		}
		must(t, r, args...)
	}
	set(words...)
	u, _ := url.Parse(server.URL())
	u.User = url.UserPassword("prompty", "password")
	s := mustOpen(t, u.String())

	mustSave(t, s, "a", "1")
	mustSave(t, s, "a", "2")
	if err := prompty.SaveAll(t.Context(), s, []*prompty.StoredTemplate{{Name: "b", Tags: []string{"x"}}, {Name: "c", Metadata: map[string]string{"k": "v"}}}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.DeleteVersion(t.Context(), "a", 2), s.Delete(t.Context(), "b")} {
		if err != nil {
			t.Error(err)
		}
	}
	view := mustSnapshot(t, s)
	mustSave(t, s, "c", "new")
	if tmpl, err := view.Get(t.Context(), "c"); err != nil || tmpl.Version != 1 {
		t.Errorf("Get in a snapshot = %v, %v", tmpl, err)
	}
	for _, q := range []*prompty.TemplateQuery{nil, {Tags: []string{"x"}, CreatedBy: "ann"}, {IncludeAllVersions: true}} {
		if _, err := s.List(t.Context(), q); err != nil {
			t.Error(err)
		}
	}
	if _, err := prompty.History(t.Context(), s, "a"); err != nil {
		t.Error(err)
	}
	d, err := describe(t, s)
	if err != nil || len(d.Problems) > 0 {
		t.Errorf("Describe = %v, %v; want no problems", d, err)
	}
	if status := watched(t, s); status.Mode != "push" {
		t.Errorf("it watches by %q: %v, want push", status.Mode, status)
	}

	// Each of its commands is needed by something.
	for _, word := range words {
		if !strings.HasPrefix(word, "+") {
			continue
		}
		command := word[1:]
		if slices.Contains([]string{"unsubscribe", "ping"}, command) { // for orderly ends, and quiet times
			continue
		}
		set("prompty", "-"+command)
		err := everything(t, u.String())
		if err == nil {
			t.Errorf("nothing fails without %s", command)
		} else {
			says(t, err, "the user lacks a permission")
		}
		set("prompty", "+"+command)
	}
	for _, rules := range [][]string{{"resetkeys", "~other:*"}, {"resetchannels"}} {
		set(append([]string{"prompty"}, rules...)...)
		says(t, everything(t, u.String()), "the user lacks a permission")
		set(words...)
	}

	// A user who may only read.
	set("prompty", "-zadd")
	reader := mustOpen(t, u.String())
	if tmpl, err := reader.Get(t.Context(), "a"); err != nil || tmpl.Version != 1 {
		t.Errorf("Get = %v, %v", tmpl, err)
	}
	says(t, reader.Save(t.Context(), &prompty.StoredTemplate{Name: "d"}), "the user lacks a permission", "ZADD")
	says(t, reader.Delete(t.Context(), "a"), "the user lacks a permission", "ZADD")
	if d, err := describe(t, reader); err != nil || !strings.Contains(d.State, "read-only for this user") {
		t.Errorf("Describe = %v, %v", d, err)
	}
	if n := must(t, r, "EXISTS", "{prompty}:t:d"); n != int64(0) {
		t.Error("half of what was not allowed is there")
	}
	set(words...)
	mustSave(t, reader, "d", "now")

	set("prompty", "-info")
	if d, err := describe(t, mustOpen(t, u.String())); err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "allow the user INFO") {
		t.Errorf("Describe = %v, %v", d, err)
	}
}

// everything does all that a storage can do, and returns the first error.
func everything(t *testing.T, connectionString string) error {
	s, err := Open(connectionString)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := t.Context()
	name := "everything"
	var first error
	note := func(err error) {
		if first == nil && err != nil {
			first = err
		}
	}
	note(s.Save(ctx, &prompty.StoredTemplate{Name: name, Tags: []string{"t"}}))
	note(s.Save(ctx, &prompty.StoredTemplate{Name: name, CreatedBy: "c"}))
	_, err = s.Get(ctx, name)
	note(err)
	_, err = s.Exists(ctx, "unknown")
	note(err)
	_, err = s.List(ctx, &prompty.TemplateQuery{Tags: []string{"t"}, CreatedBy: "c"})
	note(err)
	_, err = prompty.History(ctx, s, name)
	note(err)
	d, err := describe(t, s)
	note(err)
	for _, problem := range d.Problems {
		note(errors.New(problem))
	}
	watch, _ := prompty.As[prompty.Watcher](s)
	_, err = watch.Watch(ctx)
	note(err)
	if view, err := mustCapability[prompty.Snapshotter](t, s).Snapshot(ctx); err != nil {
		note(err)
	} else {
		note(s.Delete(ctx, name))
		_, err = view.Get(ctx, name)
		note(err)
	}
	if status := watched(t, s); status.Mode != "push" && first == nil {
		note(errors.New(status.LastError))
	}
	return first
}

func mustCapability[T any](t testing.TB, s prompty.TemplateStorage) T {
	t.Helper()
	c, ok := prompty.As[T](s)
	if !ok {
		t.Fatalf("%T lacks a capability", s)
	}
	return c
}

func mustSnapshot(t testing.TB, s prompty.TemplateStorage) prompty.TemplateStorage {
	t.Helper()
	view, err := mustCapability[prompty.Snapshotter](t, s).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { view.Close() })
	return view
}

func describe(t testing.TB, s prompty.TemplateStorage) (prompty.Description, error) {
	t.Helper()
	return mustCapability[prompty.Describer](t, s).Describe(t.Context())
}

// watched watches until it is known how: by push, or why not.
func watched(t testing.TB, s prompty.TemplateStorage) prompty.WatchStatus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := mustCapability[prompty.Watcher](t, s).Watch(ctx); err != nil {
		return prompty.WatchStatus{LastError: err.Error()}
	}
	status := mustCapability[interface{ WatchStatus() prompty.WatchStatus }](t, s)
	for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		if now := status.WatchStatus(); now.Mode == "push" || now.LastError != "" {
			return now
		}
	}
	return status.WatchStatus()
}

func TestEviction(t *testing.T) {
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	s := mustOpen(t, server.URL())
	for policy, fine := range map[string]bool{"allkeys-lru": false, "allkeys-lfu": false, "allkeys-random": false, "volatile-lru": true, "volatile-ttl": true, "noeviction": true} {
		must(t, r, "CONFIG", "SET", "maxmemory-policy", policy)
		other, err := Open(server.URL())
		if fine && err != nil {
			t.Errorf("with %s: %v", policy, err)
		}
		if err == nil {
			other.Close()
		}
		d, described := describe(t, s)
		if described != nil {
			t.Fatal(described)
		}
		if !fine {
			says(t, err, policy, "noeviction")
			if len(d.Problems) != 1 || !strings.Contains(d.Problems[0], policy) {
				t.Errorf("Describe with %s = %v", policy, d)
			}
		} else if len(d.Problems) > 0 {
			t.Errorf("Describe with %s = %v", policy, d)
		}
	}
}

// TestOutOfMemory: nothing is half written, and reads go on.
func TestOutOfMemory(t *testing.T) {
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	s := mustOpen(t, server.URL())
	mustSave(t, s, "a", "1")
	must(t, r, "CONFIG", "SET", "maxmemory", "1")
	before := dump(t, r)
	says(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "2"}), "out of memory", "nothing was written")
	says(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: "new", Tags: []string{"t"}}), "out of memory")
	says(t, prompty.SaveAll(t.Context(), s, []*prompty.StoredTemplate{{Name: "a"}, {Name: "b"}}), "out of memory")
	says(t, s.Delete(t.Context(), "a"), "out of memory")
	if after := dump(t, r); after != before {
		t.Errorf("something was written:\n%s\nbefore:\n%s", after, before)
	}
	if tmpl, err := s.Get(t.Context(), "a"); err != nil || tmpl.Source != "1" {
		t.Errorf("Get = %v, %v", tmpl, err)
	}
	must(t, r, "CONFIG", "SET", "maxmemory", "0")
	if tmpl := mustSave(t, s, "a", "2"); tmpl.Version != 2 {
		t.Errorf("the next save got version %d", tmpl.Version)
	}
}

// dump is all that the server holds.
func dump(t testing.TB, r *redis.Client) string {
	t.Helper()
	keys, err := r.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	var all strings.Builder
	for _, key := range keys {
		value, err := r.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(key + " " + url.QueryEscape(value) + "\n")
	}
	return all.String()
}

// TestDiskFull has the server fail to write its snapshot, as it does when the
// disk is full.
func TestDiskFull(t *testing.T) {
	server := testserver.OwnRedis(t)
	r := admin(t, server.URL())
	s := mustOpen(t, server.URL())
	mustSave(t, s, "a", "1")
	dir := must(t, r, "CONFIG", "GET", "dir").([]any)[1].(string)
	if err := os.MkdirAll(filepath.Join(dir, "dump.rdb", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	must(t, r, "CONFIG", "SET", "save", "3600 1000000")
	must(t, r, "BGSAVE")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if info := must(t, r, "INFO", "persistence").(string); strings.Contains(info, "rdb_last_bgsave_status:err") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server has written a file over a folder")
		}
	}
	says(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "2"}), "cannot save to its disk", "nothing was written")
	if d, err := describe(t, s); err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "disk") {
		t.Errorf("Describe = %v, %v", d, err)
	}
	must(t, r, "CONFIG", "SET", "save", "")
	if tmpl := mustSave(t, s, "a", "2"); tmpl.Version != 2 {
		t.Errorf("the next save got version %d", tmpl.Version)
	}
}

func TestReadReplica(t *testing.T) {
	t.Parallel()
	primary, replica := testserver.OwnRedis(t), testserver.OwnRedis(t)
	s := mustOpen(t, primary.URL())
	mustSave(t, s, "a", "1")
	r := admin(t, replica.URL())
	_, address := primary.Addr()
	host, port, _ := strings.Cut(address, ":")
	must(t, r, "REPLICAOF", host, port)
	for deadline := time.Now().Add(time.Minute); must(t, r, "EXISTS", "{prompty}:t:a") == int64(0); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the replica gets nothing")
		}
	}
	reader := mustOpen(t, replica.URL())
	if tmpl, err := reader.Get(t.Context(), "a"); err != nil || tmpl.Source != "1" {
		t.Errorf("Get = %v, %v", tmpl, err)
	}
	for _, err := range []error{
		reader.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "2"}),
		reader.Save(t.Context(), &prompty.StoredTemplate{Name: "new"}),
		reader.Delete(t.Context(), "a"),
	} {
		says(t, err, "read replica")
		if !errors.Is(err, prompty.ErrReadOnly) {
			t.Errorf("error = %v, want ErrReadOnly", err)
		}
	}
	if d, err := describe(t, reader); err != nil || !strings.Contains(d.State, "a read replica") {
		t.Errorf("Describe = %v, %v", d, err)
	}
	_, err := Open(with(replica.URL(), "key_prefix", "elsewhere"))
	says(t, err, "read replica")
	if !errors.Is(err, prompty.ErrReadOnly) {
		t.Errorf("Open = %v, want ErrReadOnly", err)
	}
	must(t, r, "CONFIG", "SET", "replica-serve-stale-data", "no")
	primary.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for { // until the replica has noticed
		short, cancel := context.WithTimeout(ctx, time.Second)
		_, err = reader.Get(short, "a")
		cancel()
		if err != nil || ctx.Err() != nil {
			break
		}
	}
	if !errors.Is(err, context.DeadlineExceeded) { // it was tried until then: the replica may find its primary
		t.Errorf("Get from a replica without its primary = %v", err)
	}
}

func TestSchema(t *testing.T) {
	server := testserver.Redis(t)
	r := admin(t, server.URL())
	where := place(server)
	u, _ := url.Parse(where)
	meta := "{" + u.Query().Get("key_prefix") + "}:meta"
	manual := with(where, "schema", "manual")
	_, err := Open(manual)
	says(t, err, meta, "schema=manual", "HSET")
	if n := must(t, r, "EXISTS", meta); n != int64(0) {
		t.Error("it was created all the same")
	}
	// What the error says is what makes it.
	_, command, _ := strings.Cut(err.Error(), "redis-cli ")
	command, _, _ = strings.Cut(command, "`")
	var words []any
	for word := range strings.FieldsSeq(command) {
		words = append(words, strings.Trim(word, "'"))
	}
	must(t, r, words...)
	s := mustOpen(t, manual)
	mustSave(t, s, "a", "1")
	mustSnapshot(t, s)

	must(t, r, "DEL", meta)
	says(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: "b"}), meta, "missing or damaged")
	must(t, r, "HSET", meta, "schema", "2", "names", "1", "entries", "2", "purged", "1")
	_, err = Open(where)
	says(t, err, "version 2", "versions up to 1")
	says(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: "b"}), "version 2")
	must(t, r, "HSET", meta, "schema", "one")
	_, err = Open(where)
	says(t, err, meta, "never written")
}

// TestUnknownOutcome: a save whose answer is lost is not sent again.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	network, address := server.Addr()
	proxy := testserver.NewProxy(t, network, address)
	u, _ := url.Parse(server.URL())
	u.Host = proxy.Addr()
	s := mustOpen(t, with(u.String(), "read_timeout", "1s", "max_retries", "5"))
	direct := mustOpen(t, server.URL())
	mustSave(t, s, "a", "1")
	server.Pause()
	err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "2"})
	server.Resume()
	says(t, err, "may have been made or not")
	if list, err := direct.ListVersions(t.Context(), "a"); err != nil || len(list) > 2 {
		t.Errorf("there are versions %v, %v: the save was sent again", list, err)
	}
	proxy.Refuse(true)
	proxy.Cut()
	err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "b"})
	proxy.Refuse(false)
	if err == nil {
		t.Fatal("Save succeeds without a connection")
	}
}
