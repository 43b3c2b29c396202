package dbbench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/go-prompty/prompty"
)

// text is the source of a template, of 1.8 kB, as a system prompt has.
func text(i int) string {
	return fmt.Sprintf("%04d ", i) + strings.Repeat("You answer the questions of customers, in plain and friendly words. ", 26)
}

var (
	tags     = []string{"support", "production"}
	metadata = map[string]string{"model": "small", "owner": "support"}
)

const author = "ann"

func template(name, source string) *prompty.StoredTemplate {
	return &prompty.StoredTemplate{Name: name, Source: source, Tags: tags, Metadata: metadata, CreatedBy: author}
}

// option adds an option to a connection string.
func option(name string) func(server, prefix string) string {
	return func(server, prefix string) string {
		mark := "?"
		if strings.Contains(server, "?") {
			mark = "&"
		}
		return server + mark + name + "=" + prefix
	}
}

// settle makes two places on a server, ours and the one by hand, with the same
// templates.
func (c *Config) settle(ctx context.Context, k kind, server string) (*setting, error) {
	prefix := fmt.Sprintf("dbbench%x_", rand.Uint64())
	set := &setting{Config: c, kind: k, place: k.place(server, prefix)}
	var err error
	if set.hand, err = k.open(ctx, server, prefix); err != nil {
		return nil, err
	}
	if set.s, err = prompty.OpenStorage(k.driver, set.place); err == nil {
		err = set.fill(ctx)
	}
	if err != nil {
		if set.s != nil {
			set.s.Close()
		}
		return nil, errors.Join(err, set.hand.close(ctx))
	}
	return set, nil
}

func (set *setting) fill(ctx context.Context) error {
	for i := range names + listed {
		name := name(i)
		if i >= names {
			name = listName(i - names)
		}
		if err := set.s.Save(ctx, template(name, text(i))); err != nil {
			return err
		}
		if _, err := set.hand.save(ctx, name, text(i)); err != nil {
			return fmt.Errorf("by hand: %w", err)
		}
		t, err := set.s.Get(ctx, name)
		if err != nil {
			return err
		}
		if source, err := set.hand.get(ctx, name); err != nil || source != t.Source || source != text(i) {
			return fmt.Errorf("%s: we read %.20q, and by hand it is %.20q, %v", name, t.Source, source, err)
		}
	}
	return nil
}
