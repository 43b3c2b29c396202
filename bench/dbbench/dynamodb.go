package dbbench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	_ "github.com/go-prompty/prompty/stores/dynamostore"
)

// dynamoPlace is our table on a server of the given endpoint, which takes any
// credentials.
func dynamoPlace(server, prefix string) string {
	return "dynamodb://bench:bench@eu-central-1/" + prefix + "ours?endpoint=" + url.QueryEscape(server)
}

// dynamoByHand has an item for each version under its name, whose number is that
// of the latest and one more: who puts it first has it. An item with the latest
// follows in a partition of all names, for lists.
type dynamoByHand struct {
	client       *dynamodb.Client
	prefix, hand string
}

func openDynamoDB(ctx context.Context, server, prefix string) (byHand, error) {
	client := dynamodb.New(dynamodb.Options{
		BaseEndpoint: &server, Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
	})
	d := &dynamoByHand{client, prefix, prefix + "hand"}
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	attribute := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
	}
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &d.hand, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{key("pk", types.KeyTypeHash), key("sk", types.KeyTypeRange)},
		AttributeDefinitions: []types.AttributeDefinition{attribute("pk"), attribute("sk")},
	})
	if err != nil {
		return nil, err
	}
	return d, dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &d.hand}, time.Minute)
}

func textValue(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// latest finds the item of the latest version; nil: there is none.
func (d *dynamoByHand) latest(ctx context.Context, name string) (map[string]types.AttributeValue, error) {
	out, err := d.client.Query(ctx, &dynamodb.QueryInput{
		TableName: &d.hand, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(1),
		KeyConditionExpression: aws.String("pk = :name"), ExpressionAttributeValues: map[string]types.AttributeValue{":name": textValue(name)},
	})
	if err != nil || len(out.Items) == 0 {
		return nil, err
	}
	return out.Items[0], nil
}

func source(item map[string]types.AttributeValue) string {
	s, _ := item["source"].(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

func (d *dynamoByHand) get(ctx context.Context, name string) (string, error) {
	item, err := d.latest(ctx, name)
	return source(item), err
}

func (d *dynamoByHand) save(ctx context.Context, name, source string) (int, error) {
	for {
		last, err := d.latest(ctx, name)
		if err != nil {
			return 0, err
		}
		version := 1
		if sk, ok := last["sk"].(*types.AttributeValueMemberS); ok {
			before, err := strconv.Atoi(sk.Value)
			if err != nil {
				return 0, err
			}
			version = before + 1
		}
		item := map[string]types.AttributeValue{
			"pk": textValue(name), "sk": textValue(fmt.Sprintf("%010d", version)), "source": textValue(source), "created_by": textValue(author),
			"created_at": &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().UnixMicro(), 10)},
		}
		var list []types.AttributeValue
		for _, tag := range tags {
			list = append(list, textValue(tag))
		}
		all := make(map[string]types.AttributeValue)
		for key, value := range metadata {
			all[key] = textValue(value)
		}
		item["tags"], item["metadata"] = &types.AttributeValueMemberL{Value: list}, &types.AttributeValueMemberM{Value: all}
		_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &d.hand, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)")})
		if taken := new(types.ConditionalCheckFailedException); errors.As(err, &taken) {
			lose()
			continue
		}
		if err != nil {
			return 0, err
		}
		item["pk"], item["sk"], item["version"] = textValue("heads"), textValue(name), &types.AttributeValueMemberN{Value: strconv.Itoa(version)}
		_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &d.hand, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk) OR version < :version"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":version": item["version"]},
		})
		if later := new(types.ConditionalCheckFailedException); errors.As(err, &later) {
			err = nil
		}
		return version, err
	}
}

func (d *dynamoByHand) list(ctx context.Context, prefix string) ([]string, error) {
	pages := dynamodb.NewQueryPaginator(d.client, &dynamodb.QueryInput{
		TableName: &d.hand, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :heads AND begins_with(sk, :prefix)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":heads": textValue("heads"), ":prefix": textValue(prefix)},
	})
	var list []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			list = append(list, source(item))
		}
	}
	return list, nil
}

func (d *dynamoByHand) close(ctx context.Context) error {
	var first error
	for _, table := range []string{d.hand, d.prefix + "ours"} {
		if _, err := d.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &table}); first == nil {
			first = err
		}
	}
	return first
}
