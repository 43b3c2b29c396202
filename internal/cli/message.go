package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty/gitstore"
)

// messageFlag adds --message to a verb that writes.
func messageFlag(cmd *cobra.Command, message *string) {
	cmd.Flags().StringVarP(message, "message", "m", "", "say why, in the commit's `MESSAGE` (in Git only)")
}

// withMessage hands a commit's message to the storage, which must be one that
// makes commits: elsewhere it would be lost.
func (a *app) withMessage(ctx context.Context, message string) (context.Context, error) {
	if message == "" {
		return ctx, nil
	}
	where, err := a.where()
	if err != nil {
		return nil, err
	}
	if driver, _ := splitStorage(where); driver != "git" {
		return nil, usage(errors.New("this storage keeps no messages"), "leave out --message; a Git repository, --storage git:PATH, has it as the commit's")
	}
	return gitstore.WithCommit(ctx, gitstore.Commit{Message: message}), nil
}
