package prompty_test

import (
	"os"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/fsstore"
	"github.com/go-prompty/prompty/promptfile"
)

// BenchmarkExecute renders a prompt of testdata/prompts from its own sample:
// through each kind of storage, and by its program alone, which is what the
// storages' share is measured against.
func BenchmarkExecute(b *testing.B) {
	const name = "support/assistant"
	dir := b.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/prompts")); err != nil {
		b.Fatal(err)
	}
	files, err := fsstore.Open(dir, fsstore.Options{Sync: fsstore.SyncNone})
	if err != nil {
		b.Fatal(err)
	}
	defer files.Close()
	memory := prompty.NewMemoryStorage()
	list, err := files.List(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	var data map[string]any
	for _, t := range list {
		if err := memory.Save(b.Context(), t); err != nil {
			b.Fatal(err)
		}
		if t.Name == name {
			header, err := promptfile.ParseHeader(name, t.Source)
			if err != nil {
				b.Fatal(err)
			}
			data = header.Sample
		}
	}
	for _, s := range []struct {
		kind    string
		storage prompty.TemplateStorage
	}{
		{"memory", memory}, {"filesystem", files},
		{"cached", prompty.NewCachedStorage(files, prompty.CacheConfig{})},
	} {
		se := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: s.storage})
		b.Run(s.kind, func(b *testing.B) {
			dst := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := se.AppendExecute(b.Context(), dst, name, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("program", func(b *testing.B) {
		source, err := memory.Get(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		eng := engine.MustNew(engine.Config{})
		t, err := eng.Parse(name, source.Source)
		if err != nil {
			b.Fatal(err)
		}
		p, err := eng.Link(b.Context(), t, nil)
		if err != nil {
			b.Fatal(err)
		}
		dst := make([]byte, 0, 4096)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Append(b.Context(), dst, data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
