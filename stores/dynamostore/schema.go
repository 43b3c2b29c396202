package dynamostore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// schemaVersion is that of tables that this program writes. A table without a
// number in it has the first.
const schemaVersion = 1

// creationPatience is for AWS to make a table.
const creationPatience = time.Minute

// definition is the table, in the words of CreateTable.
func definition(table string) *dynamodb.CreateTableInput {
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	attribute := func(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: kind}
	}
	return &dynamodb.CreateTableInput{
		TableName:   &table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			attribute(keyPartition, types.ScalarAttributeTypeS), attribute(keySort, types.ScalarAttributeTypeS), attribute(attrChanged, types.ScalarAttributeTypeN),
		},
		KeySchema: []types.KeySchemaElement{key(keyPartition, types.KeyTypeHash), key(keySort, types.KeyTypeRange)},
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{{
			IndexName:  aws.String(changesIndex),
			KeySchema:  []types.KeySchemaElement{key(keyPartition, types.KeyTypeHash), key(attrChanged, types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{attrLatest, attrChanges}},
		}},
	}
}

// Schema returns the definition of a table, "prompty" if table is empty, as
// `aws dynamodb create-table --cli-input-json` reads it: for those who open it
// with schema=manual.
func Schema(table string) string {
	d := definition(cmp.Or(table, standardTable))
	out, _ := json.MarshalIndent(struct { // texts and lists always have a JSON form
		TableName             *string
		BillingMode           types.BillingMode
		AttributeDefinitions  []types.AttributeDefinition
		KeySchema             []types.KeySchemaElement
		LocalSecondaryIndexes []types.LocalSecondaryIndex
	}{d.TableName, d.BillingMode, d.AttributeDefinitions, d.KeySchema, d.LocalSecondaryIndexes}, "", "  ")
	return string(out) + "\n"
}

// prepare makes the table if it is not there, waits until it can be used, and
// checks that it is one of ours.
func (r *remote) prepare(ctx context.Context, manual bool) (*types.TableDescription, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, creationPatience, errors.New("the table was not made in time"))
	defer cancel()
	for wait := 25 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		d, err := r.describe(ctx)
		switch {
		case codeOf(err) == "ResourceNotFoundException" && manual:
			return nil, backend.NoSuchTable(fmt.Sprintf("table %s in %s", r.table, r.where()), schemaCommand(r.table))
		case codeOf(err) == "ResourceNotFoundException":
			_, err := call(ctx, r, "CreateTable", r.db.CreateTable, definition(r.table))
			if err != nil && codeOf(err) != "ResourceInUseException" { // another process makes it
				return nil, err
			}
		case err != nil:
			return nil, err
		case d.TableStatus == types.TableStatusCreating:
		case d.TableStatus == types.TableStatusActive || d.TableStatus == types.TableStatusUpdating:
			if err := checkTable(d); err != nil {
				return nil, err
			}
			return d, r.checkVersion(ctx)
		default:
			return nil, fmt.Errorf("table %s cannot be used: its status is %s", r.table, d.TableStatus)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, fmt.Errorf("table %s is still being made after %v: try again later", r.table, creationPatience)
		}
	}
}

func (r *remote) describe(ctx context.Context) (*types.TableDescription, error) {
	out, err := call(ctx, r, "DescribeTable", r.db.DescribeTable, &dynamodb.DescribeTableInput{TableName: &r.table})
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// checkTable refuses a table that is not as definition says.
func checkTable(d *types.TableDescription) error {
	want := definition("")
	if !slices.EqualFunc(want.KeySchema, d.KeySchema, sameKey) {
		return otherTable(d, "its keys are other ones")
	}
	kinds := make(map[string]types.ScalarAttributeType)
	for _, a := range d.AttributeDefinitions {
		kinds[aws.ToString(a.AttributeName)] = a.AttributeType
	}
	for _, a := range want.AttributeDefinitions {
		if kind := kinds[*a.AttributeName]; kind != a.AttributeType {
			return otherTable(d, fmt.Sprintf("its attribute %s has the type %q, not %q", *a.AttributeName, kind, a.AttributeType))
		}
	}
	index := want.LocalSecondaryIndexes[0]
	i := slices.IndexFunc(d.LocalSecondaryIndexes, func(l types.LocalSecondaryIndexDescription) bool {
		return aws.ToString(l.IndexName) == changesIndex && slices.EqualFunc(l.KeySchema, index.KeySchema, sameKey)
	})
	if i < 0 {
		return otherTable(d, "it has no local secondary index "+changesIndex+" as it should")
	}
	if p := d.LocalSecondaryIndexes[i].Projection; p == nil || p.ProjectionType != types.ProjectionTypeAll &&
		!(slices.Contains(p.NonKeyAttributes, attrLatest) && slices.Contains(p.NonKeyAttributes, attrChanges)) {
		return otherTable(d, "its index "+changesIndex+" does not hold "+attrLatest+" and "+attrChanges)
	}
	return nil
}

func sameKey(a, b types.KeySchemaElement) bool {
	return aws.ToString(a.AttributeName) == aws.ToString(b.AttributeName) && a.KeyType == b.KeyType
}

func otherTable(d *types.TableDescription, why string) error {
	return fmt.Errorf("table %s is not one of prompty's: %s; name another table, or make it as `%s` says", aws.ToString(d.TableName), why, schemaCommand(aws.ToString(d.TableName)))
}

// schemaCommand prints a table's definition.
func schemaCommand(table string) string {
	if table == standardTable {
		return "prompty schema dynamodb"
	}
	return "prompty schema dynamodb --table-prefix " + table
}

// checkVersion refuses a table that a later release has changed.
func (r *remote) checkVersion(ctx context.Context) error {
	out, err := call(ctx, r, "GetItem", r.db.GetItem, &dynamodb.GetItemInput{
		TableName: &r.table, ConsistentRead: aws.Bool(true), Key: r.keys.schema(),
	})
	if err != nil || len(out.Item) == 0 {
		return err
	}
	f := &fields{item: out.Item}
	version := int(f.number(attrSchemaVersion, 1, mostVersion))
	if err := f.damage(); err != nil {
		return err
	}
	if version > schemaVersion {
		return backend.SchemaTooNew(version, schemaVersion)
	}
	return nil
}
