package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/go-prompty/prompty"
)

// fault is an error of the SDK in plain words.
type fault struct {
	text string
	err  error
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.err }

// writing are the actions that a reader's permissions do not hold.
var writing = []string{"TransactWriteItems", "PutItem", "UpdateItem"}

// codeOf returns what the server calls an error; "": it is not the server's.
func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// explain says what an error of a request means and what to do. ctx is the
// request's.
func (r *remote) explain(ctx context.Context, action string, err error) error {
	say := func(format string, args ...any) error { return &fault{fmt.Sprintf(format, args...), err} }
	message := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		message = strings.TrimSpace(api.ErrorMessage())
	}
	switch code := codeOf(err); code {
	case "":
	case "AccessDeniedException", "AccessDenied":
		text := fmt.Sprintf("dynamodb:%s is not permitted on table %s in %s (%s): the package comment of dynamostore lists what is needed", action, r.table, r.region, message)
		if slices.Contains(writing, action) {
			return &fault{prompty.ErrReadOnly.Error() + ": " + text, errors.Join(prompty.ErrReadOnly, err)}
		}
		return say("%s", text)
	case "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException", "MissingAuthenticationTokenException", "InvalidClientTokenId":
		return say("AWS does not accept these credentials (%s): check the access key, the secret and the profile", code)
	case "ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired":
		return say("the credentials have expired (%s): log in again, such as with `aws sso login`", code)
	case "ResourceNotFoundException":
		return say("table %s is not there in %s (or not yet, or no more): check the region and the table's name", r.table, r.where())
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
		return say("table %s is throttled (%s): raise its capacity, bill it on demand, or put a cache before it", r.table, code)
	case "ItemCollectionSizeLimitExceededException":
		return say("a partition of table %s has reached DynamoDB's 10 GB: keep the templates in several tables", r.table)
	default:
		return say("%s: %s", code, message)
	}
	switch host, unknown := errors.AsType[*net.DNSError](err); {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("no answer came from %s within %v", r.where(), patience)
	case unknown:
		return say("host %s is unknown: check the region (%s) and the endpoint", host.Name, r.region)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return say("%s cannot be reached: %v", r.where(), u.Err)
	}
	if text := err.Error(); strings.Contains(text, "get identity") || strings.Contains(text, "credentials") {
		return say("no AWS credentials were found: set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the option profile (%s)", innermost(err))
	}
	return err
}

func (r *remote) where() string {
	if r.endpoint != "" {
		return r.endpoint
	}
	return r.region
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// answered reports whether err is the server's word that nothing was done.
func answered(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	_, cancelled := errors.AsType[*types.TransactionCanceledException](err)
	return cancelled || api.ErrorFault() != smithy.FaultServer && api.ErrorCode() != "InternalServerError" && api.ErrorCode() != "ServiceUnavailable"
}
