package dynamostore

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// between stands between a store and the real server, and spoils answers.
type between struct {
	lose atomic.Int32 // so many answers to transactions are lost, after they were carried out
	dead atomic.Bool  // every answer is lost
	skew atomic.Int64 // of the server's clock, as a duration
}

func (b *between) place(t testing.TB, where string) string {
	t.Helper()
	before, endpoint, _ := strings.Cut(where, "endpoint=")
	endpoint, _ = url.QueryUnescape(endpoint)
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) { panic(http.ErrAbortHandler) }
	proxy.ModifyResponse = func(answer *http.Response) error {
		if b.dead.Load() || strings.HasSuffix(answer.Request.Header.Get("X-Amz-Target"), ".TransactWriteItems") && b.lose.Add(-1) >= 0 {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		if skew := time.Duration(b.skew.Load()); skew != 0 {
			answer.Header.Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return before + "endpoint=" + url.QueryEscape(server.URL)
}

// TestLostAnswers loses the answers to writes that were carried out. The SDK
// asks again, and they must not happen twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	var b between
	s := opened(t, b.place(t, place(t)))
	for i := range 3 {
		b.lose.Store(int32(i))
		tmpl := &prompty.StoredTemplate{Name: "doc", Source: "text"}
		if err := s.Save(t.Context(), tmpl); err != nil || tmpl.Version != i+1 {
			t.Errorf("Save, whose answer was lost %d times: version %d, %v, want %d", i, tmpl.Version, err, i+1)
		}
	}
	b.lose.Store(1)
	if err := s.DeleteVersion(t.Context(), "doc", 2); err != nil {
		t.Errorf("DeleteVersion, whose answer was lost: %v", err)
	}
	if got, err := s.ListVersions(t.Context(), "doc"); err != nil || !cmp.Equal(got, []int{3, 1}) {
		t.Errorf("ListVersions = %v, %v, want 3 and 1", got, err)
	}
	b.lose.Store(1)
	if err := s.Delete(t.Context(), "doc"); err != nil {
		t.Errorf("Delete, whose answer was lost: %v", err)
	}
	b.lose.Store(1)
	batch := []*prompty.StoredTemplate{{Name: "doc"}, {Name: "doc"}, {Name: "other"}}
	if err := prompty.SaveAll(t.Context(), s, batch); err != nil || batch[1].Version != 5 {
		t.Errorf("SaveAll, whose answer was lost: version %d, %v, want 5", batch[1].Version, err)
	}
}

// TestUnknownOutcome loses all answers.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	var b between
	where := place(t)
	s := opened(t, b.place(t, where))
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "one"}); err != nil {
		t.Fatal(err)
	}
	b.dead.Store(true)
	err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "two"})
	if err == nil || !strings.Contains(err.Error(), "the change may have been made or not") {
		t.Errorf("Save without an answer: %v, want that it may have happened", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Save(ctx, &prompty.StoredTemplate{Name: "doc", Source: "three"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Save with a deadline: %v", err)
	}
	if _, err := s.Get(t.Context(), "doc"); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("Get without an answer: %v", err)
	}
	b.dead.Store(false)
	tmpl := &prompty.StoredTemplate{Name: "doc", Source: "last"}
	if err := s.Save(t.Context(), tmpl); err != nil {
		t.Errorf("Save when the server answers again: %v", err)
	}
	if got, err := s.ListVersions(t.Context(), "doc"); err != nil || len(got) != tmpl.Version || tmpl.Version < 3 {
		t.Errorf("ListVersions = %v, %v after version %d, want no gap and at least 3", got, err, tmpl.Version)
	}
}

// TestClock has a server whose clock is an hour ahead: ours is set right by it.
func TestClock(t *testing.T) {
	t.Parallel()
	var b between
	where := place(t)
	s := opened(t, b.place(t, where))
	for _, skew := range []time.Duration{0, time.Hour, 0} {
		b.skew.Store(int64(skew))
		if d, err := describe(t, s); err != nil || (len(d.Problems) > 0) != (skew != 0) {
			t.Errorf("with a clock that is %v wrong, Describe = %+v, %v", skew, d, err)
		}
		tmpl := &prompty.StoredTemplate{Name: "doc", Source: "text"}
		if err := s.Save(t.Context(), tmpl); err != nil {
			t.Fatal(err)
		}
		// Later than the version before, even when the clock was set back.
		want := time.Now().Add(max(skew, time.Duration(tmpl.Version-1)/2*time.Hour))
		if d := tmpl.CreatedAt.Sub(want).Abs(); d > time.Minute {
			t.Errorf("version %d was created at %v, want %v", tmpl.Version, tmpl.CreatedAt, want)
		}
	}
	// A change is found by those whose clock is right.
	b.skew.Store(int64(time.Hour))
	describe(t, s)
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "new", Source: "text"}); err != nil {
		t.Fatal(err)
	}
	one := bare(t, where)
	heads, _, err := one.Heads(t.Context(), strconv.FormatInt(time.Now().Add(time.Hour).UnixMicro(), 10))
	if err != nil || len(heads) == 0 {
		t.Errorf("Heads by the server's clock = %v, %v, want the name that was saved since", heads, err)
	}
	if _, _, err := one.Heads(t.Context(), "x"); err == nil {
		t.Error("Heads since a position of another storage gives no error")
	}
}
