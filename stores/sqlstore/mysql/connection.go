package mysql

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// connection is a connection string, taken apart.
type connection struct {
	config *mysql.Config
	conns  int
	prefix string
	manual bool
	watch  backend.WatchOptions
}

const (
	standardConns   = 8
	standardTimeout = 10 * time.Second
)

// settled are options of the client library that the driver decides on. People
// copy connection strings, so that they are there is no error.
var settled = []string{
	"charset", "collation", "parseTime", "loc", "interpolateParams", "multiStatements", "clientFoundRows", "columnsWithAlias", "rejectReadOnly",
	"timeTruncate", "strict", "allowAllFiles",
}

// passed are the options that are the client library's, and the variables of the
// server that may be set: it would take any other name for one.
var passed = []string{
	"allowCleartextPasswords", "allowFallbackToPlaintext", "allowNativePasswords", "allowOldPasswords", "checkConnLiveness", "compress",
	"connectionAttributes", "maxAllowedPacket", "readTimeout", "serverPubKey", "timeout", "tls", "writeTimeout",
	"max_statement_time", "max_execution_time", "net_read_timeout", "net_write_timeout", "wait_timeout", "lock_wait_timeout",
}

const form = "want user:password@tcp(host:3306)/database, user:password@unix(/path/to/socket)/database or mysql://user:password@host:3306/database"

func parseConnection(text string) (c connection, err error) {
	address, query, err := split(text)
	if err != nil {
		return c, err
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return c, errors.New("the options after ? are not option=value&…, with % and & in a value escaped")
	}
	v := backend.NewValues(values)
	c.conns = v.Int("max_conns", standardConns, 1, 1000)
	c.prefix = cmp.Or(v.Prefix("table_prefix", standardPrefix), standardPrefix)
	c.manual = v.Manual()
	c.watch = v.Watch(time.Second)
	if err := v.Err(); err != nil {
		return c, err
	}
	left := v.Left()
	for _, key := range slices.Sorted(maps.Keys(left)) {
		switch {
		case slices.Contains(settled, key):
			left.Del(key)
		case !slices.Contains(passed, key):
			return c, fmt.Errorf("%w; the client library's are %s", v.Unknown(key), strings.Join(passed, ", "))
		}
	}
	if c.config, err = mysql.ParseDSN(address + "?" + left.Encode()); err != nil {
		return c, unreadable(address, err)
	}
	if c.config.DBName == "" {
		return c, fmt.Errorf("the connection string names no database: %s", form)
	}
	return c, settle(c.config, left)
}

// unreadable is the error for what the client library cannot read. Its own words
// may quote what it takes for an address, which is a piece of a password that has
// an @ or a / in it; so they are shown only if the options are what it means.
func unreadable(address string, err error) error {
	if _, alone := mysql.ParseDSN(address); alone != nil {
		return errors.New("the connection string cannot be read: " + form)
	}
	return fmt.Errorf("an option of the connection string cannot be read: %w", err)
}

// split cuts a connection string into the client library's form of the address,
// and the options.
func split(text string) (address, query string, err error) {
	if !strings.HasPrefix(text, "mysql://") {
		slash := strings.LastIndexByte(text, '/')
		if slash < 0 {
			return "", "", fmt.Errorf("the connection string names no database: %s", form)
		}
		database, query, _ := strings.Cut(text[slash:], "?")
		return text[:slash] + database, query, nil
	}
	u, err := url.Parse(text)
	if err != nil { // which would show the password
		return "", "", fmt.Errorf("the URL cannot be read, perhaps since a special character of the password is not escaped (@ is %%40, : is %%3A, / is %%2F): %s", form)
	}
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.DBName = "tcp", strings.TrimPrefix(u.Path, "/")
	if host := u.Hostname(); host != "" {
		port := u.Port()
		if port == "" {
			port = "3306"
		}
		config.Addr = net.JoinHostPort(host, port)
	}
	if strings.Contains(config.DBName, "/") {
		return "", "", fmt.Errorf("the URL names no database: %s", form)
	}
	if strings.Contains(config.User, ":") {
		return "", "", errors.New("a user's name cannot have a colon here")
	}
	address = config.FormatDSN()
	slash := strings.LastIndexByte(address, '/') // the one before the database: the password may have anything in it
	database, _, _ := strings.Cut(address[slash:], "?")
	return address[:slash] + database, u.RawQuery, nil
}

// settle sets what must be so. sql_mode, the time zone and the like are set for
// each session, so it does not matter what the server prefers.
func settle(config *mysql.Config, given url.Values) error {
	config.ParseTime = true
	config.Loc = time.UTC
	config.InterpolateParams = true // for lists: one way to the server and back instead of three
	config.MultiStatements = true   // a save ends with its last statement and the commit in one message
	config.Logger = &mysql.NopLogger{}
	for name, timeout := range map[string]*time.Duration{"timeout": &config.Timeout, "readTimeout": &config.ReadTimeout, "writeTimeout": &config.WriteTimeout} {
		if !given.Has(name) {
			*timeout = standardTimeout
		}
	}
	if !given.Has("maxAllowedPacket") {
		config.MaxAllowedPacket = 0 // the server's
	}
	if config.Params == nil {
		config.Params = make(map[string]string)
	}
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
	config.Params["time_zone"] = "'+00:00'"
	config.Params["autocommit"] = "1"
	config.Params["innodb_lock_wait_timeout"] = "5"
	return config.Apply(mysql.Charset("utf8mb4", "utf8mb4_bin"))
}

// place says where the database is, without the password.
func (c *connection) place() string {
	return fmt.Sprintf("%s@%s(%s)/%s", c.config.User, c.config.Net, c.config.Addr, c.config.DBName)
}
