package dynamostore

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// bare connects to a place without preparing it.
func bare(t testing.TB, place string) *remote {
	t.Helper()
	c, err := parseConnection(place)
	if err != nil {
		t.Fatal(err)
	}
	r, err := connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

func opened(t testing.TB, place string) prompty.TemplateStorage {
	t.Helper()
	s, err := Open(place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// put writes an item as somebody with the AWS console would.
func (r *remote) put(t testing.TB, it item) {
	t.Helper()
	if _, err := r.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &r.table, Item: it}); err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, place string, wants ...string) {
	t.Helper()
	start := time.Now()
	s, err := Open(place)
	if err == nil {
		s.Close()
		t.Errorf("Open gives no error, want one with %q", wants)
		return
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Open: error %q, want one with %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "no-secret") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Open: error %q shows a secret", err)
	}
	if d := time.Since(start); d > patience+5*time.Second {
		t.Errorf("Open took %v to fail with %v", d, err)
	}
}

func TestOpenWhereNobodyAnswers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	refused(t, "dynamodb://key:hunter2@eu-central-1/abc?endpoint=http://"+address, "cannot be reached", "connection refused")
	refused(t, "dynamodb://key:hunter2@eu-central-1/abc?endpoint=http://no-such-host.invalid", "host no-such-host.invalid is unknown", "check the region")
}

func TestOpenWithoutAnswer(t *testing.T) {
	t.Parallel()
	server := testserver.DynamoDB(t)
	network, address := server.Addr()
	proxy := testserver.NewProxy(t, network, address)
	proxy.Stall(true)
	refused(t, "dynamodb://key:hunter2@eu-central-1/abc?endpoint=http://"+proxy.Addr(), "no answer came from http://127.0.0.1", "within 10s")
}

func TestOpenWithoutConfiguration(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	refused(t, "dynamodb:///abc", "no region is set", "dynamodb://eu-central-1/abc")
	refused(t, "dynamodb://eu-central-1/abc", "no AWS credentials were found", "AWS_PROFILE")
	refused(t, "dynamodb://eu-central-1/abc?profile=nobody", "nobody")
}

func TestManualSchema(t *testing.T) {
	t.Parallel()
	where := table(testserver.DynamoDB(t))
	refused(t, where+"&schema=manual", "does not exist", "schema=manual", "prompty schema dynamodb --table-prefix "+tableOf(where))
	r := bare(t, where)
	if _, err := r.describe(t.Context()); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("after a refused Open the table's description has the error %v, want that there is none", err)
	}

	// What Schema prints makes a table that is accepted.
	var in dynamodb.CreateTableInput
	if err := json.Unmarshal([]byte(Schema(r.table)), &in); err != nil {
		t.Fatal(err)
	}
	if _, err := r.db.CreateTable(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
	s := opened(t, where+"&schema=manual")
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "text"}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(Schema(""), `"TableName": "prompty"`) {
		t.Errorf("Schema(\"\") is not that of the standard table:\n%s", Schema(""))
	}
}

func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	where := table(testserver.DynamoDB(t))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			s, err := Open(where)
			if err != nil {
				t.Errorf("Open beside others: %v", err)
				return
			}
			defer s.Close()
			if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "text"}); err != nil {
				t.Errorf("Save: %v", err)
			}
		})
	}
	all.Wait()
	list, err := opened(t, where).ListVersions(t.Context(), "doc")
	if diff := cmp.Diff([]int{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, list); err != nil || diff != "" {
		t.Errorf("ListVersions: %v, %s", err, diff)
	}
}

func TestSchemaVersion(t *testing.T) {
	t.Parallel()
	where := place(t)
	opened(t, where)
	r := bare(t, where)
	schema := func(version types.AttributeValue) {
		it := r.keys.schema()
		it[attrSchemaVersion] = version
		r.put(t, it)
	}
	schema(number(schemaVersion))
	opened(t, where)
	schema(number(schemaVersion + 1))
	refused(t, where, "has version 2", "knows versions up to 1")
	refused(t, where+"&schema=manual", "has version 2")
	schema(text("two"))
	refused(t, where, "damaged", "schema_version")
}

func TestOtherTables(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*dynamodb.CreateTableInput){
		"its keys": func(in *dynamodb.CreateTableInput) {
			in.KeySchema, in.LocalSecondaryIndexes, in.AttributeDefinitions = in.KeySchema[:1], nil, in.AttributeDefinitions[:1]
		},
		"its attribute sk": func(in *dynamodb.CreateTableInput) {
			in.AttributeDefinitions[1].AttributeType = types.ScalarAttributeTypeB
		},
		"no local secondary index": func(in *dynamodb.CreateTableInput) {
			in.LocalSecondaryIndexes[0].IndexName = aws.String("other")
		},
		"does not hold latest": func(in *dynamodb.CreateTableInput) {
			in.LocalSecondaryIndexes[0].Projection = &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
		},
	} {
		where := table(testserver.DynamoDB(t))
		r := bare(t, where)
		in := definition(r.table)
		change(in)
		if _, err := r.db.CreateTable(t.Context(), in); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		refused(t, where, "is not one of prompty's", what)
	}
}

func tableOf(where string) string {
	_, rest, _ := strings.Cut(where, "eu-central-1/")
	table, _, _ := strings.Cut(rest, "?")
	return table
}

// TestCancelled looks at the reasons that DynamoDB gives for a transaction that it
// did not carry out.
func TestCancelled(t *testing.T) {
	s := &store{remote: &remote{table: "prompts", region: "eu-central-1"}}
	old := &head{name: "doc", high: 3, latest: 3, changes: 3, last: time.UnixMicro(1), template: &prompty.StoredTemplate{Source: "text"}}
	for _, c := range []struct {
		head, version string
		item          item
		want          error
		part          string
		known         bool
	}{
		{head: "ConditionalCheckFailed", version: "ConditionalCheckFailed", item: old.item("", time.Now()), want: errRaced, known: true},
		{head: "ConditionalCheckFailed", version: "None", want: errRaced}, // the head is gone: it is read again
		{head: "ConditionalCheckFailed", version: "None", item: item{keySort: text("doc")}, part: "damaged", known: true},
		{head: "TransactionConflict", version: "None", want: errRaced, known: true},
		{head: "TransactionConflict", version: "ConditionalCheckFailed", want: errRaced, known: true},
		{head: "None", version: "ThrottlingError", want: errThrottled, known: true},
		{head: "ProvisionedThroughputExceeded", version: "None", want: errThrottled, known: true},
		{head: "None", version: "ConditionalCheckFailed", part: "is there already", known: true},
		{head: "ItemCollectionSizeLimitExceeded", version: "None", part: "10 GB", known: true},
		{head: "None", version: "ValidationError", part: "ValidationError: why", known: true},
	} {
		heads, known := []*head{nil}, []bool{true}
		reason := func(code string) types.CancellationReason {
			return types.CancellationReason{Code: &code, Message: aws.String("why")}
		}
		first := reason(c.head)
		first.Item = c.item
		err := s.cancelled(&types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{first, reason(c.version)}}, heads, known)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && passing(err) || !strings.Contains(err.Error(), c.part) {
			t.Errorf("cancelled(%s, %s) = %v, want %v, %q", c.head, c.version, err, c.want, c.part)
		}
		if known[0] != c.known || c.known && c.want == errRaced && c.item != nil && heads[0].changes != 3 {
			t.Errorf("cancelled(%s, %s) knows the head: %v, want %v", c.head, c.version, known[0], c.known)
		}
	}
}

// TestExplain looks at the errors that only AWS gives, as the SDK hands them out.
func TestExplain(t *testing.T) {
	r := &remote{table: "prompts", region: "eu-central-1"}
	for code, want := range map[string]string{
		"AccessDeniedException":                    "dynamodb:PutItem is not permitted on table prompts in eu-central-1 (why)",
		"UnrecognizedClientException":              "does not accept these credentials",
		"ExpiredTokenException":                    "aws sso login",
		"ResourceNotFoundException":                "check the region",
		"ProvisionedThroughputExceededException":   "throttled",
		"ItemCollectionSizeLimitExceededException": "10 GB",
		"ValidationException":                      "ValidationException: why",
	} {
		err := r.explain(context.Background(), "PutItem", &smithy.GenericAPIError{Code: code, Message: "why"})
		if !strings.Contains(err.Error(), want) {
			t.Errorf("explain(%s) = %v, want %q", code, err, want)
		}
		if codeOf(err) != code {
			t.Errorf("explain(%s) hides the code: %q", code, codeOf(err))
		}
		if denied := code == "AccessDeniedException"; errors.Is(err, prompty.ErrReadOnly) != denied {
			t.Errorf("explain(%s) is ErrReadOnly: %v, want %v", code, !denied, denied)
		}
	}
	if err := r.explain(context.Background(), "Query", &smithy.GenericAPIError{Code: "AccessDeniedException"}); errors.Is(err, prompty.ErrReadOnly) {
		t.Errorf("a read that is not permitted is ErrReadOnly: %v", err)
	}
}
