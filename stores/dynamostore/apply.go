package dynamostore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// A change is a transaction made for some heads, of which each is nil if there
// is none. Their own writes come first, in their order; next are the heads
// afterwards. It is made anew when others were faster.
type change func(ctx context.Context, heads []*head) (writes []types.TransactWriteItem, next []*head, err error)

// Transactions that were not carried out, and may be tried again: others were in
// the way, or too many.
var (
	errRaced     = errors.New("others change the same templates all the time: try again later")
	errThrottled = errors.New("the table is throttled: raise its capacity, or bill it on demand")
)

func passing(err error) bool { return errors.Is(err, errRaced) || errors.Is(err, errThrottled) }

// apply makes a change to names, which are all different. With guess the heads
// may be those that this store remembers: the transaction holds only if they are
// still there, and DynamoDB tells the new ones if not.
func (s *store) apply(ctx context.Context, names []string, guess bool, build change) error {
	unlock, err := s.lock(ctx, names)
	if err != nil {
		return err
	}
	defer unlock()
	heads, known, guessed := make([]*head, len(names)), make([]bool, len(names)), false
	if guess {
		for i, name := range names {
			heads[i] = s.hint(name)
			known[i] = heads[i] != nil
			guessed = guessed || known[i]
		}
	}
	return backend.Retry(ctx, passing, func() error {
		if err := s.load(ctx, names, heads, known); err != nil {
			return err
		}
		writes, next, err := build(ctx, heads)
		if err != nil && guessed { // perhaps because of what is remembered
			guessed = false
			clear(known)
			if err := s.load(ctx, names, heads, known); err != nil {
				return err
			}
			writes, next, err = build(ctx, heads)
		}
		if err != nil {
			return err
		}
		news := make(map[string]*head, len(names))
		err = s.transact(ctx, writes)
		for i, name := range names {
			if news[name] = nil; err == nil {
				next[i].template = nil
				news[name] = next[i]
			}
		}
		s.remember(news)
		if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
			return s.cancelled(cancelled, heads, known)
		}
		return err
	})
}

// load reads the heads that are not known, several at once.
func (s *store) load(ctx context.Context, names []string, heads []*head, known []bool) error {
	errs := make([]error, len(names))
	room := make(chan struct{}, listAtOnce)
	var wg sync.WaitGroup
	for i, name := range names {
		if known[i] {
			continue
		}
		room <- struct{}{}
		wg.Go(func() {
			heads[i], errs[i] = s.head(ctx, name, false)
			known[i] = errs[i] == nil
			<-room
		})
	}
	wg.Wait()
	return cmp.Or(errs...)
}

// cancelled takes the reasons for which DynamoDB did not carry out a
// transaction, one for each write. The first are the heads'.
func (s *store) cancelled(c *types.TransactionCanceledException, heads []*head, known []bool) error {
	var busy, strange error
	for i, reason := range c.CancellationReasons {
		switch code := aws.ToString(reason.Code); {
		case code == "" || code == "None":
		case code == "TransactionConflict":
			busy = errRaced
		case code == "ThrottlingError" || code == "ProvisionedThroughputExceeded":
			busy = errThrottled
		case code == "ConditionalCheckFailed" && i < len(heads):
			busy, known[i] = errRaced, len(reason.Item) > 0
			if !known[i] {
				continue
			}
			h, err := readHead(reason.Item, false)
			if err != nil {
				return err
			}
			heads[i] = h
		case code == "ConditionalCheckFailed":
			strange = errors.New("the item of the next version is there already, and the head does not know it: was the table edited by hand, or restored in part?")
		case code == "ItemCollectionSizeLimitExceeded":
			return s.explain(context.Background(), "TransactWriteItems", &types.ItemCollectionSizeLimitExceededException{})
		default:
			return fmt.Errorf("DynamoDB refused the transaction: %s: %s", code, aws.ToString(reason.Message))
		}
	}
	return cmp.Or(busy, strange, errRaced)
}

// transact carries out a transaction. The SDK may send it several times: the
// token lets it happen once. An error that is no TransactionCanceledException is
// in plain words.
func (s *store) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	var sent atomic.Bool
	inner, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	traced := httptrace.WithClientTrace(inner, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	_, err := s.db.TransactWriteItems(traced, &dynamodb.TransactWriteItemsInput{TransactItems: writes, ClientRequestToken: aws.String(rand.Text())})
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return err
	}
	unknown := sent.Load() && !answered(err)
	err = s.explain(inner, "TransactWriteItems", err)
	if unknown {
		return backend.OutcomeUnknown(err)
	}
	return err
}

// ifStill is the condition that a head is the one that a change was made for.
func (e *expression) ifStill(h *head) *string {
	if h == nil {
		return aws.String("attribute_not_exists(" + e.name(keyPartition) + ")")
	}
	return aws.String(e.name(attrChanges) + " = " + e.value(number(h.changes)))
}

func (s *store) putHead(before, after *head) types.TransactWriteItem {
	e := newExpression()
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &s.table, Item: after.item(s.keys, s.clock.now()), ConditionExpression: e.ifStill(before),
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.given(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// hideVersion changes a head whose latest version stays.
func (s *store) hideVersion(before, after *head) types.TransactWriteItem {
	e := newExpression()
	set := fmt.Sprintf("SET %s = %s, %s = %s, %s = %s", e.name(attrDeleted), e.value(text(after.deleted.String())),
		e.name(attrChanges), e.value(number(after.changes)), e.name(attrChanged), e.value(number(s.clock.now().UnixMicro())))
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.table, Key: s.keys.head(after.name), UpdateExpression: &set, ConditionExpression: e.ifStill(before),
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// putVersion writes a version that must be new.
func (s *store) putVersion(t *prompty.StoredTemplate) types.TransactWriteItem {
	e := newExpression()
	it := s.keys.version(t.Name, t.Version)
	for attr, value := range content(t) {
		it[attr] = value
	}
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &s.table, Item: it, ConditionExpression: e.ifStill(nil), ExpressionAttributeNames: e.names,
	}}
}
