package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// streaming is a store whose table has a stream. DynamoDB does not push: the
// stream is asked, but answers a quarter of a second after a change.
type streaming struct {
	*store
	arn string
}

const (
	streamPoll   = 250 * time.Millisecond // DynamoDB lets two readers of a shard do so
	streamRenew  = time.Minute            // shards are looked for
	streamReread = 10 * time.Millisecond  // after an answer with records
)

// Listen reads the stream from now on. When its shards change it begins anew
// with those that are open, and says that something may have changed: what was
// written meanwhile is found by looking at the heads.
func (s *streaming) Listen(ctx context.Context, armed, changed func()) error {
	for first := true; ; first = false {
		iterators, err := s.iterators(ctx)
		if err != nil {
			return err
		}
		if first {
			armed()
		} else {
			changed()
		}
		if err := s.follow(ctx, iterators, changed); err != nil {
			return err
		}
	}
}

// iterators returns the end of each open shard.
func (s *streaming) iterators(ctx context.Context) (list []string, err error) {
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &s.arn}
	for {
		out, err := call(ctx, s.remote, "DescribeStream", s.streams.DescribeStream, in)
		if err != nil {
			return nil, err
		}
		if status := out.StreamDescription.StreamStatus; status == types.StreamStatusDisabled || status == types.StreamStatusDisabling {
			return nil, errors.New("the table's stream was disabled: enable it, or open the storage again")
		}
		for _, shard := range out.StreamDescription.Shards {
			if r := shard.SequenceNumberRange; r != nil && r.EndingSequenceNumber != nil {
				continue // closed
			}
			it, err := call(ctx, s.remote, "GetShardIterator", s.streams.GetShardIterator, &dynamodbstreams.GetShardIteratorInput{
				StreamArn: &s.arn, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeLatest,
			})
			if err != nil {
				return nil, err
			}
			list = append(list, aws.ToString(it.ShardIterator))
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return list, nil
		}
	}
}

// follow reads shards until one of them ends, or it is time to look for others.
func (s *streaming) follow(ctx context.Context, iterators []string, changed func()) error {
	for renew := time.Now().Add(streamRenew); time.Now().Before(renew); {
		wait := streamPoll
		for i, iterator := range iterators {
			out, err := call(ctx, s.remote, "GetRecords", s.streams.GetRecords, &dynamodbstreams.GetRecordsInput{ShardIterator: &iterator})
			switch codeOf(err) {
			case "ExpiredIteratorException", "TrimmedDataAccessException":
				return nil
			}
			if err != nil {
				return err
			}
			if concernsHeads(out.Records, string(s.keys)) {
				changed()
				wait = streamReread
			}
			if out.NextShardIterator == nil {
				return nil
			}
			iterators[i] = *out.NextShardIterator
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func concernsHeads(records []types.Record, prefix string) bool {
	for _, r := range records {
		if r.Dynamodb == nil {
			continue
		}
		if key, ok := r.Dynamodb.Keys[keyPartition].(*types.AttributeValueMemberS); ok && key.Value == prefix+headsPartition {
			return true
		}
	}
	return false
}
