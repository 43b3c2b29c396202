package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// schemaVersion is that of the documents and indexes. schemaKey is the key of the
// document that says which one the collection has.
const (
	schemaVersion = 1
	schemaKey     = ":schema"
)

// indexes are what queries use, besides that of _id: by name. None of them is
// needed for anything to be right.
var indexes = []index{
	{"prompty_versions", []string{"name", "-saved"}, false, "one version, the history, all versions"},
	{"prompty_newest", []string{"top", "_id"}, false, "the latest versions, by name"},
	{"prompty_tags", []string{"tags", "top", "_id"}, false, "those with a tag"},
	{"prompty_created_by", []string{"created_by", "top", "_id"}, false, "those of an author"},
	{"prompty_tenant", []string{"tenant_id", "top", "_id"}, false, "those of a tenant"},
	{"prompty_changes", []string{"at"}, false, "what has changed since"},
	{"prompty_batches", []string{"batch"}, true, "the parts of a batch"},
}

// An index is by fields, of which those with - are descending.
type index struct {
	name   string
	fields []string
	sparse bool // without documents that have none of the fields
	why    string
}

// Schema returns what makes the collection, as a script for mongosh, for teams
// that leave that to nobody else: run it on the database, and open the storage with
// schema=manual. prefix is that of the option collection_prefix.
func Schema(prefix string) string {
	collection := prefix + collectionName
	var b strings.Builder
	fmt.Fprintf(&b, "// The schema of prompty's templates, version %d. Run it with mongosh on the\n// database, as a user with the role readWrite. It may be run again.\n", schemaVersion)
	fmt.Fprintf(&b, "const templates = db.getCollection(%q);\n", collection)
	for _, x := range indexes {
		var keys []string
		for _, e := range x.keys() {
			keys = append(keys, fmt.Sprintf("%s: %d", e.Key, e.Value))
		}
		fmt.Fprintf(&b, "templates.createIndex({%s}, {name: %q, sparse: %t}); // %s\n", strings.Join(keys, ", "), x.name, x.sparse, x.why)
	}
	fmt.Fprintf(&b, "templates.updateOne({_id: %q}, {$setOnInsert: {version: NumberInt(%d)}}, {upsert: true});\n", schemaKey, schemaVersion)
	return b.String()
}

func (x index) keys() bson.D {
	var d bson.D
	for _, field := range x.fields {
		name, descending := strings.CutPrefix(field, "-")
		order := 1
		if descending {
			order = -1
		}
		d = append(d, bson.E{Key: name, Value: order})
	}
	return d
}

// ensure sees to it that the schema is there, and known to us.
func (s *store) ensure(ctx context.Context, manual bool) error {
	version, err := s.schemaVersion(ctx)
	switch {
	case err != nil:
		return err
	case version > schemaVersion:
		return backend.SchemaTooNew(version, schemaVersion)
	case version == schemaVersion:
		return nil
	case manual:
		return backend.NoSuchTable("the collection "+s.events.Name()+" with its document "+schemaKey, "prompty schema mongodb")
	}
	if err := s.checkOrder(ctx); err != nil {
		return err
	}
	if !s.exact { // which would not use them
		if err := s.createIndexes(ctx); err != nil {
			return err
		}
	}
	_, err = s.events.InsertOne(ctx, bson.D{{Key: "_id", Value: schemaKey}, {Key: "version", Value: int32(schemaVersion)}})
	if mongo.IsDuplicateKeyError(err) {
		return nil
	}
	return err
}

// schemaVersion returns 0 if there is no schema.
func (s *store) schemaVersion(ctx context.Context) (int, error) {
	var doc struct {
		Version int `bson:"version"`
	}
	err := s.events.FindOne(ctx, bson.D{{Key: "_id", Value: schemaKey}}).Decode(&doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, nil
	}
	if err == nil && doc.Version < 1 {
		err = fmt.Errorf("the document with the _id %q in the collection %s is damaged: it has no version", schemaKey, s.events.Name())
	}
	return doc.Version, err
}

// checkOrder refuses a collection that somebody made with an order of texts by
// language: keys must differ if they differ in a byte.
func (s *store) checkOrder(ctx context.Context) error {
	list, err := s.database.ListCollectionSpecifications(ctx, bson.D{{Key: "name", Value: s.events.Name()}})
	if err != nil {
		return err
	}
	for _, c := range list {
		if collation, ok := c.Options.Lookup("collation", "locale").StringValueOK(); ok && collation != "simple" {
			return fmt.Errorf("the collection %s was created with the collation %q, which takes different names for the same: drop it, or choose another collection_prefix", c.Name, collation)
		}
	}
	return nil
}

// missing returns the indexes that are not there.
func (s *store) missing(ctx context.Context) ([]mongo.IndexModel, error) {
	there, err := s.events.Indexes().ListSpecifications(ctx)
	if err != nil && !isNoCollection(err) {
		return nil, err
	}
	var list []mongo.IndexModel
	for _, x := range indexes {
		if !slices.ContainsFunc(there, func(have mongo.IndexSpecification) bool { return have.Name == x.name }) {
			list = append(list, mongo.IndexModel{Keys: x.keys(), Options: options.Index().SetName(x.name).SetSparse(x.sparse)})
		}
	}
	return list, nil
}

func isNoCollection(err error) bool {
	server, ok := errors.AsType[mongo.ServerError](err)
	return ok && server.HasErrorCode(26)
}

// createIndexes creates those that are missing, and no others: not every server
// takes it well to be told of one that is there, or that somebody else creates.
func (s *store) createIndexes(ctx context.Context) error {
	return backend.Retry(ctx, isTransient, func() error {
		missing, err := s.missing(ctx)
		if err != nil || len(missing) == 0 {
			return err
		}
		_, err = s.events.Indexes().CreateMany(ctx, missing)
		return err
	})
}

// problems finds what someone should mend.
func (s *store) problems(ctx context.Context) []string {
	var list []string
	missing, err := s.missing(ctx)
	switch {
	case err != nil:
		list = append(list, fmt.Sprintf("the indexes cannot be listed: %v", s.explain(err)))
	case len(missing) > 0 && !s.exact:
		list = append(list, fmt.Sprintf("the collection %s lacks %d of its indexes, so queries are slow: run what `prompty schema mongodb` prints", s.events.Name(), len(missing)))
	}
	if err := s.checkOrder(ctx); err != nil {
		list = append(list, s.explain(err).Error())
	}
	if err := s.tidy.failure(); err != nil {
		list = append(list, fmt.Sprintf("the marks of superseded changes cannot be taken away, so lists grow slow: %v", s.explain(err)))
	}
	return list
}
