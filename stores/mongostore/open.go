package mongostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

const (
	driverName      = "mongodb"
	standardPrefix  = "prompty_"
	standardPoll    = time.Second
	standardTimeout = 10 * time.Second // of one command
)

func init() { prompty.RegisterStorageDriver(driverName, driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

// Open opens the storage at a connection string; the package comment says what
// may be in it. It connects, and sees to the schema.
func Open(connectionString string) (prompty.TemplateStorage, error) {
	p, err := parseURL(connectionString)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: driverName, Err: backend.Redact(err, p.secrets...)}
	}
	s, err := connect(p)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: driverName, Err: backend.Redact(err, p.secrets...)}
	}
	o := backend.Options{Driver: driverName, Secrets: p.secrets, Watch: p.watch}
	if s.streams {
		return backend.New(streaming{s}, o), nil
	}
	return backend.New(s, o), nil
}

// place is what a connection string says.
type place struct {
	client   *options.ClientOptions
	hosts    string // without user and password
	database string
	prefix   string
	manual   bool
	majority bool // writes wait for a majority
	timeout  time.Duration
	watch    backend.WatchOptions
	secrets  []string
}

// parseURL takes our options out of a connection string and gives the rest to
// the driver. net/url refuses several hosts, so it is cut by hand.
func parseURL(text string) (p place, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "mongodb" && scheme != "mongodb+srv" {
		return p, errors.New(`want mongodb://[user:password@]host[:port][,host…]/[database][?options], or mongodb+srv://…`)
	}
	if err := backend.CheckURL(text); err != nil {
		return p, err
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 { // a password may hold a slash, though it should not
		_, hosts, _ = strings.Cut(rest[i:], "@")
		hosts, path, _ = strings.Cut(hosts, "/")
		_, password, _ := strings.Cut(rest[:i], ":")
		plain, _ := url.PathUnescape(password)
		p.secrets = []string{password, plain}
	}
	p.hosts = hosts
	name, err := url.PathUnescape(path)
	if err != nil {
		return p, fmt.Errorf("the database's name in the connection string: %w", err)
	}
	p.database = cmp.Or(name, "prompty")
	values, err := url.ParseQuery(query)
	if err != nil {
		return p, fmt.Errorf("the options in the connection string: %w", err)
	}
	for name, list := range values {
		if name = strings.ToLower(name); strings.Contains(name, "password") || name == "authmechanismproperties" {
			p.secrets = append(p.secrets, list...)
		}
	}
	v := backend.NewValues(values)
	p.prefix = v.Prefix("collection_prefix", standardPrefix)
	p.watch = v.Watch(standardPoll)
	p.manual = v.Manual()
	conns := v.Int("max_conns", 0, 1, 10000)
	if err := v.Err(); err != nil {
		return p, err
	}
	left := v.Left()
	known, err := connstring.Parse("mongodb://localhost/?" + left.Encode())
	if err != nil {
		return p, err
	}
	for name := range known.UnknownOptions {
		return p, v.Unknown(name)
	}
	p.client = options.Client().ApplyURI(scheme + "://" + rest + slash(rest) + "?" + left.Encode())
	if err := p.client.Validate(); err != nil {
		return p, err
	}
	if conns > 0 {
		p.client.SetMaxPoolSize(uint64(conns)).SetMinPoolSize(0)
	}
	return p, p.settle(known)
}

// slash is what the driver wants between the hosts and the options.
func slash(rest string) string {
	if i := strings.LastIndexByte(rest, '@'); strings.Contains(rest[i+1:], "/") {
		return ""
	}
	return "/"
}

// settle sees to it that a read finds what was acknowledged before, whoever saved
// it, unless the connection string asks for less durability than we do.
func (p *place) settle(c *connstring.ConnString) error {
	if c.ReadPreference != "" && !strings.EqualFold(c.ReadPreference, "primary") {
		return fmt.Errorf("readPreference=%s: secondaries may not have yet what has been saved; leave the option out, reads go to the primary", c.ReadPreference)
	}
	levels := []string{"", "majority", "linearizable"}
	if !slices.Contains(levels, strings.ToLower(c.ReadConcernLevel)) {
		return fmt.Errorf("readConcernLevel=%s may show what is lost later, or hide what has been saved; leave the option out, or use linearizable", c.ReadConcernLevel)
	}
	p.client.SetReadPreference(readpref.Primary())
	p.majority = !c.WNumberSet && (c.WString == "" || c.WString == "majority")
	w := p.client.WriteConcern
	if w == nil {
		w = &writeconcern.WriteConcern{}
	}
	if w.W == nil {
		w.W = "majority"
	}
	if w.Acknowledged() && w.Journal == nil {
		sync := true
		w.Journal = &sync
	}
	if !w.Acknowledged() {
		return errors.New("w=0: a save would be acknowledged before it is one; leave the option out")
	}
	p.client.SetWriteConcern(w)
	if !c.ServerSelectionTimeoutSet {
		p.client.SetServerSelectionTimeout(standardTimeout)
	}
	if !c.ConnectTimeoutSet {
		p.client.SetConnectTimeout(standardTimeout)
	}
	p.timeout = standardTimeout
	if p.client.Timeout != nil && *p.client.Timeout > 0 {
		p.timeout = *p.client.Timeout
	}
	if p.client.AppName == nil {
		p.client.SetAppName("prompty")
	}
	return nil
}

// connect reaches the server, learns what it is, and sees to the schema.
func connect(p place) (*store, error) {
	client, err := mongo.Connect(p.client)
	if err != nil {
		return nil, err
	}
	s := newStore(client, p)
	ctx, cancel := context.WithTimeout(context.Background(), standardTimeout)
	defer cancel()
	err = s.greet(ctx)
	if err == nil {
		err = s.ensure(ctx, p.manual)
	}
	if err != nil {
		err = s.explain(err)
		s.Close()
		return nil, err
	}
	s.tidy.begin()
	return s, nil
}

// server is what we need to know of the server.
type server struct {
	name    string // and version
	set     string // the replica set's name; "" without one
	sharded bool
	streams bool // it has change streams
	exact   bool // it can look for one _id, or else at all documents: FerretDB 1
}

// greet asks the server what it is.
func (s *store) greet(ctx context.Context) error {
	hello, err := s.clock.measure(ctx, s.admin)
	if err != nil {
		return err
	}
	if !hello.Writable {
		return fmt.Errorf("%w: the server is a secondary, which may lack what has been saved; connect to the replica set (its hosts, and no directConnection=true)", prompty.ErrReadOnly)
	}
	var info struct {
		Version  string `bson:"version"`
		FerretDB string `bson:"ferretdbVersion"`
	}
	if err := s.admin.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info); err != nil {
		return err
	}
	s.server = server{name: "MongoDB " + info.Version, set: hello.SetName, sharded: hello.Message == "isdbgrid"}
	s.streams = s.set != "" || s.sharded
	if info.FerretDB != "" {
		s.name, s.exact, s.streams = "FerretDB 1, as MongoDB "+info.Version, true, false
	}
	if s.streams && s.majority && s.readConcern == nil {
		s.readConcern = readconcern.Majority()
	}
	s.use()
	return nil
}

// use makes the handles of the collection.
func (s *store) use() {
	name := s.prefix + collectionName
	s.events = s.database.Collection(name, options.Collection().SetReadConcern(s.readConcern))
	s.tidying = s.database.Collection(name, options.Collection().SetWriteConcern(writeconcern.W1()))
}
