package dynamostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

func init() { prompty.RegisterStorageDriver(driverName, driver{}) }

const (
	driverName    = "dynamodb"
	standardTable = "prompty"
)

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

// Open opens the table that a connection string names; see the package comment.
func Open(connectionString string) (prompty.TemplateStorage, error) {
	c, err := parseConnection(connectionString)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: driverName, Err: err}
	}
	b, err := open(context.Background(), c)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: driverName, Err: backend.Redact(err, c.secrets...)}
	}
	return backend.New(b, backend.Options{Driver: driverName, Secrets: c.secrets, Watch: c.watch}), nil
}

// connection is what a connection string says.
type connection struct {
	region, table     string   // no region: what the AWS configuration says
	accessKey, secret string   // none: the usual chain
	secrets           []string // the secret in every form
	endpoint, profile string
	keys              keys
	maxConns          int
	manual            bool
	watch             backend.WatchOptions
}

var (
	goodRegion = regexp.MustCompile(`^[a-z0-9-]{0,63}$`)
	goodTable  = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
)

// parseConnection takes "dynamodb://region/table?option=value&…" apart; the
// scheme may be missing. Errors show no part that may be secret.
func parseConnection(str string) (*connection, error) {
	place, query, _ := strings.Cut(strings.TrimPrefix(str, driverName+":"), "?")
	if strings.Contains(query, "@") { // it may be a secret's, which is not to be shown
		return nil, errors.New("there is an @ after the ?: write ? in a secret as %3F, and @ in an option as %40")
	}
	user, place, signed := cutLast(strings.TrimPrefix(place, "//"), "@")
	region, table, _ := strings.Cut(place, "/")
	c := &connection{region: region, table: cmp.Or(table, standardTable)}
	if strings.Contains(place, ":") {
		return nil, errors.New("there is a : in the region or the table: want dynamodb://REGION/TABLE, or dynamodb://KEY:SECRET@REGION/TABLE; / in a secret is written as %2F")
	}
	if signed {
		key, secret, _ := strings.Cut(user, ":")
		var err1, err2 error
		c.accessKey, err1 = url.PathUnescape(key)
		c.secret, err2 = url.PathUnescape(secret)
		c.secrets = []string{c.secret, secret}
		if err1 != nil || err2 != nil || c.accessKey == "" || c.secret == "" {
			return nil, errors.New("what stands before @ is no ACCESS_KEY_ID:SECRET; write / as %2F there, or leave both to the AWS configuration")
		}
	}
	if !goodRegion.MatchString(c.region) {
		return nil, fmt.Errorf("%q is no region: want dynamodb://REGION/TABLE, such as dynamodb://eu-central-1/prompty", c.region)
	}
	if !goodTable.MatchString(c.table) {
		return nil, fmt.Errorf("%q is no name of a table: 3 to 255 letters, digits, _, - and . are allowed", c.table)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("the options after ? are not option=value&…: %w", err)
	}
	v := backend.NewValues(values)
	c.endpoint, c.profile = v.Text("endpoint", ""), v.Text("profile", "")
	c.keys = keys(v.Prefix("key_prefix", ""))
	c.maxConns = v.Int("max_conns", 0, 1, 10_000)
	c.manual, c.watch = v.Manual(), v.Watch(0)
	if err := v.Err(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(v.Left())) {
		return nil, v.Unknown(name)
	}
	if c.endpoint != "" {
		u, err := url.Parse(c.endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			return nil, errors.New("option endpoint: want a URL without a password, such as http://127.0.0.1:8000")
		}
	}
	return c, nil
}

// cutLast cuts at the last sep, if there is one, else gives all as after.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}
