package backend

import (
	"context"
	"errors"
	"io"
	"math"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-prompty/prompty"
)

// failing is a backend whose Get says err, or hangs until its context ends.
type failing struct {
	*shelf
	err error
}

func (f failing) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	if f.err != nil {
		return nil, f.err
	}
	<-ctx.Done()
	return nil, errors.New("the connection was closed by somebody")
}

func TestErrors(t *testing.T) {
	get := func(ctx context.Context, err error) error {
		s := New(failing{newShelf(), err}, Options{Secrets: []string{"", "s3cret"}})
		defer s.Close()
		_, err = s.Get(ctx, "doc")
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"plain", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, "get doc: unexpected EOF"},
		{"secret", errors.Join(io.EOF, errors.New("user:s3cret@host")), io.EOF, "get doc: EOF\nuser:xxxxx@host"},
		{"answer", prompty.NewStorageTemplateNotFoundError("doc"), prompty.ErrTemplateNotFound, prompty.NewStorageTemplateNotFoundError("doc").Error()},
		{"read-only", errors.Join(prompty.ErrReadOnly, errors.New("a replica")), prompty.ErrReadOnly, "get doc: storage is read-only, or the place it lives in is\na replica"},
		{"too large", TooLarge(10, 5, "the item"), prompty.ErrInvalidTemplate, "get doc: invalid template: the source has 10 bytes, and the item allows at most 5: shorten it, or keep it in a storage without this limit"},
		{"unknown", OutcomeUnknown(io.EOF), io.EOF, "get doc: the connection was lost before the answer came: the change may have been made or not, so look before you repeat it: EOF"},
		{"missing", NoSuchTable("table x", "prompty schema y"), nil, "get doc: table x does not exist, and schema=manual forbids to create it: run what `prompty schema y` prints, or leave schema=manual out"},
		{"future", SchemaTooNew(9, 1), nil, "get doc: the schema in the database has version 9, and this program knows versions up to 1: use the release of prompty that the others use"},
	} {
		err := get(t.Context(), c.err)
		text := strings.Replace(c.text, "storage is read-only, or the place it lives in is", prompty.ErrReadOnly.Error(), 1)
		if err == nil || err.Error() != text || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error = %v, want %q, which is %v", c.name, err, text, c.is)
		}
	}
	if err := Redact(errors.New("db://a:ba@host: no database"), "ba"); err.Error() != "db://a:xxxxx@host: no database" {
		t.Errorf("a short secret: %v", err)
	}
	if err := Redact(nil, "s3cret"); err != nil {
		t.Errorf("Redact(nil) = %v", err)
	}
}

// A base that no version can have is told as it was given, and reaches no backend.
func TestImpossibleBase(t *testing.T) {
	s := New(newShelf(), Options{})
	defer s.Close()
	save(t, s, "doc")
	for _, base := range []int{-1, -2, math.MinInt, 1 << 31, math.MaxInt} {
		err := prompty.SaveIf(t.Context(), s, &prompty.StoredTemplate{Name: "doc"}, base)
		conflict, ok := errors.AsType[*prompty.ConflictError](err)
		if !ok || *conflict != (prompty.ConflictError{Base: base, Latest: 1}) {
			t.Errorf("SaveIf with base %d: %v, want a conflict with it", base, err)
		}
	}
}

// Whatever a driver says when its context ended, the caller is told that.
func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(failing{newShelf(), nil}, Options{})
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.Get(ctx, "doc"); err != context.DeadlineExceeded {
			t.Errorf("Get beyond its deadline: %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		if _, err := s.Get(ctx, "doc"); err != context.Canceled {
			t.Errorf("a cancelled Get: %v", err)
		}
	})
}

// Close fails a call that hangs, and waits for one that does not.
func TestCloseFailsWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(failing{newShelf(), nil}, Options{})
		failed := make(chan error, 1)
		go func() {
			_, err := s.Get(context.Background(), "doc")
			failed <- err
		}()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-failed; !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("a call that hung when the storage was closed: %v, want ErrClosed", err)
		}
	})
}

// Close ends the snapshots that are still open, too.
func TestCloseEndsSnapshots(t *testing.T) {
	shelf := newShelf()
	s := New(freezer{shelf}, Options{})
	save(t, s, "doc")
	c, _ := prompty.As[prompty.Snapshotter](s)
	var states []prompty.TemplateStorage
	for range 2 {
		state, err := c.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, state)
	}
	if err := states[0].Close(); err != nil {
		t.Error(err)
	}
	if _, err := states[1].Get(t.Context(), "doc"); err != nil {
		t.Errorf("Get in a snapshot after another one was closed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := states[1].Get(t.Context(), "doc"); !errors.Is(err, prompty.ErrClosed) {
		t.Errorf("Get in a snapshot after its storage was closed: %v, want ErrClosed", err)
	}
	if err := states[1].Close(); err != nil {
		t.Errorf("Close of a snapshot after its storage was closed: %v", err)
	}
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transient := errors.New("deadlock")
		is := func(err error) bool { return errors.Is(err, transient) }
		tries := 0
		if err := Retry(t.Context(), is, func() error {
			if tries++; tries < 5 {
				return transient
			}
			return nil
		}); err != nil || tries != 5 {
			t.Errorf("Retry = %v after %d tries, want success at the fifth", err, tries)
		}
		if err := Retry(t.Context(), is, func() error { return io.EOF }); err != io.EOF {
			t.Errorf("Retry of what is not transient = %v", err)
		}
		start := time.Now()
		if err := Retry(context.Background(), is, func() error { return transient }); err != transient {
			t.Errorf("Retry of what never ends = %v", err)
		}
		if took := time.Since(start); took < patience || took > patience+time.Second {
			t.Errorf("it gave up after %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Retry(ctx, is, func() error { return transient }); err != transient || ctx.Err() == nil {
			t.Errorf("Retry until its context ended = %v", err)
		}
	})
}

func TestCheckURL(t *testing.T) {
	for text, good := range map[string]bool{
		"": true, "db://u:pass@host/x": true, "db://u:pass@host/x?a=b%40c": true, "db://u:pa?ss@host/x": false, "db://host/x?a=b@c": false,
	} {
		if err := CheckURL(text); (err == nil) != good {
			t.Errorf("CheckURL(%q) = %v", text, err)
		}
	}
}

func TestOptions(t *testing.T) {
	query, _ := url.ParseQuery("table_prefix=a_&max_conns=4&poll=20ms&notify=off&schema=manual&sslmode=off")
	v := NewValues(query)
	if got := v.Prefix("table_prefix", "prompty_"); got != "a_" {
		t.Errorf("table_prefix = %q", got)
	}
	if got := v.Int("max_conns", 10, 1, 100); got != 4 {
		t.Errorf("max_conns = %d", got)
	}
	if got, want := v.Watch(time.Second), (WatchOptions{NoPush: true, Poll: 20 * time.Millisecond, Resync: time.Minute}); got != want {
		t.Errorf("Watch = %+v, want %+v", got, want)
	}
	if !v.Manual() {
		t.Error("schema=manual is not seen")
	}
	if v.Int("min_conns", 3, 0, 9) != 3 || v.Text("name", "x") != "x" || v.Duration("timeout", time.Hour) != time.Hour {
		t.Error("an option that is not given has another value than its default")
	}
	if got := v.Left().Encode(); got != "sslmode=off" || v.Err() != nil {
		t.Errorf("left %q, error %v", got, v.Err())
	}
	if len(query) != 6 {
		t.Errorf("the argument was changed: %v", query)
	}
	if err := v.Unknown("sslmode"); err.Error() != `option "sslmode" is unknown; prompty's own are max_conns, min_conns, name, notify, poll, resync, schema, table_prefix, timeout` {
		t.Errorf("Unknown = %v", err)
	}
	for query, want := range map[string]string{
		"prefix=1a":                             `option prefix: prefix "1a": letters, digits and _ are allowed, and no digit first`,
		"prefix=a-b":                            `option prefix: prefix "a-b": letters, digits and _ are allowed, and no digit first`,
		"prefix=" + strings.Repeat("x", 41):     `option prefix: prefix "` + strings.Repeat("x", 41) + `" has 41 bytes: at most 40 are allowed`,
		"n=x":                                   `option n="x": want a number from 1 to 9`,
		"n=10":                                  `option n="10": want a number from 1 to 9`,
		"poll=5":                                `option poll="5": want a time of at least 1ms, such as 500ms or 1m30s`,
		"resync=1us":                            `option resync="1us": want a time of at least 1ms, such as 500ms or 1m30s`,
		"notify=yes":                            `option notify="yes": want on or off`,
		"schema=none":                           `option schema="none": want auto or manual`,
		"n=1&n=2":                               `option n is given 2 times: give it once`,
		"prefix=Abc_9&n=9&poll=1ms&schema=auto": ``,
	} {
		values, _ := url.ParseQuery(query)
		v := NewValues(values)
		v.Prefix("prefix", "")
		v.Int("n", 1, 1, 9)
		v.Watch(time.Second)
		v.Manual()
		if err := v.Err(); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: error = %v, want %s", query, err, want)
		}
	}
}
