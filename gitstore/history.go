package gitstore

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/repo"
	"github.com/go-prompty/prompty/gitstore/internal/signature"
)

// History returns the versions, the newest first, with author, subject, commit,
// pull request and signature: see [prompty.Historian].
func (r *reader) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	if err := r.beginOn(ctx, name); err != nil {
		return nil, err
	}
	entries, err := r.history(ctx, name)
	if err == nil && len(entries) == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return entries, r.fail(ctx, "history", name, 0, err)
}

func (r *reader) history(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	path := r.layout.path(name)
	st, e, err := r.look(ctx, path)
	if err != nil || e.gone {
		return nil, err
	}
	var entries []prompty.HistoryEntry
	if e.changed {
		t, err := e.template(st, name, path)
		if err != nil && !isUnusable(err) {
			return nil, err
		}
		if err == nil {
			entries = append(entries, prompty.HistoryEntry{ID: t.ID, Version: t.Version, Author: t.CreatedBy, Time: t.CreatedAt, Message: "not committed", Size: len(t.Source)})
		}
	}
	for _, v := range st.view.Versions(path) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entry, err := r.historyEntry(name, path, v)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func (r *reader) historyEntry(name, path string, v history.Version) (prompty.HistoryEntry, error) {
	entry := prompty.HistoryEntry{ID: makeID(v.Commit, path), Version: v.N, Time: v.Time(), Commit: v.Commit.String()}
	raw, err := r.objects().Commit(v.Commit)
	if err != nil {
		return entry, err
	}
	c, err := object.ParseCommit(raw)
	if err != nil {
		return entry, err
	}
	message := c.Display(c.Message)
	entry.Author = createdBy(c, path)
	entry.Message = subject(message)
	entry.PullRequest = pullRequest(message)
	if payload, sig := signature.Split(raw); sig != "" {
		entry.Signature = string(r.keys.Verify(payload, sig))
	}
	t, err := r.template(name, path, v)
	switch {
	case err == nil:
		entry.Author, entry.Size = t.CreatedBy, len(t.Source)
	case isUnusable(err):
		_, size, err := r.db.Stat(r.objects().replaced(v.Blob))
		if err != nil {
			return entry, err
		}
		entry.Size = int(size)
	default:
		return entry, err
	}
	if entry.Author == "" { // who saved it did not say
		entry.Author = person(c.Author)
	}
	return entry, nil
}

// subject is a message's first paragraph on one line, as git shows it.
func subject(message string) string {
	first, _, _ := strings.Cut(strings.TrimLeft(message, "\n"), "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

// pullRequests are the ways in which the big hosts name the pull request in the
// message of a merge or a squash.
var pullRequests = []*regexp.Regexp{
	regexp.MustCompile(`^Merge pull request #(\d{1,9}) `),           // GitHub, Bitbucket Server, Gitea
	regexp.MustCompile(`^Merge pull request '.*' \(#(\d{1,9})\) `),  // Gitea, Forgejo
	regexp.MustCompile(`^Merged in .* \(pull request #(\d{1,9})\)`), // Bitbucket
	regexp.MustCompile(`^Pull request #(\d{1,9}): `),                // Bitbucket Server
	regexp.MustCompile(`^Merged PR (\d{1,9}): `),                    // Azure DevOps
	regexp.MustCompile(`^[^\n]*\(#(\d{1,9})\)(?:\n|$)`),             // GitHub's squash
	regexp.MustCompile(`\nSee merge request \S*!(\d{1,9})(?:\n|$)`), // GitLab
}

// pullRequest is the number that a message carries; 0 if it carries none.
func pullRequest(message string) int {
	for _, re := range pullRequests {
		if m := re.FindStringSubmatch(message); m != nil {
			n, _ := strconv.Atoi(m[1])
			return n
		}
	}
	return 0
}

// loadKeys reads whom History trusts. A file that git's configuration names is
// of no use to who never looks at signatures: where it cannot be read, they are
// unverified, as in git, and Describe says why.
func loadKeys(cfg *repo.Config, opts Options) (keys *signature.Keys, problem string, err error) {
	if opts.AllowedSigners != "" || opts.Keyring != "" {
		if keys, err = signature.LoadKeys(opts.AllowedSigners, opts.Keyring); err != nil || opts.AllowedSigners != "" {
			return keys, "", err
		}
	}
	signers := cfg.Path("gpg.ssh.allowedsignersfile")
	if signers == "" {
		return keys, "", nil
	}
	configured, err := signature.LoadKeys(signers, opts.Keyring)
	if err != nil {
		return keys, fmt.Sprintf("signatures by SSH keys are unverified: gpg.ssh.allowedSignersFile: %v", err), nil
	}
	return configured, "", nil
}
