package dbbench

import (
	"context"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	_ "github.com/go-prompty/prompty/stores/mongostore"
)

// mongoByHand has a document for each version, whose number is that of the latest
// and one more: who inserts it first has it.
type mongoByHand struct {
	client *mongo.Client
	prefix string
	hand   *mongo.Collection
}

// mongoVersion is a document.
type mongoVersion struct {
	Name      string
	Version   int
	Source    string
	Metadata  map[string]string
	Tags      []string
	CreatedBy string
	CreatedAt time.Time
}

func openMongoDB(ctx context.Context, server, prefix string) (byHand, error) {
	parsed, err := connstring.ParseAndValidate(server)
	if err != nil {
		return nil, err
	}
	client, err := mongo.Connect(options.Client().ApplyURI(server))
	if err != nil {
		return nil, err
	}
	database := parsed.Database
	if database == "" {
		database = "prompty"
	}
	m := &mongoByHand{client, prefix, client.Database(database).Collection(prefix + "hand")}
	_, err = m.hand.Indexes().CreateMany(ctx, []mongo.IndexModel{
		{Keys: bson.D{{Key: "name", Value: 1}, {Key: "version", Value: -1}}, Options: options.Index().SetUnique(true)},
		{Keys: bson.D{{Key: "tags", Value: 1}}}, {Keys: bson.D{{Key: "createdby", Value: 1}}},
	})
	return m, err
}

func (m *mongoByHand) latest(ctx context.Context, name string, projection any) (v mongoVersion, err error) {
	o := options.FindOne().SetSort(bson.D{{Key: "version", Value: -1}}).SetProjection(projection)
	err = m.hand.FindOne(ctx, bson.D{{Key: "name", Value: name}}, o).Decode(&v)
	return v, err
}

func (m *mongoByHand) get(ctx context.Context, name string) (string, error) {
	v, err := m.latest(ctx, name, nil)
	return v.Source, err
}

func (m *mongoByHand) save(ctx context.Context, name, source string) (int, error) {
	for {
		v, err := m.latest(ctx, name, bson.D{{Key: "version", Value: 1}})
		if err != nil && err != mongo.ErrNoDocuments {
			return 0, err
		}
		_, err = m.hand.InsertOne(ctx, mongoVersion{name, v.Version + 1, source, metadata, tags, author, time.Now()})
		if !mongo.IsDuplicateKeyError(err) {
			return v.Version + 1, err
		}
		lose()
	}
}

func (m *mongoByHand) list(ctx context.Context, prefix string) ([]string, error) {
	o := options.Find().SetSort(bson.D{{Key: "name", Value: 1}, {Key: "version", Value: -1}})
	cursor, err := m.hand.Find(ctx, bson.D{{Key: "name", Value: bson.D{{Key: "$gte", Value: prefix}, {Key: "$lt", Value: prefix + "\U0010ffff"}}}}, o)
	if err != nil {
		return nil, err
	}
	defer cursor.Close(ctx)
	var list []string
	for last := ""; cursor.Next(ctx); {
		var v mongoVersion
		if err := cursor.Decode(&v); err != nil {
			return nil, err
		}
		if v.Name != last {
			list = append(list, v.Source)
		}
		last = v.Name
	}
	return list, cursor.Err()
}

func (m *mongoByHand) close(ctx context.Context) error {
	defer m.client.Disconnect(ctx)
	collections, err := m.hand.Database().ListCollectionNames(ctx, bson.D{})
	for _, name := range collections {
		if strings.HasPrefix(name, m.prefix) {
			if e := m.hand.Database().Collection(name).Drop(ctx); err == nil {
				err = e
			}
		}
	}
	return err
}
