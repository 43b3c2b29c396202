package testserver

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy passes connections on to a server, and breaks them on demand.
type Proxy struct {
	network, target string
	address         string
	done            sync.WaitGroup // of all goroutines

	mu       sync.Mutex // guards the fields below
	listener net.Listener
	links    map[*link]struct{}
	flowing  chan struct{} // closed while bytes are passed on
	closed   bool
}

// A link is a connection that is passed on.
type link struct {
	client, server net.Conn
	cut            chan struct{} // closed when it is over
	once           sync.Once
}

// NewProxy starts a proxy before an address, on a port of 127.0.0.1. It ends with
// the test.
func NewProxy(t testing.TB, network, address string) *Proxy {
	t.Helper()
	p, err := newProxy(network, address, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

func newProxy(network, target, address string) (*Proxy, error) {
	p := &Proxy{network: network, target: target, links: make(map[*link]struct{}), flowing: make(chan struct{})}
	close(p.flowing)
	return p, p.listen(address)
}

// Addr returns host and port of the proxy.
func (p *Proxy) Addr() string { return p.address }

// Cut ends every connection that there is now, as a reset. New ones are passed on.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.end()
	}
}

// Refuse says whether new connections are refused, as when nobody listens. Those
// that there are go on.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	listener := p.listener
	if refuse {
		p.listener = nil
	}
	p.mu.Unlock()
	if refuse && listener != nil {
		listener.Close()
	} else if !refuse && listener == nil {
		if err := p.listen(p.address); err != nil {
			panic("testserver: " + err.Error())
		}
	}
}

// Stall says whether bytes stay where they are: connections live, and can be
// made, but nothing comes through.
func (p *Proxy) Stall(stall bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.flowing:
		if stall {
			p.flowing = make(chan struct{})
		}
	default:
		if !stall {
			close(p.flowing)
		}
	}
}

func (p *Proxy) listen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the proxy: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.address, p.listener = listener.Addr().String(), listener
	p.done.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.done.Go(func() { p.serve(client) })
		}
	})
	return nil
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial(p.network, p.target)
	if err != nil {
		client.Close()
		return
	}
	l := &link{client: client, server: server, cut: make(chan struct{})}
	p.mu.Lock()
	if p.closed {
		l.end()
	}
	p.links[l] = struct{}{}
	p.mu.Unlock()
	p.done.Go(func() { p.pass(l, server, client) })
	p.pass(l, client, server)
	l.end()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// pass copies one direction until either side ends.
func (p *Proxy) pass(l *link, to io.Writer, from io.Reader) {
	defer l.end()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		flowing := p.flowing
		p.mu.Unlock()
		select {
		case <-flowing:
		case <-l.cut:
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
		if err != nil {
			return
		}
	}
}

func (l *link) end() {
	l.once.Do(func() {
		close(l.cut)
		if tcp, ok := l.client.(*net.TCPConn); ok {
			tcp.SetLinger(0) // the client sees a reset, and at once
		}
		l.client.Close()
		l.server.Close()
	})
}

func (p *Proxy) close() {
	p.Refuse(true)
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Cut()
	p.done.Wait()
}
