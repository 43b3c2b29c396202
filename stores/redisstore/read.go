package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// reader reads the store as it is, or as it was after a change.
type reader struct {
	client *client
	at     string // the change; "": as it is
}

// Snapshot implements [backend.Snapshotter]. It costs the server nothing: what
// was saved or deleted later is told by its number.
func (b *store) Snapshot(ctx context.Context) (backend.Snapshot, error) {
	state, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	return snapshot{reader{client: b.client, at: state[0]}}, nil
}

type snapshot struct{ reader }

func (snapshot) Close() error { return nil }

func (r reader) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	return r.get(ctx, name, 0, prompty.NewStorageTemplateNotFoundError(name))
}

func (r reader) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	return r.get(ctx, name, version, prompty.NewStorageVersionNotFoundError(name, version))
}

// get gets a version, or the latest (0). As things are now one command does: the
// version is asked for together with what says whether it is there; and for the
// latest, that which was the latest when it was last seen. If it no longer is, a
// script finds the one that is.
func (r reader) get(ctx context.Context, name string, version int, missing error) (*prompty.StoredTemplate, error) {
	guess := version
	if version == 0 {
		guess = r.client.latest.of(name)
	}
	if r.at == "" && guess > 0 {
		n := strconv.Itoa(guess)
		fields, err := r.fields(ctx, name, "latest", "missing", n, n+":info", n+":metadata")
		if err != nil {
			return nil, err
		}
		switch there, err := r.spans(name, fields[0], fields[1]); {
		case err != nil:
			return nil, err
		case fields[0] == "": // the script says why
		case version > 0 && !contains(there, version), len(there) == 0:
			return nil, missing
		case version > 0, there[len(there)-1].last == guess:
			return r.template([]string{name, n, fields[2], fields[3], fields[4]})
		}
	}
	n := ""
	if version > 0 {
		n = strconv.Itoa(version)
	}
	value, err := r.client.run(ctx, getScript, []string{name}, name, n, r.at)
	if err != nil {
		return nil, err
	}
	fields, err := texts(value)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, missing
	}
	t, err := r.template(append([]string{name}, fields...))
	if err == nil && version == 0 && r.at == "" {
		r.client.latest.learn(name, t.Version)
	}
	return t, err
}

// fields reads fields of a template's key; "": it has no such field.
func (r reader) fields(ctx context.Context, name string, fields ...string) (list []string, err error) {
	err = r.client.do(ctx, false, func(ctx context.Context, c *redis.Client) error {
		values, err := c.HMGet(ctx, r.client.key("t:"+name), fields...).Result()
		if err == nil {
			list, err = texts(values)
		}
		return err
	})
	if err == nil && len(list) != len(fields) {
		err = fmt.Errorf("the server answered with %d values for %d fields; is it Redis?", len(list), len(fields))
	}
	return list, err
}

// template makes one of name, version, source, info and metadata.
func (r reader) template(fields []string) (*prompty.StoredTemplate, error) {
	if len(fields) != 5 {
		return nil, fmt.Errorf("the server answered with %d values for a template; is it Redis?", len(fields))
	}
	if fields[3] == "" {
		return nil, r.damaged(fields[0], fields[1]+":info", errors.New("it is not there"))
	}
	t := &prompty.StoredTemplate{Name: fields[0], Source: fields[2]}
	var err error
	if t.Version, err = strconv.Atoi(fields[1]); err != nil {
		return nil, r.damaged(t.Name, "latest", err)
	}
	info, err := r.info(t.Name, fields[1], fields[3])
	if err != nil {
		return nil, err
	}
	if fields[4] != "" {
		if t.Metadata, err = parseMap(fields[4]); err != nil {
			return nil, r.damaged(t.Name, fields[1]+":metadata", err)
		}
	}
	t.ID = backend.ID(t.Name, t.Version)
	t.CreatedAt = time.UnixMicro(info.CreatedAt).UTC()
	t.UpdatedAt = t.CreatedAt
	t.CreatedBy, t.TenantID, t.Tags = info.CreatedBy, info.TenantID, info.Tags
	return t, nil
}

func (r reader) info(name, version, text string) (info about, err error) {
	if info, err = parseAbout(text); err != nil {
		err = r.damaged(name, version+":info", err)
	}
	return info, err
}

// damaged is the error of a field that someone changed by hand.
func (r reader) damaged(name, field string, err error) error {
	return fmt.Errorf("key %q, field %q is damaged, perhaps changed by hand: restore it from a backup: %w", r.client.key("t:"+name), field, err)
}

func (r reader) LatestVersion(ctx context.Context, name string) (int, error) {
	there, err := r.versions(ctx, name)
	if err != nil || len(there) == 0 {
		return 0, err
	}
	return there[len(there)-1].last, nil
}

func (r reader) ListVersions(ctx context.Context, name string) ([]int, error) {
	there, err := r.versions(ctx, name)
	if err != nil {
		return nil, err
	}
	return r.expand(name, there)
}

// versions are those of a name, ascending.
func (r reader) versions(ctx context.Context, name string) ([]span, error) {
	if r.at == "" {
		fields, err := r.fields(ctx, name, "latest", "missing")
		if err != nil {
			return nil, err
		}
		if fields[0] != "" {
			return r.spans(name, fields[0], fields[1])
		}
	}
	value, err := r.client.run(ctx, versionsScript, []string{name}, name, r.at)
	if err != nil {
		return nil, err
	}
	text, _ := value.(string)
	return r.parse(name, text)
}

// span is a run of versions.
type span struct{ first, last int }

// parse reads a set of versions, such as "1-5,7".
func (r reader) parse(name, text string) ([]span, error) {
	if text == "" {
		return nil, nil
	}
	var list []span
	before := 0
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(low)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(high)
		}
		if err == nil && (first <= before || last < first) {
			err = fmt.Errorf("%q is no set of versions", text)
		}
		if err != nil {
			return nil, r.damaged(name, "missing", err)
		}
		list = append(list, span{first, last})
		before = last
	}
	return list, nil
}

// spans are the versions up to the latest that are not missing.
func (r reader) spans(name, latest, missing string) ([]span, error) {
	if latest == "" {
		return nil, nil
	}
	last, err := strconv.Atoi(latest)
	if err != nil {
		return nil, r.damaged(name, "latest", err)
	}
	gaps, err := r.parse(name, missing)
	if err != nil {
		return nil, err
	}
	var list []span
	first := 1
	for _, gap := range gaps {
		if gap.first > last {
			break
		}
		if first < gap.first {
			list = append(list, span{first, gap.first - 1})
		}
		first = gap.last + 1
	}
	if first <= last {
		list = append(list, span{first, last})
	}
	return list, nil
}

func contains(list []span, version int) bool {
	for _, s := range list {
		if s.first <= version && version <= s.last {
			return true
		}
	}
	return false
}

// mostVersions is more than any name has; more is a slip of someone's hand.
const mostVersions = 50_000_000

// expand lists the versions in ranges, descending.
func (r reader) expand(name string, ranges []span) ([]int, error) {
	count := 0
	for _, s := range ranges {
		if count += s.last - s.first + 1; count > mostVersions {
			return nil, r.damaged(name, "latest", fmt.Errorf("it says that there are more than %d", mostVersions))
		}
	}
	list := make([]int, 0, count)
	for i := len(ranges) - 1; i >= 0; i-- {
		for v := ranges[i].last; v >= ranges[i].first; v-- {
			list = append(list, v)
		}
	}
	return list, nil
}

// historyChunk is how many versions one script is asked for.
const historyChunk = 500

func (r reader) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	versions, err := r.ListVersions(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	list := make([]prompty.HistoryEntry, 0, len(versions))
	for start := 0; start < len(versions); start += historyChunk {
		chunk := versions[start:min(start+historyChunk, len(versions))]
		args := make([]any, 0, len(chunk))
		for _, v := range chunk {
			args = append(args, v)
		}
		value, err := r.client.run(ctx, historyScript, []string{name}, args...)
		if err != nil {
			return nil, err
		}
		answer, err := texts(value)
		if err != nil {
			return nil, err
		}
		if len(answer) != 2*len(chunk) {
			return nil, fmt.Errorf("the server answered with %d values for %d versions; is it Redis?", len(answer), len(chunk))
		}
		for i, v := range chunk {
			info, err := r.info(name, strconv.Itoa(v), answer[2*i])
			if err != nil {
				return nil, err
			}
			size, _ := strconv.Atoi(answer[2*i+1])
			list = append(list, prompty.HistoryEntry{
				ID: backend.ID(name, v), Version: v, Author: info.CreatedBy, Time: time.UnixMicro(info.CreatedAt).UTC(), Size: size,
			})
		}
	}
	return list, nil
}

// One script of List looks at so many names and versions, and gives so many
// bytes and one more template: everyone else waits meanwhile.
const (
	listNames = 1000
	listBytes = 4 << 20
)

// List implements [backend.Reader]. What does not fit one answer is read as it
// was when the first was given.
func (r reader) List(ctx context.Context, q *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	which := "latest"
	if q.IncludeAllVersions {
		which = "all"
	}
	at, after, below, offset := r.at, "", "0", strconv.Itoa(max(q.Offset, 0))
	var list []*prompty.StoredTemplate
	for {
		limit := 0
		if q.Limit > 0 {
			limit = q.Limit - len(list)
		}
		args := []any{at, after, below, offset, limit, which, q.NamePrefix, q.NameContains, q.TenantID, q.CreatedBy, listNames, listBytes}
		for _, tag := range q.Tags {
			args = append(args, tag)
		}
		value, err := r.client.run(ctx, listScript, nil, args...)
		if err != nil {
			return nil, err
		}
		rows, err := texts(value)
		if err != nil {
			return nil, err
		}
		if len(rows) < 4 {
			return nil, fmt.Errorf("the server answered a list with %d values; is it Redis?", len(rows))
		}
		at, after, below, offset = rows[0], rows[1], rows[2], rows[3]
		for rows = rows[4:]; len(rows) > 0; rows = rows[min(5, len(rows)):] {
			t, err := r.template(rows[:min(5, len(rows))])
			if err != nil {
				return nil, err
			}
			list = append(list, t)
		}
		if after == "" {
			return list, nil
		}
	}
}
