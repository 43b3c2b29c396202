package dynamostore

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// The table's keys are two texts. All heads are in one partition, each name's
// versions in one of its own, where their numbers are padded to sort.
const (
	keyPartition, keySort = "pk", "sk"

	headsPartition     = "heads"
	versionsPartition  = "versions/" // and the name
	schemaPartition    = "schema"    // with one item, of the same sort key
	numberWidth        = 10
	mostVersion        = math.MaxInt32
	changesIndex       = "changes"
	attrSchemaVersion  = "schema_version"
	attrName           = "name"    // as in the key: filters cannot ask for a part of keys
	attrHigh           = "high"    // the highest number ever given
	attrLatest         = "latest"  // 0: all versions are deleted
	attrLast           = "last"    // when the highest number was given
	attrDeleted        = "deleted" // numbers, as spans
	attrChanges        = "changes" // how often the head was changed
	attrChanged        = "changed" // and when; only heads have it, so only they are in the index
	attrSource         = "source"
	attrSize           = "size" // of the source, so that a history needs not read it
	attrTags           = "tags"
	attrMetadata       = "metadata" // key, value, key, value, …, sorted by key
	attrCreatedAt      = "created_at"
	attrCreatedBy      = "created_by"
	attrTenant         = "tenant_id"
	mostItemBytes      = 400 << 10 // DynamoDB's limit; what the index holds of an item counts
	bookkeeping        = 1 << 10   // what a head has besides, and its entry in the index; 500 bytes at most
	mostDeletedBytes   = 32 << 10  // of attrDeleted
	mostContentBytes   = mostItemBytes - mostDeletedBytes - bookkeeping
	mostTransactBytes  = 4 << 20
	mostTransactWrites = 100
)

// SourceLimit is how many bytes a source may have. DynamoDB's items have 400 KB,
// and a head holds the source of its latest version beside 32 KB of numbers of
// deleted versions; 7 KB are for tags and metadata.
const SourceLimit = 360 << 10

// item is a row of the table.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

func texts(list []string) types.AttributeValue {
	values := make([]types.AttributeValue, len(list))
	for i, s := range list {
		values[i] = text(s)
	}
	return &types.AttributeValueMemberL{Value: values}
}

// keys makes the keys of items. It is what those of this storage begin with, in
// a table that holds others too.
type keys string

func (k keys) heads() types.AttributeValue { return text(string(k) + headsPartition) }

func (k keys) head(name string) item { return item{keyPartition: k.heads(), keySort: text(name)} }

func (k keys) versions(name string) types.AttributeValue {
	return text(string(k) + versionsPartition + name)
}

func (k keys) version(name string, version int) item {
	return item{keyPartition: k.versions(name), keySort: text(padded(version))}
}

func (k keys) schema() item {
	return item{keyPartition: text(string(k) + schemaPartition), keySort: text(schemaPartition)}
}

func padded(version int) string { return fmt.Sprintf("%0*d", numberWidth, version) }

// head is what a name's head item says. Its template is the latest version, nil
// if there is none or it was not asked for.
type head struct {
	name         string
	high, latest int
	last         time.Time // of version high
	changes      int64
	deleted      spans
	template     *prompty.StoredTemplate
}

// next is the head after a change.
func (h *head) next() *head {
	n := *h
	n.changes++
	n.template = nil
	return &n
}

// item returns the head as an item that changed at a time.
func (h *head) item(k keys, changed time.Time) item {
	it := k.head(h.name)
	it[attrName] = text(h.name)
	it[attrHigh], it[attrLatest], it[attrChanges] = number(h.high), number(h.latest), number(h.changes)
	it[attrLast], it[attrChanged] = number(h.last.UnixMicro()), number(changed.UnixMicro())
	if len(h.deleted) > 0 {
		it[attrDeleted] = text(h.deleted.String())
	}
	if h.latest > 0 {
		maps.Copy(it, content(h.template))
	}
	return it
}

// content returns the attributes of a version. What is empty is left out.
func content(t *prompty.StoredTemplate) item {
	it := item{attrSource: text(t.Source), attrSize: number(len(t.Source)), attrCreatedAt: number(t.CreatedAt.UnixMicro())}
	if len(t.Tags) > 0 {
		it[attrTags] = texts(t.Tags)
	}
	if len(t.Metadata) > 0 {
		list := make([]string, 0, 2*len(t.Metadata))
		for _, key := range slices.Sorted(maps.Keys(t.Metadata)) {
			list = append(list, key, t.Metadata[key])
		}
		it[attrMetadata] = texts(list)
	}
	if t.CreatedBy != "" {
		it[attrCreatedBy] = text(t.CreatedBy)
	}
	if t.TenantID != "" {
		it[attrTenant] = text(t.TenantID)
	}
	return it
}

// size is what DynamoDB counts of an item, or a little more.
func size(it item) int {
	sum := 0
	for name, value := range it {
		sum += len(name) + valueSize(value)
	}
	return sum
}

func valueSize(value types.AttributeValue) int {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return len(v.Value)/2 + 2
	case *types.AttributeValueMemberL:
		sum := 3
		for _, element := range v.Value {
			sum += 1 + valueSize(element)
		}
		return sum
	}
	return 0 // we write no others
}

// checkSize refuses what would not fit into an item.
func checkSize(t *prompty.StoredTemplate) error {
	if len(t.Source) > SourceLimit {
		return backend.TooLarge(len(t.Source), SourceLimit, "an item of DynamoDB")
	}
	if n := size(content(t)); n > mostContentBytes {
		return fmt.Errorf("%w: source, tags and metadata have %d bytes, and an item of DynamoDB holds at most %d of them: shorten them, or keep them in a storage without this limit",
			prompty.ErrInvalidTemplate, n, mostContentBytes)
	}
	return nil
}

// fields reads an item's attributes. What is not as we write it is a fault.
type fields struct {
	item  item
	fault error
}

func (f *fields) fail(attr, problem string) {
	f.fault = errors.Join(f.fault, fmt.Errorf("attribute %s %s", attr, problem))
}

func (f *fields) number(attr string, least, most int64) int64 {
	v, ok := f.item[attr].(*types.AttributeValueMemberN)
	if !ok {
		f.fail(attr, "is missing, or no number")
		return least
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil || n < least || n > most {
		f.fail(attr, fmt.Sprintf("is %.30s, and not a whole number from %d to %d", v.Value, least, most))
		return least
	}
	return n
}

// The times that can be printed as years of four digits.
var earliest, latest = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC).UnixMicro()

func (f *fields) time(attr string) time.Time {
	return time.UnixMicro(f.number(attr, earliest, latest)).UTC()
}

// text gives "" for what is missing.
func (f *fields) text(attr string) string {
	switch v := f.item[attr].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return v.Value
	default:
		f.fail(attr, "is no text")
	}
	return ""
}

func (f *fields) texts(attr string) []string {
	if f.item[attr] == nil {
		return nil
	}
	v, ok := f.item[attr].(*types.AttributeValueMemberL)
	if !ok {
		f.fail(attr, "is no list")
		return nil
	}
	var list []string
	for _, element := range v.Value {
		s, ok := element.(*types.AttributeValueMemberS)
		if !ok {
			f.fail(attr, "holds something else than texts")
			return nil
		}
		list = append(list, s.Value)
	}
	return list
}

// damage says which item is not as we write it.
func (f *fields) damage() error {
	if f.fault == nil {
		return nil
	}
	key := fields{item: f.item}
	what := strings.ReplaceAll(f.fault.Error(), "\n", "; ")
	return fmt.Errorf("the item with %s %q and %s %q is damaged (%s): was it edited by hand? Mend or restore it",
		keyPartition, key.text(keyPartition), keySort, key.text(keySort), what)
}

// template reads the content of a version.
func (f *fields) template(name string, version int) *prompty.StoredTemplate {
	if f.item[attrSource] == nil {
		f.fail(attrSource, "is missing")
	}
	t := &prompty.StoredTemplate{
		ID: backend.ID(name, version), Name: name, Version: version, Source: f.text(attrSource), Tags: f.texts(attrTags),
		CreatedAt: f.time(attrCreatedAt), CreatedBy: f.text(attrCreatedBy), TenantID: f.text(attrTenant),
	}
	t.UpdatedAt = t.CreatedAt
	list := f.texts(attrMetadata)
	if len(list)%2 != 0 {
		f.fail(attrMetadata, "is no list of pairs")
		return t
	}
	if len(list) > 0 {
		t.Metadata = make(map[string]string, len(list)/2)
		for i := 0; i < len(list); i += 2 {
			t.Metadata[list[i]] = list[i+1]
		}
	}
	return t
}

// readHead reads a head item, and the latest version in it if whole.
func readHead(it item, whole bool) (*head, error) {
	f := &fields{item: it}
	h := &head{
		name: f.text(keySort), high: int(f.number(attrHigh, 1, mostVersion)), latest: int(f.number(attrLatest, 0, mostVersion)),
		last: f.time(attrLast), changes: f.number(attrChanges, 1, math.MaxInt64-1),
	}
	var err error
	if h.deleted, err = parseSpans(f.text(attrDeleted), h.high); err != nil {
		f.fail(attrDeleted, err.Error())
	} else if f.fault == nil && h.latest != h.deleted.below(h.high+1) {
		f.fail(attrLatest, fmt.Sprintf("is %d, and not the highest number that is not deleted", h.latest))
	}
	if whole && h.latest > 0 {
		h.template = f.template(h.name, h.latest)
	}
	if err := f.damage(); err != nil {
		return nil, err
	}
	return h, nil
}

// readVersion reads a version item.
func readVersion(it item, name string, version int) (*prompty.StoredTemplate, error) {
	f := &fields{item: it}
	t := f.template(name, version)
	if err := f.damage(); err != nil {
		return nil, err
	}
	return t, nil
}

// readNumber reads the number in a version's key.
func readNumber(it item) (int, error) {
	f := &fields{item: it}
	key := f.text(keySort)
	n, err := strconv.ParseInt(key, 10, 32)
	if err != nil || n < 1 || padded(int(n)) != key {
		f.fail(keySort, "is no version's number")
	}
	return int(n), f.damage()
}
