// Package dynamostore keeps templates in a table of Amazon DynamoDB. It is the
// storage driver "dynamodb".
//
//	storage, err := prompty.OpenStorage("dynamodb", "dynamodb://eu-central-1/prompty")
//
// A connection string is dynamodb://REGION/TABLE and options. Without a region
// the AWS configuration's counts (AWS_REGION, the profile); the standard table is
// "prompty". Credentials come from where the
// AWS SDK looks for them: the environment, the profile, the role. For DynamoDB
// Local, which takes any, they may stand in front:
//
//	dynamodb://KEY:SECRET@eu-central-1/prompty?endpoint=http://127.0.0.1:8000
//
// # Options
//
//	endpoint=URL     of the server, if it is not AWS; AWS_ENDPOINT_URL works as well
//	profile=NAME     of the AWS configuration
//	key_prefix=NAME_ what all partition keys begin with, so that several storages, or other programs, share a table; none unless given
//	schema=auto      auto: make the table if it is missing, billed on demand. manual: never; `prompty schema dynamodb` prints its definition
//	max_conns=N      most connections at one time; no limit unless given
//	notify=on        on: read the table's stream if it had one when the storage was opened. off: poll
//	poll=1s          between two looks at what has changed, without a stream
//	resync=1m        between two comparisons of all heads
//
// # What lies where
//
// All keys are texts, pk and sk:
//
//	heads                NAME          high, latest, last, changes, changed, deleted, and the latest version whole
//	versions/NAME        0000000001    a version: source, size, tags, metadata, created_at, created_by, tenant_id
//	schema               schema        schema_version, if it is not 1
//
// Every save and deletion is one transaction, on the condition that the head's
// count of changes is the one that it was made for; it is made again when others
// were faster. Times are microseconds since 1970 by our clock, which is set right
// by the server's if it is more than 2 s wrong, and later for each version.
// "deleted" lists the numbers of deleted versions, "1-3 7"; their items stay,
// seen by no reader. The local secondary index "changes" orders the heads by
// "changed": polling asks it for the last seconds.
//
// # What a call costs
//
// All reads are strongly consistent. DynamoDB charges whole items, whatever is
// left out of an answer.
//
//	Get, Exists, ListVersions    one GetItem of the head
//	GetVersion                   the head, and the version unless it is the latest
//	Save                         a GetItem, unless this storage was the last to save the name; a transaction of the head and the version
//	History                      the head, and a Query of the versions
//	List                         a Query of the heads with the prefix, a page of 1 MB at a time; for all versions a Query for each name more
//	a look at changes            a Query of the index: one unit if nothing has changed
//	a resync, Describe           a Query of the whole index, 50 templates a unit
//
// # Limits
//
//   - A source has at most 368,640 bytes ([SourceLimit]), with tags and metadata
//     together 375,808. DynamoDB's limit of 400 KB is for the item, with 32 KB
//     left for the list of deleted versions: a version whose deletion would make
//     it longer, with thousands of gaps, is refused.
//   - All heads are in one partition, for the sake of consistent lists. A
//     partition takes 1,000 write units a second, of which a save needs twice the
//     kilobytes of the template and six: 70 saves a second with 4 KB each. It
//     gives 3,000 read units: that many Gets a second up to 4 KB, so put
//     [prompty.NewCachedStorage] before a storage that is read often. With an
//     index a partition ends at 10 GB: 2 million templates of 4 KB, and 10 GB of
//     versions for each name.
//   - SaveAll is one transaction: versions and names together at most 100, and
//     4 MB, heads counted with their template. A larger one is refused with
//     errors.ErrUnsupported before anything is written. While it is being
//     written List may see a part of it, as no reading of many items is isolated
//     from transactions; Get and GetVersion see each template whole.
//   - A stream is polled four times a second. AWS lets two readers at most do
//     that, so with more processes leave the stream away, or notify=off.
//   - There are no snapshots.
//
// # Permissions
//
// On table/TABLE and table/TABLE/index/changes: dynamodb:DescribeTable, GetItem
// and Query to read, PutItem and UpdateItem to write, CreateTable unless
// schema=manual; on table/TABLE/stream/*: DescribeStream, GetShardIterator and
// GetRecords. Who may not write gets [prompty.ErrReadOnly].
package dynamostore
