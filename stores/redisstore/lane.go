package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// lanes are the connections. The client library does not end a read with its
// context, only with its deadline, and does not say which connection a call is
// on; to hand every call to another goroutine would cost twice the call itself.
// So each lane is a client of its own with one connection, used by one call at a
// time: a call whose context ends has its connection closed under it.
type lanes struct {
	options *redis.Options
	turns   chan struct{} // full while all lanes are in use

	mu   sync.Mutex // guards free
	free []*lane
}

func newLanes(options *redis.Options, most int) *lanes {
	return &lanes{options: options, turns: make(chan struct{}, most)}
}

// lane is a client with one connection.
type lane struct {
	client *redis.Client
	end    func()        // closes the connection of a call whose context has ended
	ended  chan struct{} // told by end
	stop   func() bool   // end is not to be called any more; false: it was, or is

	mu    sync.Mutex // guards conns
	conns []net.Conn
}

// idleConns is far more than a lane has: as many failed dials in a row make the
// client library dial once a second only.
const idleConns = 100

func (p *lanes) open() *lane {
	l := &lane{ended: make(chan struct{}, 1)}
	l.end = func() { l.cut(); l.ended <- struct{}{} }
	o := *p.options
	dial := o.Dialer
	if dial == nil {
		dial = redis.NewDialer(&o)
	}
	o.Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return l.add(conn), nil
	}
	o.PoolSize, o.MinIdleConns, o.MaxActiveConns = idleConns, 0, 0
	l.client = redis.NewClient(&o)
	return l
}

// mostConns are remembered: a dial that nobody waits for any more can end while
// the next connection is in use.
const mostConns = 4

func (l *lane) add(conn net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns[max(0, len(l.conns)+1-mostConns):], conn)
	return conn
}

// cut ends what is under way.
func (l *lane) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		if t, ok := conn.(*tls.Conn); ok { // whose Close may wait to say goodbye
			conn = t.NetConn()
		}
		conn.Close()
	}
	l.conns = nil
}

// errNoTurn is that of a call that ended before it was its turn.
var errNoTurn = errors.New("all connections are in use (see max_conns)")

// take gives a lane, whose connection is closed when ctx ends. Without an end it
// waits no longer than patience for its turn.
func (p *lanes) take(ctx context.Context, patience time.Duration) (*lane, error) {
	select {
	case p.turns <- struct{}{}:
	default:
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case p.turns <- struct{}{}:
		case <-timer.C:
			return nil, errNoTurn
		case <-ctx.Done():
			return nil, errNoTurn
		}
	}
	p.mu.Lock()
	var l *lane
	if last := len(p.free) - 1; last >= 0 {
		l = p.free[last]
		p.free = p.free[:last]
	}
	p.mu.Unlock()
	if l == nil {
		l = p.open()
	}
	l.stop = context.AfterFunc(ctx, l.end)
	return l, nil
}

// give takes the lane back.
func (p *lanes) give(l *lane) {
	if !l.stop() {
		<-l.ended
	}
	p.mu.Lock()
	p.free = append(p.free, l)
	p.mu.Unlock()
	<-p.turns
}

// close closes all lanes. None is in use then.
func (p *lanes) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first error
	for _, l := range p.free {
		if err := l.client.Close(); first == nil {
			first = err
		}
	}
	p.free = nil
	return first
}
