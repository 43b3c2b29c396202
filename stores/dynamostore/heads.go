package dynamostore

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// overlap is how far Heads looks back behind its last answer. A change appears
// up to the patience with its request after the time that it carries, by a clock
// that is up to the tolerance wrong, as may be the one that asks.
const overlap = patience + 2*tolerance + time.Second

// Heads asks the index of changes, whose entries are small.
func (r *remote) Heads(ctx context.Context, since string) (heads []backend.Head, position string, err error) {
	e := newExpression()
	in := &dynamodb.QueryInput{
		TableName: &r.table, IndexName: aws.String(changesIndex), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String(e.name(keyPartition) + " = " + e.value(r.keys.heads())),
	}
	if since != "" {
		micros, err := strconv.ParseInt(since, 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("position %q is none of this storage", since)
		}
		*in.KeyConditionExpression += fmt.Sprintf(" AND %s >= %s", e.name(attrChanged), e.value(number(micros-overlap.Microseconds())))
	}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = e.names, e.values
	position = strconv.FormatInt(r.clock.now().UnixMicro(), 10)
	err = r.query(ctx, in, func(it item) (bool, error) {
		if h, ok := readEntry(it); ok {
			heads = append(heads, h)
		}
		return true, nil
	})
	return heads, position, err
}

// readEntry reads a head in the index. One that is damaged counts as changed, so
// that who follows it asks, and is told. false: nobody can ask for that name.
func readEntry(it item) (backend.Head, bool) {
	f := &fields{item: it}
	h := backend.Head{Name: f.text(keySort), Version: int(f.number(attrLatest, 0, mostVersion)), Change: f.number(attrChanges, 1, math.MaxInt64-1)}
	if f.fault != nil {
		h.Version, h.Change = max(h.Version, 1), -1
	}
	return h, prompty.CheckName(h.Name) == nil
}
