package storetest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty"
)

// benchText is about as long as a system prompt with a few variables.
var benchText = strings.Repeat("You answer {~prompty.var name=\"customer\" /~} in two sentences, and name your source.\n", 24)

// Bench measures a backend: each method alone, reads from all cores, and 32
// savers of one name. A place holds 100 templates with 3 versions each.
func Bench(b *testing.B, open func(testing.TB) Place) {
	const templates, versions = 100, 3
	run := func(name string, fn func(b *testing.B, t *trial, s prompty.TemplateStorage)) {
		b.Run(name, func(b *testing.B) {
			t := &trial{TB: b, rule: "benchmark", claims: newClaims(nil), open: open}
			s := t.storage()
			for i := range templates * versions {
				t.saveText(s, fmt.Sprintf("folder%d/doc%d", i%10, i%templates), benchText+fmt.Sprint(i))
			}
			b.ReportAllocs()
			fn(b, t, s)
		})
	}
	each := func(name string, call func(*trial, prompty.TemplateStorage, *prompty.StoredTemplate) error) {
		run(name, func(b *testing.B, t *trial, s prompty.TemplateStorage) {
			saved := t.get(s, "folder7/doc7")
			for b.Loop() {
				if err := call(t, s, saved); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	ctx := b.Context()
	each("Get", func(_ *trial, s prompty.TemplateStorage, x *prompty.StoredTemplate) error {
		_, err := s.Get(ctx, x.Name)
		return err
	})
	each("GetVersion", func(_ *trial, s prompty.TemplateStorage, x *prompty.StoredTemplate) error {
		_, err := s.GetVersion(ctx, x.Name, 1)
		return err
	})
	each("GetByID", func(_ *trial, s prompty.TemplateStorage, x *prompty.StoredTemplate) error {
		_, err := s.GetByID(ctx, x.ID)
		return err
	})
	each("Exists", func(_ *trial, s prompty.TemplateStorage, x *prompty.StoredTemplate) error {
		_, err := s.Exists(ctx, x.Name)
		return err
	})
	each("List 100", func(_ *trial, s prompty.TemplateStorage, _ *prompty.StoredTemplate) error {
		_, err := s.List(ctx, nil)
		return err
	})
	each("List page of 10", func(_ *trial, s prompty.TemplateStorage, _ *prompty.StoredTemplate) error {
		_, err := s.List(ctx, &prompty.TemplateQuery{NamePrefix: "folder7/", Limit: 10})
		return err
	})
	each("Save", func(t *trial, s prompty.TemplateStorage, x *prompty.StoredTemplate) error {
		return s.Save(ctx, t.draft(x.Name, benchText))
	})
	run("Get by all cores", func(b *testing.B, t *trial, s prompty.TemplateStorage) {
		var next atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			name := fmt.Sprintf("folder%d/doc%[1]d", next.Add(1)%10)
			for pb.Next() {
				if _, err := s.Get(ctx, name); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
	run("Save of one name by 32", func(b *testing.B, t *trial, s prompty.TemplateStorage) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.Save(ctx, t.draft("one", benchText)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
