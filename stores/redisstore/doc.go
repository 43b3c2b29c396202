// Package redisstore keeps templates in Redis or Valkey. It is tested with Redis
// 7.0, and uses nothing that Redis 6.2 and Valkey 8 do not have. It registers the
// driver "redis":
//
//	import _ "github.com/go-prompty/prompty/stores/redisstore"
//	storage, err := prompty.OpenStorage("redis", "redis://user:password@host:6379/0")
//
// The connection string is the one of go-redis: redis://, rediss:// (TLS) or
// unix://, with its options (dial_timeout, read_timeout, pool_size, skip_verify
// …), and redis-cluster:// or rediss-cluster:// for a cluster, whose further
// nodes are addr=host:port options. go-redis says on standard error when it cannot
// connect; redis.SetLogger of its changes that. Options of ours:
//
//	option        default   meaning
//	key_prefix    prompty   all keys begin with {key_prefix}:
//	keep_deleted  24h       how long a snapshot may see what was deleted after it was taken
//	max_conns     40        connections at most (10 for each processor, if that is more), and one for notify
//	notify        on        on: the server tells of changes; off: it is asked (poll)
//	poll          1s        how often it is asked for changes when it does not tell
//	resync        1m        how often all names are compared, by which a lost message is found
//	schema        auto      manual: the store is not created when it is not there
//
// # What is kept where
//
// A template is one hash, {prompty}:t:<name>, which people can read: field 3 is
// the text of version 3, "3:info" its time, author, tenant and tags, "3:metadata"
// its metadata, "latest" the number of the latest, "missing" those that were
// deleted. {prompty}:changes, a sorted set, has the time of each name's last
// change, in microseconds, {prompty}:index what names are listed by, {prompty}:gone
// the names with deleted texts that will be purged, {prompty}:meta what was counted.
// The channel {prompty}:changes tells that something was changed. All keys are in
// one slot of a cluster, and every change, of many templates too, is one script:
// it happens whole or not at all. A store is as fast as one node is. While a
// cluster moves the slot to another node, calls wait.
//
// All is in memory. A version takes its text and about 200 bytes; a deleted one
// stays for keep_deleted, until a change after it. A name takes about 1 kB, and 250
// bytes for each tag, author and tenant that it is found by; once used it stays,
// so that its numbers are not used again. A cluster moves a
// template as one value: keep all versions of one name below 512 MB there. SaveAll
// takes 256 MiB of texts at once. Lists are read in pieces of a thousand names or
// 4 MiB, all from one state, so that the server does not keep others waiting.
//
// # Durability
//
// The server decides. With appendonly yes and appendfsync always, what Save
// returned outlives a power loss; with everysec, the crash of the process, and a
// power loss but for the last second; with snapshots alone neither. Replicas follow
// later: a failover can lose the last changes, and their numbers. Describe tells
// what is wrong. A server that evicts keys (maxmemory-policy allkeys-…) is refused
// when the store is opened; noeviction is right, and volatile-… does no harm. When
// the memory is full, changes fail and nothing is written.
//
// The database must not be emptied or set back behind a program that uses it: it
// goes on, and who watches is told, but numbers are given a second time.
//
// A save whose connection is lost before the answer comes may have happened: the
// error says so, and it is never sent again.
//
// # Permissions
//
// This rule is enough for a user; reading alone needs no more than the first line:
//
//	ACL SETUSER prompty on >password resetkeys ~{prompty}:* resetchannels &{prompty}:*
//	  +eval +evalsha +info +subscribe +unsubscribe +ping +hget +hmget +hstrlen +exists +zcard +zscore +zlexcount +zrangebylex +zrangebyscore +zrevrange
//	  +hset +hincrby +hdel +zadd +zcount +zrem +time +publish
//
// Beside: select for another database than 0, cluster|slots and command for a
// cluster.
package redisstore
