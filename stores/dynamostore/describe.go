package dynamostore

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-prompty/prompty"
)

func (s *store) Describe(ctx context.Context) (prompty.Description, error) {
	location := fmt.Sprintf("table %s in %s", s.table, s.region)
	if s.endpoint != "" {
		location += " at " + s.endpoint
	}
	d := prompty.Description{Location: location}
	t, err := s.remote.describe(ctx)
	if err != nil {
		return d, err
	}
	heads, _, err := s.Heads(ctx, "")
	if err != nil {
		return d, err
	}
	live, damaged := 0, ""
	for _, h := range heads {
		if h.Version > 0 {
			live++
		}
		if h.Change < 0 {
			damaged = h.Name
		}
	}
	billing, stream := "provisioned capacity", "no stream"
	if t.BillingModeSummary != nil && t.BillingModeSummary.BillingMode == types.BillingModePayPerRequest {
		billing = "billed on demand"
	}
	if t.StreamSpecification != nil && t.StreamSpecification.StreamEnabled != nil && *t.StreamSpecification.StreamEnabled {
		stream = "with a stream"
	}
	d.State = fmt.Sprintf("%d templates, %s, %s", live, billing, stream)
	if t.TableStatus != types.TableStatusActive && t.TableStatus != types.TableStatusUpdating {
		d.Problems = append(d.Problems, fmt.Sprintf("the table's status is %s: see its page in the AWS console", t.TableStatus))
	}
	if err := checkTable(t); err != nil {
		d.Problems = append(d.Problems, err.Error())
	}
	if damaged != "" {
		d.Problems = append(d.Problems, fmt.Sprintf("the head of %q is damaged: Get says how; mend the item, or restore it from a backup", damaged))
	}
	if skew := time.Duration(s.clock.skew.Load()); skew != 0 {
		d.Problems = append(d.Problems, fmt.Sprintf("this machine's clock is wrong by %v, by the server's: set it right", -skew.Round(time.Second)))
	}
	return d, nil
}
