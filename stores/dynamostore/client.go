package dynamostore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

const (
	patience     = 10 * time.Second // for one request, with what the SDK repeats of it
	dialPatience = 5 * time.Second
	mostAttempts = 6
	idleConns    = 64
)

// remote is the table, as seen through the network.
type remote struct {
	db        *dynamodb.Client
	streams   *dynamodbstreams.Client
	table     string
	keys      keys
	region    string
	endpoint  string // "": AWS
	transport *http.Transport
	clock     clock
}

func connect(ctx context.Context, c *connection) (*remote, error) {
	client := awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = dialPatience
	}).WithTransportOptions(func(t *http.Transport) {
		t.MaxConnsPerHost, t.MaxIdleConnsPerHost = c.maxConns, idleConns
	})
	options := []func(*config.LoadOptions) error{config.WithHTTPClient(client), config.WithRetryer(func() aws.Retryer { return newRetryer() })}
	if c.region != "" {
		options = append(options, config.WithRegion(c.region))
	}
	if c.profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.profile))
	}
	if c.secret != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.accessKey, c.secret, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("no region is set: write it as in dynamodb://eu-central-1/%s, or set AWS_REGION", c.table)
	}
	r := &remote{table: c.table, keys: c.keys, region: cfg.Region, endpoint: c.endpoint}
	if built, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok { // with what the configuration added
		r.transport = built.GetTransport()
		dial := r.transport.DialContext
		r.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			pprof.SetGoroutineLabels(context.Background()) // a connection outlives the call that it is made for
			return dial(ctx, network, address)
		}
		cfg.HTTPClient = &http.Client{Transport: r.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	cfg.Logger = logging.Nop{}
	cfg.APIOptions = append(cfg.APIOptions, r.clock.follow)
	if c.endpoint != "" {
		cfg.BaseEndpoint = &c.endpoint
	}
	r.db = dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = true // it takes the checksum of errors for wrong
	})
	r.streams = dynamodbstreams.NewFromConfig(cfg)
	return r, nil
}

func (r *remote) close() {
	if r.transport != nil {
		r.transport.CloseIdleConnections()
	}
}

// newRetryer repeats what the server asks to repeat, and what the connection
// lost: reads, and writes that carry a token by which they happen once.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = mostAttempts
		o.RateLimiter = ratelimit.None // the time for a call is limited instead
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return rand.N(25 * time.Millisecond << min(attempt, 6)), nil
		})
	})
}

// call does one request with a bounded time.
func call[I, O, P any](ctx context.Context, r *remote, action string, do func(context.Context, *I, ...func(*P)) (*O, error), in *I) (*O, error) {
	inner, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := do(inner, in)
	if err != nil {
		return nil, r.explain(inner, action, err)
	}
	return out, nil
}

// clock is our clock, set right where it is far from the server's, which the
// answers tell to the second.
type clock struct{ skew atomic.Int64 }

// tolerance is by how far clocks may differ.
const tolerance = 2 * time.Second

func (c *clock) follow(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("prompty:clock", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if skew, ok := awsmiddleware.GetAttemptSkew(metadata); ok && err == nil {
			if skew.Abs() <= tolerance {
				skew = 0
			}
			c.skew.Store(int64(skew))
		}
		return out, metadata, err
	}), middleware.After)
}

// now is the time, in whole microseconds.
func (c *clock) now() time.Time {
	return time.Now().Add(time.Duration(c.skew.Load())).UTC().Truncate(time.Microsecond)
}
