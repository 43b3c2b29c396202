package redisstore

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// explain says what err means, and what to do.
func (c *client) explain(err error, writes bool) error {
	var answer redis.Error
	if errors.As(err, &answer) {
		return c.explainAnswer(err, answer.Error())
	}
	if unsent(err) && !errors.Is(err, errNoTurn) {
		return fmt.Errorf("%w: see whether the server runs there, and whether host, port and TLS (rediss://) are right", err)
	}
	if writes && !unsent(err) {
		return backend.OutcomeUnknown(err)
	}
	return err
}

// unsent reports whether err shows that there was no connection to send on.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || errors.Is(err, errNoTurn)
}

func (c *client) explainAnswer(err error, text string) error {
	if _, rest, ok := strings.Cut(text, "PROMPTY<"); ok {
		rest, _, _ = strings.Cut(rest, ">PROMPTY")
		kind, what, _ := strings.Cut(rest, " ")
		return c.refusal(kind, what)
	}
	for _, known := range []struct{ code, advice string }{
		{"OOM", "the server is out of memory, so nothing was written: raise its maxmemory, or delete what it holds beside"},
		{"MISCONF", "the server cannot save to its disk and refuses all changes, so nothing was written: mend its disk, or see stop-writes-on-bgsave-error"},
		{"WRONGTYPE", "a key of the store is not of the kind that prompty made: it was changed by hand, or another program uses key_prefix=" + c.name()},
		{"NOAUTH", "the server wants a password: redis://user:password@host"},
		{"WRONGPASS", "the user or the password is wrong"},
		{"NOPERM", permissionAdvice},
		{"MOVED", "the server is part of a cluster: write redis-cluster:// instead of redis://"},
		{"CROSSSLOT", "the server is part of a cluster: write redis-cluster:// instead of redis://"},
		{"LOADING", "the server is still loading its data: try again later"},
		{"BUSY", "a script of someone else keeps the server busy: wait, or see SCRIPT KILL"},
		{"MASTERDOWN", "the server is a replica that has lost its primary"},
		{"ASK", "the cluster is moving the store's slot to another node: try again later"},
		{"CLUSTERDOWN", "the cluster is down, see CLUSTER INFO"},
		{"TRYAGAIN", "the cluster is moving the store's slot to another node: try again later"},
		{"NOREPLICAS", "the server wants more replicas than are connected before it accepts a change (min-replicas-to-write), so nothing was written"},
	} {
		if answers(err, known.code) {
			return fmt.Errorf("%s: %w", known.advice, err)
		}
	}
	switch {
	case answers(err, "READONLY"):
		return fmt.Errorf("%w: the server is a read replica: save on its primary: %w", prompty.ErrReadOnly, err)
	case strings.Contains(text, "ACL failure in script"), strings.Contains(text, "user executing the script"):
		return fmt.Errorf("%s: %w", permissionAdvice, err)
	case strings.Contains(text, "non local key"):
		return fmt.Errorf("the cluster is moving the store's slot to another node: try again later: %w", err)
	}
	return err
}

const permissionAdvice = "the user lacks a permission: see the ACL rule in the documentation of package redisstore"

// refusal is what a script of ours says.
func (c *client) refusal(kind, what string) error {
	switch kind {
	case "damaged":
		return fmt.Errorf("key %q is missing or damaged: it was evicted, deleted or changed by hand; restore the database from a backup, and see that maxmemory-policy is noeviction", what)
	case "schema":
		version, err := strconv.Atoi(what)
		if err != nil || version <= schemaVersion {
			return fmt.Errorf("key %q: the schema version %q was never written by prompty; restore it from a backup", c.key("meta"), what)
		}
		return backend.SchemaTooNew(version, schemaVersion)
	case "missing":
		return fmt.Errorf("key %q does not exist, and schema=manual forbids to create it: run `redis-cli HSET '%s' schema 1 names 0 entries 0 purged 1`, or leave schema=manual out", what, what)
	case "expired":
		return errors.New("the snapshot has expired: what was deleted since is purged (see keep_deleted), or the database was emptied or set back; take another one")
	}
	return fmt.Errorf("key %q: there are no more version numbers", what)
}

// schemaVersion is that of the keys' layout; the scripts know it too.
const schemaVersion = 1
