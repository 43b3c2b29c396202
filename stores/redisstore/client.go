package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// client runs scripts on the server that holds the store.
type client struct {
	lanes    *lanes
	cluster  *redis.ClusterClient // knows which server that is; nil: there is one only
	prefix   string               // "{prompty}:", before every key
	fixed    []any                // the keys that every script is given
	patience time.Duration        // with a server that is not ready
	repeats  int                  // of a read whose connection was lost
	latest   latest
}

// key is the whole name of a key.
func (c *client) key(name string) string { return c.prefix + name }

// run runs a script for the templates of these names.
func (c *client) run(ctx context.Context, s *script, names []string, args ...any) (value any, err error) {
	err = c.do(ctx, s.writes, func(ctx context.Context, r *redis.Client) error {
		value, err = c.send(ctx, r, s, "evalsha", s.sha, names, args)
		if err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") { // a new server, or SCRIPT FLUSH
			value, err = c.send(ctx, r, s, "eval", s.text, names, args)
		}
		return err
	})
	return value, err
}

// do has fn send something: again while the server says that it soon may, and
// once more if the connection is lost and nothing is written by it.
func (c *client) do(ctx context.Context, writes bool, fn func(context.Context, *redis.Client) error) error {
	err := c.try(ctx, fn)
	for again := c.repeats; again > 0 && lost(err) && !writes && ctx.Err() == nil; again-- {
		err = c.try(ctx, fn)
	}
	if c.transient(err) {
		inner, cancel := context.WithTimeout(ctx, c.patience)
		defer cancel()
		err = backend.Retry(inner, c.transient, func() error {
			if e := c.try(inner, fn); inner.Err() == nil {
				err = e // and not that it has taken too long
			}
			return err
		})
	}
	if err == nil || ctx.Err() != nil {
		return err // the caller's context explains it
	}
	return c.explain(err, writes)
}

func (c *client) try(ctx context.Context, fn func(context.Context, *redis.Client) error) error {
	l, err := c.lanes.take(ctx, c.patience)
	if err != nil {
		return err
	}
	err = fn(ctx, l.client)
	if err != nil && c.cluster != nil && (moved(err) || unsent(err)) {
		c.cluster.ReloadState(ctx)
		l.cut()
	}
	c.lanes.give(l)
	return err
}

func (c *client) send(ctx context.Context, r *redis.Client, s *script, command, code string, names []string, args []any) (any, error) {
	fixed := c.fixed
	if s.lean {
		fixed = fixed[1:2]
	}
	line := make([]any, 0, 3+len(fixed)+len(names)+len(args))
	line = append(line, command, code, len(fixed)+len(names))
	line = append(line, fixed...)
	for _, name := range names {
		line = append(line, c.key("t:"+name))
	}
	cmd := redis.NewCmd(ctx, append(line, args...)...)
	err := r.Process(ctx, cmd)
	return cmd.Val(), err
}

// close ends the connections.
func (c *client) close() error {
	err := c.lanes.close()
	if c.cluster != nil {
		err = errors.Join(err, c.cluster.Close())
	}
	return err
}

// transient reports whether err says that the server did nothing, and soon may.
func (c *client) transient(err error) bool {
	if err == nil {
		return false
	}
	for _, code := range []string{"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"} {
		if answers(err, code) {
			return true
		}
	}
	return redis.IsMaxClientsError(err) || c.cluster != nil && moved(err)
}

// moved reports whether err says that another server of the cluster is to be
// asked.
func moved(err error) bool {
	return answers(err, "MOVED") || answers(err, "ASK") || answers(err, "READONLY")
}

// lost reports whether err is a connection's that broke, and not one that was
// too slow.
func lost(err error) bool {
	var answer redis.Error
	var slow net.Error
	return err != nil && !errors.As(err, &answer) && !(errors.As(err, &slow) && slow.Timeout()) && !errors.Is(err, errNoTurn)
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
		case nil: // there is no such field
		case int64:
			out[i] = strconv.FormatInt(v, 10)
		default:
			return nil, fmt.Errorf("the server answered a script with %T; is it Redis?", v)
		}
	}
	return out, nil
}
