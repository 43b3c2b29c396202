package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

const driverName = "redis"

func init() { prompty.RegisterStorageDriver(driverName, driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

const (
	patience  = 10 * time.Second // with a server that is not ready, and of Open
	standard  = "prompty"        // key_prefix
	keepsGone = 24 * time.Hour   // keep_deleted

	usualConns = 40 // max_conns; that many savers at once need not wait for each other
)

// Open opens the store at a connection string, as the package comment describes
// it, and creates it if it is not there.
func Open(connectionString string) (prompty.TemplateStorage, error) {
	s, err := open(connectionString)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: driverName, Err: err}
	}
	return s, nil
}

// errForm is the error for what names no server: without the slashes the client
// library would take it for localhost.
var errForm = errors.New("the connection string must begin with redis://, rediss:// (TLS), unix://, redis-cluster:// or rediss-cluster://")

func open(connectionString string) (prompty.TemplateStorage, error) {
	if err := backend.CheckURL(connectionString); err != nil {
		return nil, err
	}
	if !strings.Contains(connectionString, "://") {
		return nil, errForm
	}
	u, err := url.Parse(connectionString)
	if err != nil { // which shows the password
		return nil, errors.New("the connection string is no URL, such as redis://user:password@host:6379/0; special characters of a password are written as %XX")
	}
	values := backend.NewValues(u.Query())
	b := &store{}
	prefix := values.Prefix("key_prefix", standard)
	if prefix == "" {
		return nil, errors.New("option key_prefix: it must not be empty, as it keeps all keys in one slot of a cluster")
	}
	b.manual = values.Manual()
	b.keep = values.Duration("keep_deleted", keepsGone)
	conns := values.Int("max_conns", 0, 1, 10000)
	watch := values.Watch(time.Second)
	if err := values.Err(); err != nil {
		return nil, err
	}
	u.RawQuery = values.Left().Encode()
	b.client, err = connect(u, "{"+prefix+"}:", conns)
	if err != nil {
		if _, names, ok := strings.Cut(err.Error(), "unexpected option: "); ok {
			first, _, _ := strings.Cut(names, ",")
			return nil, values.Unknown(first)
		}
		return nil, err
	}
	b.reader = reader{client: b.client}
	password, _ := u.User.Password()
	secrets := []string{password, url.QueryEscape(password), url.PathEscape(password)}
	b.location = u.Scheme + "://" + u.Host + u.Path + " " + b.prefix + "*"
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.prepare(ctx); err != nil {
		b.Close()
		return nil, backend.Redact(err, secrets...)
	}
	return backend.New(b, backend.Options{Driver: driverName, Secrets: secrets, Watch: watch}), nil
}

// connect makes the client; it dials when it is used.
func connect(u *url.URL, prefix string, conns int) (*client, error) {
	c := &client{prefix: prefix}
	c.fixed = []any{c.key("meta"), c.key("changes"), c.key("index"), c.key("gone")}
	plain := *u
	var cluster bool
	plain.Scheme, cluster = strings.CutSuffix(u.Scheme, "-cluster")
	var o *redis.Options
	var err error
	switch {
	case plain.Scheme == "redis", plain.Scheme == "rediss", plain.Scheme == "unix" && !cluster:
	default:
		return nil, errForm
	}
	if cluster {
		o, err = c.follow(plain.String())
	} else {
		o, err = redis.ParseURL(plain.String())
	}
	if err != nil {
		return nil, err
	}
	if conns == 0 {
		if conns = o.PoolSize; conns <= 0 {
			conns = max(usualConns, 10*runtime.GOMAXPROCS(0))
		}
	}
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaintNotificationsConfig = noMaintenance()
	o.PipelinePoolSize, o.DialerRetries = -1, 1
	if c.repeats = o.MaxRetries; c.repeats == 0 {
		c.repeats = 1
	}
	o.MaxRetries = -1 // the library would repeat what was written, and wait again after it has waited too long
	if o.Protocol == 0 {
		o.Protocol = 2 // version 3 has more to look for in each answer, and nothing for us
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = 3 * time.Second
	}
	c.patience = patience
	c.lanes = newLanes(o, conns)
	return c, nil
}

// noMaintenance leaves out what some services tell of their maintenance: it takes
// version 3 of the protocol, and a command that a user may not have.
func noMaintenance() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// follow makes connections go to that server of a cluster which has the store.
// All keys are in one slot, so it is one server at a time.
func (c *client) follow(connectionString string) (*redis.Options, error) {
	o, err := redis.ParseClusterURL(connectionString)
	if err != nil {
		return nil, err
	}
	o.DisableIdentity, o.MaintNotificationsConfig = true, noMaintenance()
	c.cluster = redis.NewClusterClient(o)
	return &redis.Options{
		ClientName: o.ClientName, Protocol: o.Protocol, Username: o.Username, Password: o.Password, PoolSize: o.PoolSize,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		MaxRetries:      o.MaxRetries,
		ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime,
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			node, err := c.cluster.MasterForKey(ctx, c.key("meta"))
			if err != nil {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
			}
			return redis.NewDialer(node.Options())(ctx, node.Options().Network, node.Options().Addr)
		},
	}, nil
}

// prepare refuses a server that cannot keep templates, and makes the store.
func (b *store) prepare(ctx context.Context) error {
	facts, err := b.facts(ctx, "memory")
	if err != nil && !answers(err, "NOPERM") { // who may not ask is believed
		return err
	}
	if policy := facts["maxmemory_policy"]; strings.HasPrefix(policy, "allkeys-") {
		return fmt.Errorf("the server evicts any key when its memory is full (maxmemory-policy %s), and so would lose templates: `redis-cli CONFIG SET maxmemory-policy noeviction`, and set it in redis.conf", policy)
	}
	return b.initialize(ctx)
}
