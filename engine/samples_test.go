package engine_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/engine"
)

const (
	promptDir = "../testdata/prompts"
	goldenDir = "../testdata/golden/prompts"
	promptExt = ".prompty"
)

// promptNames returns the sample prompts' names, sorted.
func promptNames(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(promptDir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".prompty" {
			return filepath.SkipDir // what a storage that was opened here keeps
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != promptExt {
			return err
		}
		rel, err := filepath.Rel(promptDir, path)
		names = append(names, strings.TrimSuffix(filepath.ToSlash(rel), promptExt))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// promptLoader serves the sample prompts' folder as a storage would.
func promptLoader(eng *engine.Engine) engine.LoadFunc {
	return func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		if ref.Version != 0 {
			return nil, fmt.Errorf("%s: the folder has no versions", ref)
		}
		source, err := os.ReadFile(filepath.Join(promptDir, filepath.FromSlash(ref.Name)+promptExt))
		if err != nil {
			return nil, err
		}
		return eng.Parse(ref.Name, string(source))
	}
}

// TestSamplePrompts holds every sample prompt to what its users see: no issue,
// and the golden text from its own sample.
func TestSamplePrompts(t *testing.T) {
	t.Parallel()
	names := promptNames(t)
	if len(names) < 28 {
		t.Errorf("found %d sample prompts, want at least 28", len(names))
	}
	eng := engine.MustNew(engine.Config{})
	load := promptLoader(eng)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			tmpl, err := load(ctx, engine.Ref{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			for _, issue := range eng.Validate(ctx, name, tmpl.Source(), load) {
				t.Error(issue)
			}
			prog, err := eng.Link(ctx, tmpl, load)
			if err != nil {
				t.Fatal(err)
			}
			var data any
			if h := tmpl.Header(); h != nil && h.Sample != nil {
				data = h.Sample
			}
			out, err := prog.Render(ctx, data)
			if err != nil {
				t.Fatal(err)
			}
			messages, err := prog.Messages(ctx, data)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := joined(messages), squeeze(out); got != want {
				t.Errorf("the messages say %q, Render says %q", got, want)
			}
			compareGolden(t, filepath.Join(goldenDir, filepath.FromSlash(name)+".txt"), transcript(out, messages))
			checkReprinted(t, eng, tmpl, load, data, out)
		})
	}
}

// transcript is what the golden files hold: the text, or, of a chat, each
// message under a line with its role.
func transcript(out string, messages []engine.Message) string {
	if len(messages) == 1 && messages[0].Role == "user" {
		return out
	}
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "=== %s", m.Role)
		if m.Name != "" {
			fmt.Fprintf(&b, " (%s)", m.Name)
		}
		if m.Cache {
			b.WriteString(" [cache]")
		}
		fmt.Fprintf(&b, "\n%s\n", m.Content)
	}
	return b.String()
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./engine -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", path, diff)
	}
}

// checkReprinted renders the template's canonical text and expects the same.
func checkReprinted(t *testing.T, eng *engine.Engine, tmpl *engine.Template, load engine.LoadFunc, data any, want string) {
	t.Helper()
	checkPrint(t, eng, tmpl)
	again, err := eng.Parse(tmpl.Name(), tmpl.String())
	if err != nil {
		t.Fatal(err)
	}
	prog, err := eng.Link(t.Context(), again, load)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := prog.Render(t.Context(), data); err != nil || got != want {
		t.Errorf("the printed template renders %q, %v; want %q", got, err, want)
	}
}
