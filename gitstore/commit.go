package gitstore

import "context"

// Commit is what a caller wants its commits to say. Empty fields are as the
// store would have them.
type Commit struct {
	Author   string   // "Name <email>"; a template's CreatedBy comes first
	Message  string   // subject and body, without {…}; no line may start with "Prompty-"
	Trailers []string // "Key: value", put after the message
}

type commitKey struct{}

// WithCommit returns a context that tells the writing methods of a [Store] how
// to make their commits.
func WithCommit(ctx context.Context, c Commit) context.Context {
	return context.WithValue(ctx, commitKey{}, c)
}
