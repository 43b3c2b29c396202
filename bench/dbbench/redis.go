package dbbench

import (
	"context"
	"encoding/json"

	"github.com/redis/go-redis/v9"

	_ "github.com/go-prompty/prompty/stores/redisstore"
)

// redisByHand keeps each version in a hash of its own, and the number of the
// latest, with its texts, in another: so that reading it is one HGETALL.
type redisByHand struct {
	client *redis.Client
	prefix string
}

func openRedis(_ context.Context, server, prefix string) (byHand, error) {
	o, err := redis.ParseURL(server)
	if err != nil {
		return nil, err
	}
	return &redisByHand{redis.NewClient(o), prefix}, nil
}

func (r *redisByHand) get(ctx context.Context, name string) (string, error) {
	fields, err := r.client.HGetAll(ctx, "{"+r.prefix+"hand}:"+name).Result()
	if err != nil {
		return "", err
	}
	return fields["source"], r.row(fields["info"])
}

// row reads what is not text.
func (r *redisByHand) row(info string) error {
	var t struct {
		Tags     []string
		Metadata map[string]string
		Author   string
	}
	return json.Unmarshal([]byte(info), &t)
}

var redisSave = redis.NewScript(`
local v = redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('HSET', KEYS[1], 'source', ARGV[1], 'info', ARGV[2])
redis.call('HSET', KEYS[1] .. '@' .. v, 'source', ARGV[1], 'info', ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[3])
redis.call('PUBLISH', KEYS[2], ARGV[3])
return v`)

func (r *redisByHand) save(ctx context.Context, name, source string) (int, error) {
	info, err := json.Marshal(map[string]any{"tags": tags, "metadata": metadata, "author": author})
	if err != nil {
		return 0, err
	}
	key := "{" + r.prefix + "hand}:"
	return redisSave.Run(ctx, r.client, []string{key + name, key}, source, info, name).Int()
}

var redisList = redis.NewScript(`
local list = {}
for _, name in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], '[' .. ARGV[1], '[' .. ARGV[1] .. '\255')) do
	list[#list + 1] = redis.call('HGETALL', KEYS[1] .. name)
end
return list`)

func (r *redisByHand) list(ctx context.Context, prefix string) ([]string, error) {
	rows, err := redisList.Run(ctx, r.client, []string{"{" + r.prefix + "hand}:"}, prefix).Slice()
	var list []string
	for _, row := range rows {
		fields, _ := row.([]any)
		for i := 0; i+1 < len(fields); i += 2 {
			switch value, _ := fields[i+1].(string); fields[i] {
			case "source":
				list = append(list, value)
			case "info":
				if err := r.row(value); err != nil {
					return nil, err
				}
			}
		}
	}
	return list, err
}

func (r *redisByHand) close(ctx context.Context) error {
	keys := r.client.Scan(ctx, 0, "{"+r.prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		r.client.Unlink(ctx, keys.Val())
	}
	if err := keys.Err(); err != nil {
		return err
	}
	return r.client.Close()
}
