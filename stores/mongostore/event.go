package mongostore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// mostVersions is what a key has room for.
const mostVersions = 9_999_999_999

// An event is one change of one name: a document that, once inserted, keeps all
// that says what happened. Its key is the name and the number of the change, and
// a key can be inserted once only: that is the whole of our concurrency control.
// It needs no transaction, no findAndModify and no index but that of _id.
//
// Each event repeats the name's state after it, and the text of the version that
// is the latest then. So the newest event of a name is all that Get reads.
type event struct {
	ID    string    `bson:"_id"` // see key
	Name  string    `bson:"name"`
	Seq   int64     `bson:"seq"`   // 1, 2, 3 … without gaps
	At    time.Time `bson:"at"`    // when, by the server's clock; not before the one before it
	Token string    `bson:"token"` // of the call that inserted it

	High    int64     `bson:"high"`              // the highest version ever given
	Last    time.Time `bson:"last"`              // when that was saved
	Deleted string    `bson:"deleted,omitempty"` // versions up to high that are gone; see spans
	Latest  int64     `bson:"latest"`            // the highest one that is not; 0: all are

	// An event of a batch has happened if the batch was committed; see decision.
	Batch   string `bson:"batch,omitempty"`
	Settled bool   `bson:"settled,omitempty"` // it was
	Aborted bool   `bson:"aborted,omitempty"` // it was not, and the text is gone

	// Top is the name while this may be the newest event. Its successor's saver
	// takes it away, sooner or later.
	Top string `bson:"top,omitempty"`

	Saved int64 `bson:"saved,omitempty"` // the version that the event saved, if it is a save
	Size  int64 `bson:"size,omitempty"`  // bytes of its source

	// The latest version.
	Source    *string   `bson:"source,omitempty"`
	Metadata  []pair    `bson:"metadata,omitempty"` // keys of documents may hold no dot and no dollar everywhere
	Tags      []string  `bson:"tags,omitempty"`
	CreatedBy string    `bson:"created_by,omitempty"`
	TenantID  string    `bson:"tenant_id,omitempty"`
	CreatedAt time.Time `bson:"created_at,omitempty"`

	gone spans // Deleted
}

type pair struct {
	Key   string `bson:"k"`
	Value string `bson:"v"`
}

// light leaves out what only who wants the text needs.
var light = bson.D{{Key: "source", Value: 0}, {Key: "metadata", Value: 0}}

// separator ends the name in a key. No character of a name sorts before it, so
// keys sort as names do, and the events of a name are a range of keys.
const separator, afterSeparator = "\t", "\n"

func key(name string, seq int64) string { return fmt.Sprintf("%s%s%010d", name, separator, seq) }

// parse reads an event, and says what is wrong with one that was not made here.
// full: it came with its text.
func parse(raw bson.Raw, full bool) (*event, error) {
	e := new(event)
	err := bson.Unmarshal(raw, e)
	if err == nil {
		err = e.check(full)
	}
	if err != nil {
		return nil, damaged(raw, err)
	}
	return e, nil
}

func (e *event) check(full bool) (err error) {
	if e.gone, err = parseSpans(e.Deleted); err != nil {
		return err
	}
	switch {
	case prompty.CheckName(e.Name) != nil || e.Seq < 1 || e.ID != key(e.Name, e.Seq):
		return errors.New("its fields name and seq do not fit its _id")
	case e.High < 0 || e.High > mostVersions || len(e.gone) > 0 && e.gone[len(e.gone)-1].to > e.High:
		return errors.New("its field deleted goes beyond its field high")
	case e.Latest != e.gone.latest(e.High):
		return errors.New("its field latest does not fit its fields high and deleted")
	case e.Saved < 0 || e.Saved > e.High:
		return errors.New("its field saved goes beyond its field high")
	case full && e.Latest > 0 && e.Source == nil && !e.Aborted:
		return errors.New("its field source is missing")
	case e.Latest > 0 && e.CreatedAt.IsZero():
		return errors.New("its field created_at is missing")
	}
	return nil
}

// template returns the version that is the latest after e.
func (e *event) template() *prompty.StoredTemplate {
	created := e.CreatedAt.UTC()
	t := &prompty.StoredTemplate{
		ID: backend.ID(e.Name, int(e.Latest)), Name: e.Name, Version: int(e.Latest),
		CreatedAt: created, UpdatedAt: created, CreatedBy: e.CreatedBy, TenantID: e.TenantID,
	}
	if e.Source != nil {
		t.Source = *e.Source
	}
	if len(e.Metadata) > 0 {
		t.Metadata = make(map[string]string, len(e.Metadata))
		for _, p := range e.Metadata {
			t.Metadata[p.Key] = p.Value
		}
	}
	if len(e.Tags) > 0 {
		t.Tags = e.Tags
	}
	return t
}

// next returns an event that changes nothing of the name's state but the number,
// and holds no text. before is nil if there is none.
func next(name string, before *event, slot int64, now time.Time) *event {
	e := &event{Name: name, Seq: slot + 1, At: now, Top: name}
	e.ID = key(e.Name, e.Seq)
	if before != nil {
		e.High, e.Last, e.Deleted, e.Latest, e.gone = before.High, before.Last, before.Deleted, before.Latest, before.gone
		if before.At.After(now) {
			e.At = before.At
		}
	}
	return e
}

// save makes e one that saves t.
func (e *event) save(t *prompty.StoredTemplate) {
	created := e.At
	if !created.After(e.Last) {
		created = e.Last.Add(time.Millisecond)
	}
	e.High++
	e.Last, e.Latest, e.Saved = created, e.High, e.High
	e.Source, e.Size = &t.Source, int64(len(t.Source))
	e.Tags, e.CreatedBy, e.TenantID, e.CreatedAt = t.Tags, t.CreatedBy, t.TenantID, created
	for k, v := range t.Metadata {
		e.Metadata = append(e.Metadata, pair{k, v})
	}
	slices.SortFunc(e.Metadata, func(a, b pair) int { return strings.Compare(a.Key, b.Key) })
}

// stamp sets in t what a save sets.
func (e *event) stamp(t *prompty.StoredTemplate) {
	t.ID, t.Version, t.CreatedAt, t.UpdatedAt = backend.ID(e.Name, int(e.Saved)), int(e.Saved), e.CreatedAt, e.CreatedAt
}

// delete makes e one that deletes all versions.
func (e *event) delete() {
	e.gone = spans{{1, e.High}}
	e.Deleted, e.Latest = e.gone.String(), 0
}

// deleteVersion makes e one that deletes a version.
func (e *event) deleteVersion(version int64) {
	e.gone = e.gone.with(version)
	e.Deleted, e.Latest = e.gone.String(), e.gone.latest(e.High)
}

// show makes the text of from, whose latest version is e's, that of e.
func (e *event) show(from *event) {
	e.Source, e.Metadata, e.Tags = from.Source, from.Metadata, from.Tags
	e.CreatedBy, e.TenantID, e.CreatedAt = from.CreatedBy, from.TenantID, from.CreatedAt
}
