package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/transfer"
)

// hidings are destinations with more and less than memory can do.
var hidings = map[string]func(prompty.TemplateStorage) prompty.TemplateStorage{
	"plain":       func(s prompty.TemplateStorage) prompty.TemplateStorage { return struct{ prompty.TemplateStorage }{s} },
	"conditional": func(s prompty.TemplateStorage) prompty.TemplateStorage { return conditional{s} },
	"batches":     func(s prompty.TemplateStorage) prompty.TemplateStorage { return batches{s} },
	"each":        func(s prompty.TemplateStorage) prompty.TemplateStorage { return each{s} },
	"few":         func(s prompty.TemplateStorage) prompty.TemplateStorage { return few{s} },
}

type conditional struct{ prompty.TemplateStorage }

func (c conditional) SaveIf(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	return prompty.SaveIf(ctx, c.TemplateStorage, t, base)
}

type batches struct{ prompty.TemplateStorage }

func (b batches) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	return prompty.SaveAll(ctx, b.TemplateStorage, list)
}

type each struct{ prompty.TemplateStorage }

func (e each) SaveEach(ctx context.Context, list []*prompty.StoredTemplate) error {
	return prompty.SaveAll(ctx, e.TemplateStorage, list)
}

// few is a destination with a limit to what goes into one step.
type few struct{ prompty.TemplateStorage }

func (f few) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	if len(list) > 3 {
		return fmt.Errorf("%w: %d templates, the most is 3", errors.ErrUnsupported, len(list))
	}
	return prompty.SaveAll(ctx, f.TemplateStorage, list)
}

var errBroken = errors.New("the line is dead")

// failing breaks at a call, before or after it has done its work, and stays
// broken, as what was killed does.
type failing struct {
	prompty.TemplateStorage
	left  *atomic.Int64
	after bool
}

func (f failing) do(call func() error) error {
	switch left := f.left.Add(-1); {
	case left > 0:
		return call()
	case left == 0 && f.after:
		_ = call()
	}
	return errBroken
}

func (f failing) Save(ctx context.Context, t *prompty.StoredTemplate) error {
	return f.do(func() error { return f.TemplateStorage.Save(ctx, t) })
}

func (f failing) SaveIf(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	return f.do(func() error { return prompty.SaveIf(ctx, f.TemplateStorage, t, base) })
}

func (f failing) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	return f.do(func() error { return prompty.SaveAll(ctx, f.TemplateStorage, list) })
}

func (f failing) DeleteVersion(ctx context.Context, name string, version int) error {
	return f.do(func() error { return f.TemplateStorage.DeleteVersion(ctx, name, version) })
}

func (f failing) ListVersions(ctx context.Context, name string) (list []int, err error) {
	err = f.do(func() error { list, err = f.TemplateStorage.ListVersions(ctx, name); return err })
	return list, err
}

func (f failing) GetVersion(ctx context.Context, name string, version int) (t *prompty.StoredTemplate, err error) {
	err = f.do(func() error { t, err = f.TemplateStorage.GetVersion(ctx, name, version); return err })
	return t, err
}

// TestBreaksAnywhere breaks the destination at the i-th call, for every i, and
// goes on with a whole one: nothing is doubled and nothing is missing.
func TestBreaksAnywhere(t *testing.T) {
	t.Parallel()
	src := prompty.NewMemoryStorage()
	fill(t, src)
	for kind, hide := range hidings {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, after), func(t *testing.T) {
				t.Parallel()
				for i := 1; ; i++ {
					dst, left := prompty.NewMemoryStorage(), new(atomic.Int64)
					left.Store(int64(i))
					opts := transfer.Options{BatchVersions: 4, Reopen: in(dst)}
					report, err := transfer.Copy(t.Context(), src, hide(failing{dst, left, after}), opts)
					if err == nil {
						if i < 15 {
							t.Errorf("only %d calls are made", i)
						}
						break
					}
					if !errors.Is(err, errBroken) {
						t.Fatalf("call %d: %v", i, err)
					}
					again := copyAll(t, src, in(dst), opts)
					same(t, src, dst)
					if sum := again.Copied + again.Present; sum != 17 || again.Copied > again.Verified || again.Present < report.Copied || len(again.Problems) > 0 {
						t.Fatalf("call %d: %+v, then %+v", i, report, again)
					}
				}
			})
		}
	}
}

// TestEnded ends the context at each step; what is done stays, and the next
// run goes on.
func TestEnded(t *testing.T) {
	t.Parallel()
	src := prompty.NewMemoryStorage()
	fill(t, src)
	for i := 1; ; i++ {
		ctx, cancel := context.WithCancel(t.Context())
		left := i
		dst := prompty.NewMemoryStorage()
		report, err := transfer.Copy(ctx, src, dst, transfer.Options{BatchVersions: 3, Reopen: in(dst), Progress: func(transfer.Progress) {
			if left--; left == 0 {
				cancel()
			}
		}})
		ended := ctx.Err() != nil
		cancel()
		if !ended {
			if i < 10 {
				t.Errorf("progress was told %d times", i)
			}
			break
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if n := len(everything(t, dst)); n != report.Copied {
			t.Fatalf("%d versions are there, the report says %d", n, report.Copied)
		}
		copyAll(t, src, in(dst), transfer.Options{})
		same(t, src, dst)
	}
}

// TestSomebodySaves has another writer come between two steps.
func TestSomebodySaves(t *testing.T) {
	t.Parallel()
	for kind, hide := range hidings {
		t.Run(kind, func(t *testing.T) {
			src, dst := prompty.NewMemoryStorage(), prompty.NewMemoryStorage()
			fill(t, src)
			between := 0
			opts := transfer.Options{BatchVersions: 2, Reopen: in(dst), Progress: func(p transfer.Progress) {
				if p.Name == "gaps" && p.Phase == transfer.Copying && p.Versions == 10 {
					between++
					if err := dst.Save(t.Context(), &prompty.StoredTemplate{Name: "gaps", Source: "mine"}); err != nil {
						t.Error(err)
					}
				}
			}}
			report, err := transfer.Copy(t.Context(), src, hide(dst), opts)
			if err != nil || between == 0 {
				t.Fatal(err, between)
			}
			if len(report.Problems) == 0 || report.Problems[0].Name != "gaps" || report.Problems[0].Kind != transfer.Conflict {
				t.Errorf("the problems are %v", report.Problems)
			}
			if latest, err := dst.Get(t.Context(), "gaps"); err != nil || latest.Source != "mine" {
				t.Errorf("the latest is %+v, %v", latest, err)
			}
			if _, err := dst.Get(t.Context(), "support/texts"); err != nil {
				t.Errorf("what comes after is not copied: %v", err)
			}
		})
	}
}

// TestSomebodySavesAlong has another writer come in just before the step, where
// nothing can be known of it: the copy ends instead of going on like that.
func TestSomebodySavesAlong(t *testing.T) {
	t.Parallel()
	src, dst := prompty.NewMemoryStorage(), prompty.NewMemoryStorage()
	for i := range 20 {
		if err := src.Save(t.Context(), &prompty.StoredTemplate{Name: fmt.Sprintf("p%02d", i), Source: "text"}); err != nil {
			t.Fatal(err)
		}
	}
	report, err := transfer.Copy(t.Context(), src, beside{dst}, transfer.Options{BatchVersions: 4, Reopen: in(dst)})
	if err == nil || len(report.Problems) != 4 || report.Copied != 0 {
		t.Errorf("report %+v, error %v", report, err)
	}
	for _, latest := range everything(t, dst) {
		if latest.Version != 1 || latest.Source != "theirs" {
			t.Errorf("there is %+v", latest)
		}
	}
	if n := len(everything(t, dst)); n != 4 {
		t.Errorf("%d versions are there, want the 4 of the first step", n)
	}
}

// beside is a destination into which somebody else copies the same.
type beside struct{ prompty.TemplateStorage }

func (b beside) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	for _, t := range list {
		if err := b.Save(ctx, &prompty.StoredTemplate{Name: t.Name, Source: "theirs"}); err != nil {
			return err
		}
	}
	return prompty.SaveAll(ctx, b.TemplateStorage, list)
}

// TestBounded looks at how much comes in one step.
func TestBounded(t *testing.T) {
	t.Parallel()
	src := prompty.NewMemoryStorage()
	long := make([]byte, 1000)
	for i := range long {
		long[i] = 'x'
	}
	for i := range 40 {
		if err := src.Save(t.Context(), &prompty.StoredTemplate{Name: "many", Source: fmt.Sprint(string(long), i)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ versions, bytes, most, steps int }{
		{7, 1 << 20, 7, 6}, {100, 5000, 4, 10}, {100, 1, 1, 40}, {0, 0, 40, 1},
	} {
		var steps []int
		dst := prompty.NewMemoryStorage()
		copyAll(t, src, func() (prompty.TemplateStorage, error) {
			return counting{unclosed{dst}, &steps}, nil
		}, transfer.Options{BatchVersions: test.versions, BatchBytes: test.bytes})
		same(t, src, dst)
		if len(steps) != test.steps {
			t.Errorf("%+v: steps %v", test, steps)
		}
		for _, n := range steps {
			if n > test.most {
				t.Errorf("%+v: a step of %d", test, n)
			}
		}
	}
}

// TestWholePrompts wants a prompt in one step wherever it fits into one.
func TestWholePrompts(t *testing.T) {
	t.Parallel()
	src, dst := prompty.NewMemoryStorage(), prompty.NewMemoryStorage()
	for i := range 10 {
		for range 1 + i%3 {
			if err := src.Save(t.Context(), &prompty.StoredTemplate{Name: fmt.Sprint("p", i), Source: "text"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var steps []int
	copyAll(t, src, func() (prompty.TemplateStorage, error) {
		return counting{unclosed{dst}, &steps}, nil
	}, transfer.Options{BatchVersions: 4})
	if diff := cmp.Diff([]int{3, 4, 2, 4, 2, 4}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

type counting struct {
	unclosed
	steps *[]int
}

func (c counting) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	*c.steps = append(*c.steps, len(list))
	return prompty.SaveAll(ctx, c.unclosed, list)
}

// forgetful is a destination that, opened again, is not as it was written.
type forgetful struct {
	unclosed
	change func(*prompty.StoredTemplate) error
}

func (f forgetful) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	t, err := f.unclosed.GetVersion(ctx, name, version)
	if err == nil && name == "by" && version == 2 {
		err = f.change(t)
	}
	return t, err
}

func TestVerify(t *testing.T) {
	t.Parallel()
	src := prompty.NewMemoryStorage()
	fill(t, src)
	tests := map[string]struct {
		change func(*prompty.StoredTemplate) error
		want   []string
		err    error
	}{
		"equal":  {func(*prompty.StoredTemplate) error { return nil }, nil, nil},
		"other":  {func(t *prompty.StoredTemplate) error { t.Source += "."; return nil }, []string{"by@2: it was written, but its text differs"}, nil},
		"gone":   {func(*prompty.StoredTemplate) error { return prompty.ErrVersionNotFound }, []string{"by@2: it was written, but is not there"}, nil},
		"broken": {func(*prompty.StoredTemplate) error { return errBroken }, nil, errBroken},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dst := prompty.NewMemoryStorage()
			report, err := transfer.Copy(t.Context(), src, dst, transfer.Options{Reopen: func() (prompty.TemplateStorage, error) {
				return forgetful{unclosed{dst}, test.change}, nil
			}})
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			var got []string
			for _, p := range report.Problems {
				got = append(got, p.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	_, err := transfer.Copy(t.Context(), src, prompty.NewMemoryStorage(), transfer.Options{Reopen: func() (prompty.TemplateStorage, error) {
		return nil, errBroken
	}})
	if !errors.Is(err, errBroken) {
		t.Errorf("a destination that cannot be opened again gives %v", err)
	}
}
