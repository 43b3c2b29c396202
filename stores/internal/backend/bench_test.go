package backend

import (
	"context"
	"testing"

	"github.com/go-prompty/prompty"
)

// BenchmarkGet is what the frame costs, beside its backend alone.
func BenchmarkGet(b *testing.B) {
	shelf := newShelf()
	s := New(shelf, Options{})
	defer s.Close()
	if err := s.Save(b.Context(), &prompty.StoredTemplate{Name: "doc", Source: "text"}); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, get := range map[string]func(context.Context, string) (*prompty.StoredTemplate, error){"frame": s.Get, "alone": shelf.Get} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := get(ctx, "doc"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
