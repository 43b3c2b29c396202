package cli

import (
	"bytes"
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// interrupted is a storage at whose second save somebody types Ctrl-C, or the
// disk is full.
type interrupted struct {
	prompty.TemplateStorage
	at    func() error
	saves int
}

func (s *interrupted) Save(ctx context.Context, t *prompty.StoredTemplate) error {
	if s.saves++; s.saves == 2 {
		return s.at()
	}
	return s.TemplateStorage.Save(ctx, t)
}

// TestFormatStopped stops fmt in the middle: what was written is listed.
func TestFormatStopped(t *testing.T) {
	t.Parallel()
	for _, json := range []bool{false, true} {
		for _, signal := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			memory := prompty.NewMemoryStorage()
			defer memory.Close()
			var list []*rewrite
			for _, name := range []string{"a", "b", "c"} {
				stored := &prompty.StoredTemplate{Name: name, Source: `{~prompty.var  name="x" /~}`}
				if err := memory.Save(ctx, stored); err != nil {
					t.Fatal(err)
				}
				list = append(list, &rewrite{name: name, old: stored.Source, stored: stored})
			}
			s := &interrupted{TemplateStorage: memory, at: func() error {
				if signal {
					cancel(&endedBy{syscall.SIGINT})
					return ctx.Err()
				}
				return syscall.ENOSPC
			}}
			var stdout, stderr bytes.Buffer
			a := &app{stdout: &stdout, stderr: &stderr}
			job := &formatting{app: a, flags: &fmtFlags{write: true, json: json}, engine: engine.MustNew(engine.Config{}), results: []formatted{}}
			err := job.run(ctx, s, list)
			cancel(nil)
			want, told := errFindings, "prompty: no space left on device\nhint: make room on that disk, then do it again\n"
			if signal {
				told = "prompty: stopped: 1 formatted, of 3 prompts; the same command goes on from there\n"
				var by *endedBy
				if !errors.As(err, &by) || by.exitCode() != 130 {
					t.Errorf("run = %v", err)
				}
			} else if err != want {
				t.Errorf("run = %v, want %v", err, want)
			}
			if !signal { // else it is written already
				a.flush()
			}
			listed := "a@2\n"
			if json {
				listed = "[\n  {\n    \"name\": \"a\",\n    \"version\": 2,\n    \"status\": \"formatted\"\n  }\n]\n"
			}
			if stdout.String() != listed || stderr.String() != told {
				t.Errorf("signal %t: stdout %q, stderr %q", signal, &stdout, &stderr)
			}
		}
	}
}
