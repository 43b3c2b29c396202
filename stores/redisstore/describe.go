package redisstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty"
)

// name is the key_prefix.
func (c *client) name() string { return strings.Trim(c.prefix, "{}:") }

// facts is what the server says of itself.
func (c *client) facts(ctx context.Context, sections ...string) (map[string]string, error) {
	facts := make(map[string]string)
	for _, section := range sections {
		var text string
		err := c.do(ctx, false, func(ctx context.Context, r *redis.Client) (err error) {
			text, err = r.Info(ctx, section).Result()
			return err
		})
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				facts[name] = value
			}
		}
	}
	return facts, nil
}

// state is the last change, and how many templates there are.
func (c *client) state(ctx context.Context) ([]string, error) {
	value, err := c.run(ctx, stateScript, nil)
	if err != nil {
		return nil, err
	}
	state, err := texts(value)
	if err == nil && len(state) != 2 {
		err = fmt.Errorf("the server answered with %d values for its state; is it Redis?", len(state))
	}
	return state, err
}

// Describe implements [backend.Backend].
func (b *store) Describe(ctx context.Context) (prompty.Description, error) {
	d := prompty.Description{Location: b.location}
	state, err := b.state(ctx)
	if err != nil {
		return d, err
	}
	d.State = state[1] + " templates"
	facts, err := b.facts(ctx, "server", "memory", "persistence", "replication")
	if err != nil {
		d.Problems = append(d.Problems, "what the server is could not be asked, so nobody knows whether it keeps what it is told: allow the user INFO ("+err.Error()+")")
		return d, nil
	}
	if version := facts["valkey_version"]; version != "" {
		d.State += ", Valkey " + version
	} else {
		d.State += ", Redis " + facts["redis_version"]
	}
	if b.barred.Load() {
		d.State += ", read-only for this user"
	}
	if facts["role"] == "slave" {
		d.State += ", a read replica"
	}
	if policy := facts["maxmemory_policy"]; strings.HasPrefix(policy, "allkeys-") {
		d.Problems = append(d.Problems, "maxmemory-policy is "+policy+", so templates are lost when the memory is full: set it to noeviction")
	}
	if facts["aof_enabled"] == "0" {
		d.Problems = append(d.Problems, "appendonly is off, so a crash of the server loses what was saved since its last snapshot: set appendonly yes, and appendfsync always against power loss")
	}
	if facts["aof_last_write_status"] == "err" || facts["rdb_last_bgsave_status"] == "err" {
		d.Problems = append(d.Problems, "the server could not write to its disk the last time: see its log")
	}
	return d, nil
}
