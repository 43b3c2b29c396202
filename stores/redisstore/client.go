package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// client runs scripts.
type client struct {
	redis.UniversalClient
	prefix   string         // "{prompty}:", before every key
	patience time.Duration  // of a call without a deadline
	left     sync.WaitGroup // calls that nobody waits for any more
}

// key is the whole name of a key.
func (c *client) key(name string) string { return c.prefix + name }

// once is a command that must not be sent again when its answer is lost: the
// client library repeats all others.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// run runs a script for the templates of these names.
func (c *client) run(ctx context.Context, s *script, names []string, args ...any) (any, error) {
	inner := ctx
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeout(ctx, c.patience)
		defer cancel()
	}
	var value any
	err := backend.Retry(inner, transient, func() (err error) {
		value, err = c.send(inner, s, "evalsha", s.sha, names, args)
		if redis.HasErrorPrefix(err, "NOSCRIPT") { // a new server, or SCRIPT FLUSH
			value, err = c.send(inner, s, "eval", s.text, names, args)
		}
		return err
	})
	if err == nil || ctx.Err() != nil {
		return value, errors.Join(err) // the caller's context explains it
	}
	return nil, c.explain(err, s.writes)
}

// send sends a command, and waits for the answer or the end of ctx, which the
// client library does not do while it reads.
func (c *client) send(ctx context.Context, s *script, command, code string, names []string, args []any) (any, error) {
	line := make([]any, 0, 7+len(names)+len(args))
	line = append(line, command, code, 4+len(names), c.key("meta"), c.key("changes"), c.key("index"), c.key("gone"))
	for _, name := range names {
		line = append(line, c.key("t:"+name))
	}
	cmd := redis.NewCmd(ctx, append(line, args...)...)
	done := make(chan error, 1)
	c.left.Go(func() {
		if s.writes {
			done <- c.Process(ctx, once{cmd})
		} else {
			done <- c.Process(ctx, cmd)
		}
	})
	select {
	case err := <-done:
		return cmd.Val(), err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close ends the connections, and with them what is still under way.
func (c *client) close() error {
	err := c.Close()
	c.left.Wait()
	return err
}

// transient reports whether err says that the server did nothing, and soon may.
func transient(err error) bool {
	for _, code := range []string{"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"} {
		if answers(err, code) {
			return true
		}
	}
	return redis.IsMaxClientsError(err)
}

// answers reports whether err is the server's answer with that code, its own or
// that of a command in a script, as Redis 6 and 7 write it.
func answers(err error, code string) bool {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	text := answer.Error()
	return strings.HasPrefix(text, code+" ") || strings.Contains(text, ": -"+code+" ")
}

// texts turns the answer of a script into strings.
func texts(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("the server answered a script with %T; is it Redis?", value)
	}
	out := make([]string, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case string:
			out[i] = v
		case int64:
			out[i] = fmt.Sprint(v)
		default:
			return nil, fmt.Errorf("the server answered a script with %T; is it Redis?", v)
		}
	}
	return out, nil
}
