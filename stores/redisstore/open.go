package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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
	patience   = 10 * time.Second // of a call without a deadline, and of Open
	standard   = "prompty"        // key_prefix
	keepsGone  = 24 * time.Hour   // keep_deleted
	clusterTag = "-cluster"       // of a scheme
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

func open(connectionString string) (prompty.TemplateStorage, error) {
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
	b.client, err = connect(u, conns)
	if err != nil {
		if _, names, ok := strings.Cut(err.Error(), "unexpected option: "); ok {
			first, _, _ := strings.Cut(names, ",")
			return nil, values.Unknown(first)
		}
		return nil, err
	}
	b.prefix = "{" + prefix + "}:"
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
func connect(u *url.URL, conns int) (*client, error) {
	kind, cluster := strings.CutSuffix(u.Scheme, clusterTag)
	switch kind {
	case "redis", "rediss":
	case "unix":
		if !cluster {
			break
		}
		fallthrough
	default:
		return nil, errors.New("the connection string must begin with redis://, rediss:// (TLS), unix://, redis-cluster:// or rediss-cluster://")
	}
	plain := *u
	plain.Scheme = kind
	c := &client{patience: patience}
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if cluster {
		o, err := redis.ParseClusterURL(plain.String())
		if err != nil {
			return nil, err
		}
		o.ReadOnly, o.RouteByLatency, o.RouteRandomly = false, false, false // a replica may not know yet what was saved
		o.ContextTimeoutEnabled, o.DisableIdentity, o.MaintNotificationsConfig = true, true, quiet
		o.PipelinePoolSize = -1
		if o.DialerRetries == 0 {
			o.DialerRetries = 1
		}
		if conns > 0 {
			o.PoolSize, o.MaxActiveConns = conns, conns
		}
		c.patience = max(c.patience, o.ReadTimeout+2*time.Second)
		c.UniversalClient = redis.NewClusterClient(o)
		return c, nil
	}
	o, err := redis.ParseURL(plain.String())
	if err != nil {
		return nil, err
	}
	o.ContextTimeoutEnabled, o.DisableIdentity, o.MaintNotificationsConfig = true, true, quiet
	o.PipelinePoolSize, o.DialerRetries = -1, 1
	if o.MaxRetries == 0 {
		o.MaxRetries = 1
	}
	if conns > 0 {
		o.PoolSize, o.MaxActiveConns = conns, conns
	}
	c.patience = max(c.patience, o.ReadTimeout+2*time.Second)
	c.UniversalClient = redis.NewClient(o)
	return c, nil
}

// prepare refuses a server that cannot keep templates, and makes the store.
func (b *store) prepare(ctx context.Context) error {
	facts, err := b.facts(ctx, "memory")
	if err != nil && !answers(err, "NOPERM") { // who may not ask is believed
		return b.explain(err, false)
	}
	if policy := facts["maxmemory_policy"]; strings.HasPrefix(policy, "allkeys-") {
		return fmt.Errorf("the server evicts any key when its memory is full (maxmemory-policy %s), and so would lose templates: `redis-cli CONFIG SET maxmemory-policy noeviction`, and set it in redis.conf", policy)
	}
	return b.initialize(ctx)
}
