// Package mongostore keeps templates in MongoDB 5 or later: a single server, a
// replica set, a sharded cluster or a service that speaks its protocol. It is the
// driver "mongodb".
//
//	import _ "github.com/go-prompty/prompty/stores/mongostore"
//
//	storage, err := prompty.OpenStorage("mongodb", "mongodb://app:secret@db1,db2,db3/prompts?replicaSet=rs0")
//
// The connection string is MongoDB's own, mongodb:// or mongodb+srv://, with the
// database in its path; without one it is "prompty". These options are ours, all
// others the client's:
//
//	collection_prefix=  prompty_  before the name of the collection, "templates"
//	schema=             auto      create the indexes; manual: whoever runs what Schema prints does
//	notify=             on        follow the server's change stream where it has one; off: poll
//	poll=               1s        between two looks for changes, without a change stream
//	resync=             1m        between two comparisons of everything, by which what was lost is found
//	max_conns=          100       connections at most, as maxPoolSize
//
// A command takes at most 10 seconds, or timeoutMS if that is given, and so does
// finding the server, or serverSelectionTimeoutMS.
//
// # What is promised
//
// A save has happened when a majority of the replica set has it in its journal, and
// all reads go to the primary and show only what a majority has: so a read finds
// what anybody was told is saved. A primary that has just been replaced and does
// not know it yet may answer with what was true before; readConcernLevel=linearizable
// closes that gap of some seconds, for a round trip to the majority with each read.
// w= and journal= in the connection string weaken this; a readPreference other than
// primary, and readConcernLevel=local, are refused.
//
// A save whose answer is lost is repeated until it is known to be there once: each
// carries a token. SaveAll is atomic, without transactions. A list is not a
// snapshot of all names: one that is changed while it is made may be shown as it
// was or as it is, but a SaveAll is shown whole or not at all. There is no
// Snapshotter.
//
// A source has at most 16 MiB less 64 KiB, since a document has at most 16 MiB; with
// its tags and metadata it must fit into one too.
//
// # What is stored
//
// One collection, to which documents are only added: each change of a name is one,
// with the _id "name⇥0000000012", the name, a tab and the change's number. Nothing
// rests on an index but that of _id, on transactions, or on updates: who inserts a
// number first has it, and the others try the next one. Each holds the whole state
// of the name after it and the text of its latest version. What was deleted is gone
// for all readers and stays in the collection. If it is sharded, it must be by _id
// (ranges or hashed): by another key MongoDB does not keep the _id unique.
//
// With schema=manual the user needs find, insert and update on the collection, and
// changeStream for notify=on; listIndexes and listCollections let Describe say more:
//
//	db.createRole({role: "prompty", roles: [], privileges: [{
//	  resource: {db: "prompts", collection: "prompty_templates"},
//	  actions: ["find", "insert", "update", "changeStream", "listIndexes"]}]})
//
// With schema=auto it needs createIndex and createCollection as well, as the role
// readWrite has them.
//
// # Servers that are not MongoDB
//
// It works on FerretDB 1.24 too, which has no change streams, and uses no index for
// our queries: each takes a time in proportion to the collection, and is made so that
// little of it leaves the server. Our own tests run on it; change streams, plans and
// replica sets are tested where PROMPTY_TEST_MONGODB names a replica set.
package mongostore
