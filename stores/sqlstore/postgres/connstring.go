package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// settings is what a connection string says.
type settings struct {
	pool   *pgxpool.Config
	ours   *backend.Values
	prefix string // of the tables' names, in lower case
	manual bool
	watch  backend.WatchOptions
}

// ourOptions are taken out of a connection string; pgx sees the rest as it was
// written.
var ourOptions = []string{"table_prefix", "schema", "max_conns", "notify", "poll", "resync"}

// parse reads a connection string: a URL, or libpq's words of the form key=value.
func parse(connectionString string) (*settings, error) {
	rest, query, err := split(connectionString)
	if err != nil {
		return nil, err
	}
	v := backend.NewValues(query)
	s := &settings{ours: v}
	s.prefix = strings.ToLower(cmp.Or(v.Prefix("table_prefix", ""), standardPrefix))
	s.manual = v.Manual()
	conns := v.Int("max_conns", 0, 1, 10_000)
	s.watch = v.Watch(time.Second)
	if err := v.Err(); err != nil {
		return nil, err
	}
	if s.pool, err = pgxpool.ParseConfig(rest); err != nil {
		return nil, parseError(err)
	}
	if conns > 0 {
		s.pool.MaxConns = int32(conns)
	}
	s.pool.PingTimeout = dialPatience
	c := s.pool.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = dialPatience
	}
	if _, named := c.RuntimeParams["application_name"]; !named {
		c.RuntimeParams["application_name"] = "prompty"
	}
	return s, nil
}

// secrets returns what must not be shown, in each of its forms.
func (s *settings) secrets() []string {
	password := s.pool.ConnConfig.Password
	return []string{password, url.QueryEscape(password), url.PathEscape(password)}
}

// parseError is pgx's error without the connection string and all that it quotes,
// since a mistake may be one in the password.
func parseError(err error) error {
	text := err.Error()
	if i := strings.LastIndex(text, "`: "); i >= 0 {
		text = text[i+len("`: "):]
	}
	text = quoted.ReplaceAllString(text, `"…"`)
	return fmt.Errorf("the connection string: %s; want postgres://user:password@host:5432/database, or host=… user=… dbname=…", text)
}

var quoted = regexp.MustCompile(`"[^"]*"`)

var errUnescaped = errors.New("the connection string: special characters of a password, such as @ / : %, are written as %40 %2F %3A %25, and an @ in what follows as %40")

// isUnescaped reports whether a URL seems to have a password that ends before its
// end.
func isUnescaped(text string) bool {
	end := strings.IndexAny(text, "@/")
	if end < 0 {
		return false
	}
	_, after, isName := strings.Cut(text[:end], ":")
	if text[end] == '@' {
		return isName && strings.Contains(text[end+1:], "@")
	}
	return isName && strings.Trim(after, "0123456789,") != "" && strings.Contains(text[end:], "@")
}

// split takes our options out.
func split(text string) (rest string, ours url.Values, err error) {
	switch {
	case strings.HasPrefix(text, "?"):
		text = "postgres:///" + text
	case strings.HasPrefix(text, "//"):
		text = "postgres:" + text
	}
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return splitURL(text)
	}
	return splitWords(text)
}

func splitURL(text string) (rest string, ours url.Values, err error) {
	host := strings.Index(text, "://") + len("://")
	if isUnescaped(text[host:]) {
		return "", nil, errUnescaped
	}
	if i := strings.IndexAny(text[host:], "@/"); i >= 0 && text[host+i] == '@' {
		host += i // a password may hold a question mark
	}
	start := strings.IndexByte(text[host:], '?')
	if start < 0 {
		return text, nil, nil
	}
	start += host
	ours = make(url.Values)
	var left []string
	for pair := range strings.SplitSeq(text[start+1:], "&") {
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.PathUnescape(key)
		if err != nil || !slices.Contains(ourOptions, key) {
			left = append(left, pair)
			continue
		}
		if value, err = url.PathUnescape(value); err != nil {
			return "", nil, fmt.Errorf("option %s: %w", key, err)
		}
		ours.Add(key, value)
	}
	if len(left) == 0 {
		return text[:start], ours, nil
	}
	return text[:start+1] + strings.Join(left, "&"), ours, nil
}

const blanks = " \t\n\r\v\f"

// splitWords follows libpq: key = value, where a value with blanks stands between
// single quotes, and \ makes a quote or itself of what comes next.
func splitWords(text string) (rest string, ours url.Values, err error) {
	ours = make(url.Values)
	var left strings.Builder
	for text = strings.TrimLeft(text, blanks); text != ""; text = strings.TrimLeft(text, blanks) {
		key, after, ok := strings.Cut(text, "=")
		if !ok {
			return "", nil, errors.New("the connection string is neither a URL, as in postgres://user@host/database, nor words of the form key=value, as in host=… user=… dbname=…")
		}
		key = strings.Trim(key, blanks)
		after = strings.TrimLeft(after, blanks)
		value, size := word(after)
		if slices.Contains(ourOptions, key) {
			ours.Add(key, value)
		} else {
			left.WriteString(text[:len(text)-len(after)+size] + " ")
		}
		text = after[size:]
	}
	return left.String(), ours, nil
}

// word reads a value and tells how long it is, as it is written.
func word(text string) (value string, size int) {
	var b strings.Builder
	quoted := strings.HasPrefix(text, "'")
	i := 0
	if quoted {
		i++
	}
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case quoted && c == '\'':
			return b.String(), i + 1
		case !quoted && strings.IndexByte(blanks, c) >= 0:
			return b.String(), i
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), i
}
