package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// headsChunk is how many names one script is asked for.
const headsChunk = 2000

// Heads implements [backend.Backend]. The position is the number of a change;
// each name is kept under its last one, so an answer holds what changed later,
// and nothing else.
func (b *store) Heads(ctx context.Context, since string) ([]backend.Head, string, error) {
	if since == "" {
		since = "0"
	}
	var heads []backend.Head
	for {
		value, err := b.run(ctx, headsScript, nil, since, headsChunk)
		if err != nil {
			return nil, "", err
		}
		answer, err := texts(value)
		if err != nil {
			return nil, "", err
		}
		if len(answer)%3 != 1 {
			return nil, "", fmt.Errorf("the server answered with %d values for changes; is it Redis?", len(answer))
		}
		seq := answer[0]
		answer = answer[1:]
		for i := 0; i < len(answer); i += 3 {
			version, err := strconv.Atoi(answer[i+1])
			if err != nil {
				return nil, "", b.damaged(answer[i], "latest", err)
			}
			change, err := strconv.ParseInt(answer[i+2], 10, 64)
			if err != nil {
				return nil, "", b.damaged(answer[i], "change", err)
			}
			heads = append(heads, backend.Head{Name: answer[i], Version: version, Change: change})
			since = answer[i+2]
		}
		if len(answer) < 3*headsChunk {
			return heads, seq, nil
		}
	}
}

// quiet is how long the connection on which changes are told may be silent
// before it is tried, and how long the answer may take.
const quiet = 3 * time.Second

// Listen implements [backend.Listener]. It has a lane of its own, whose
// connection the end of ctx closes.
func (b *store) Listen(ctx context.Context, armed, changed func()) error {
	l := b.lanes.open()
	defer l.client.Close()
	sub := l.client.Subscribe(ctx)
	defer sub.Close()
	stop := context.AfterFunc(ctx, func() { l.cut() })
	defer stop()
	if err := sub.Subscribe(ctx, b.key("changes")); err != nil {
		return b.explain(err, false)
	}
	for tried := false; ; {
		message, err := sub.ReceiveTimeout(ctx, quiet)
		if err != nil {
			var timeout net.Error
			if ctx.Err() != nil || tried || !errors.As(err, &timeout) || !timeout.Timeout() {
				return b.explain(err, false)
			}
			tried = true
			if err := sub.Ping(ctx); err != nil {
				return b.explain(err, false)
			}
			continue
		}
		tried = false
		switch message.(type) {
		case *redis.Subscription:
			armed()
		case *redis.Message:
			changed()
		}
	}
}
