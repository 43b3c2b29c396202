package dynamostore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// streamPlace makes a table with a stream. Nothing but the stream would tell of
// a change within the test's life.
func streamPlace(t testing.TB) (string, *remote) {
	t.Helper()
	where := strings.Replace(table(testserver.DynamoDB(t)), "poll=50ms", "poll=1h&resync=1h", 1)
	r := bare(t, where)
	in := definition(r.table)
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeKeysOnly}
	if _, err := r.db.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return where, r
}

// await reads batches until one is accepted.
func await(t testing.TB, batches <-chan prompty.ChangeBatch, what string, good func(prompty.ChangeBatch) bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case b := <-batches:
			if good(b) {
				return
			}
		case <-late:
			t.Fatalf("%s was not told", what)
		}
	}
}

func tells(name string) func(prompty.ChangeBatch) bool {
	return func(b prompty.ChangeBatch) bool { return len(b.Changes) > 0 && b.Changes[0].Name == name }
}

func TestStream(t *testing.T) {
	t.Parallel()
	where, r := streamPlace(t)
	s, other := opened(t, where), opened(t, where)
	w, _ := prompty.As[prompty.Watcher](s)
	batches, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await(t, batches, "that the stream is read", func(b prompty.ChangeBatch) bool { return b.Watch != nil && b.Watch.Mode == "push" })
	for i := range 3 {
		name := fmt.Sprint("doc/", i)
		if err := other.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "text"}); err != nil {
			t.Fatal(err)
		}
		await(t, batches, "a save by another handle", tells(name))
	}
	if d, err := describe(t, s); err != nil || !strings.Contains(d.State, "with a stream") || len(d.Problems) > 0 {
		t.Errorf("Describe = %+v, %v, want a stream and no problem", d, err)
	}

	// The stream is switched off: the watch says so.
	if _, err := r.db.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: &r.table, StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(false)}}); err != nil {
		t.Fatal(err)
	}
	await(t, batches, "that the stream is off", func(b prompty.ChangeBatch) bool {
		return b.Watch != nil && strings.Contains(b.Watch.LastError, "stream was disabled") && b.Watch.Degraded != ""
	})
}

func TestStreamOff(t *testing.T) {
	t.Parallel()
	where, _ := streamPlace(t)
	where = strings.Replace(where, "poll=1h", "poll=50ms&notify=off", 1)
	s, other := opened(t, where), opened(t, where)
	w, _ := prompty.As[prompty.Watcher](s)
	batches, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "text"}); err != nil {
		t.Fatal(err)
	}
	await(t, batches, "a save by another handle", func(b prompty.ChangeBatch) bool {
		if b.Watch != nil && b.Watch.Mode == "push" {
			t.Error("the stream is read with notify=off")
		}
		return tells("doc")(b)
	})
}
