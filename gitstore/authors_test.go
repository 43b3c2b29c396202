package gitstore_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// odd are authors that a commit's author line cannot carry, or not exactly.
var odd = []string{
	"", " ", "ann ", " ann", "ann  lee", "<>", "<ann@example.org>", "ann <", "ann >", "ann <<a@b>>", "ann <a@b> x", "ann <a@b", "ann a@b>",
	"Ann Lee<ann@example.org>", "Ann Lee  <ann@example.org>", "ann <>", "ann < >", "Ann <a b@c>", "Ann <a@b> <c@d>", "<a@b> <c@d>",
	"a\nb", "a\r\nb", "\n", "a\tb", "\x01", "x\ncommitter Evil <e@e> 0 +0000\n\nBad", ".", ",", "'", `"`, `"Ann" <a@b>`, "Ann, Lee; <a@b>", ".Ann. <a@b>", "Ann <.a@b.>",
	"é", "日本 <日@本>", "e\u0301", "\u00a0", "\ufeffann", "\ufffd", "prompty <prompty@localhost>", "{}", "%an", "Ann\\", strings.Repeat("x", 5000), strings.Repeat("x", 3000) + " <a@b>",
}

// plain are authors by what git log prints of them.
var plain = map[string]string{
	"ann":                       "ann <>",
	"Ann Lee <ann@example.org>": "Ann Lee <ann@example.org>",
	"Zoë Ünal <z@x>":            "Zoë Ünal <z@x>",
	"bot[1]":                    "bot[1] <>",
}

// TestAuthors saves for everybody, and asks who it was.
func TestAuthors(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	s := open(t, r.Dir)
	everybody := odd
	for who, author := range plain {
		everybody = append(everybody, who)
		tmpl := &prompty.StoredTemplate{Name: "plain", Source: who, CreatedBy: who}
		must(t, s.Save(t.Context(), tmpl))
		if got := r.Git("log", "-1", "--format=%an <%ae>", "main"); got != author {
			t.Errorf("git log says %q of what %q saved, want %q", got, who, author)
		}
		if got := r.Git("log", "-1", "--format=%cn <%ce>", "main"); got != "prompty <prompty@localhost>" {
			t.Errorf("git log gives the committer %q", got)
		}
		if text := r.Git("show", string(tmpl.ID)); text != who {
			t.Errorf("the file holds %q, want %q alone", text, who)
		}
	}
	saved, byID := map[string]*prompty.StoredTemplate{}, map[prompty.TemplateID]string{}
	var batch, each []*prompty.StoredTemplate
	for _, who := range everybody {
		tmpl := &prompty.StoredTemplate{Name: "odd", Source: "by " + who, CreatedBy: who}
		if err := s.Save(t.Context(), tmpl); err != nil {
			t.Errorf("Save by %.40q: %v", who, err)
			continue
		}
		saved[who], byID[tmpl.ID] = tmpl, who
		batch = append(batch, &prompty.StoredTemplate{Name: "batch/" + string(tmpl.ID[:12]), Source: "x", CreatedBy: who})
		each = append(each, &prompty.StoredTemplate{Name: "each/" + string(tmpl.ID[:12]), Source: "x", CreatedBy: who})
	}
	must(t, s.SaveAll(t.Context(), batch))
	must(t, s.SaveEach(t.Context(), each))
	r.Fsck()
	for _, s := range []*gitstore.Store{s, open(t, r.Dir)} {
		for who, tmpl := range saved {
			got, err := s.GetByID(t.Context(), tmpl.ID)
			if err != nil || got.CreatedBy != who || got.Source != tmpl.Source {
				t.Errorf("CreatedBy %.40q came back as %+v, %v", who, got, err)
			}
			list, err := s.List(t.Context(), &prompty.TemplateQuery{CreatedBy: who, NamePrefix: "odd", IncludeAllVersions: true})
			if err != nil || who != "" && (len(list) != 1 || list[0].ID != tmpl.ID) {
				t.Errorf("List by %.40q = %q, %v, want version %d", who, names(list), err, tmpl.Version)
			}
		}
		h, err := s.History(t.Context(), "odd")
		must(t, err)
		for _, e := range h {
			who := byID[e.ID]
			if who == "" {
				who = "prompty <prompty@localhost>" // the committer, where nobody said
			}
			if e.Author != who {
				t.Errorf("History says %.40q of version %d, want %.40q", e.Author, e.Version, who)
			}
		}
		for _, tmpl := range append(batch, each...) {
			if got, err := s.Get(t.Context(), tmpl.Name); err != nil || got.CreatedBy != tmpl.CreatedBy {
				t.Errorf("CreatedBy %.40q of %s came back as %+v, %v", tmpl.CreatedBy, tmpl.Name, got, err)
			}
		}
	}

	// People's own commits, and what they write into the file.
	r.Commit("By hand", "hand.prompty", "x", "said.prompty", "---\ncreated_by: Someone\n---\nx")
	if got := want(t, s, "hand", 1, "x").CreatedBy; got != gittest.Name+" <"+gittest.Email+">" {
		t.Errorf("CreatedBy of a commit made by hand = %q", got)
	}
	if got := want(t, s, "said", 1, "x").CreatedBy; got != "Someone" {
		t.Errorf("CreatedBy of a file that says it = %q", got)
	}
	must(t, s.Save(t.Context(), &prompty.StoredTemplate{Name: "said", Source: "y", CreatedBy: "ann"}))
	if got := want(t, s, "said", 2, "y").CreatedBy; got != "ann" {
		t.Errorf("CreatedBy after a Save over a file that said it = %q, want ann", got)
	}
}

// TestCommit lets a store's options and a call's context say what a commit says.
func TestCommit(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Git("config", "user.name", "Cfg Name")
	r.Git("config", "user.email", "cfg@example.org")
	check := func(what, wanted string) {
		t.Helper()
		if got := strings.TrimRight(r.Git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%B", "main"), "\n"); got != wanted {
			t.Errorf("%s: the commit says\n%q, want\n%q", what, got, wanted)
		}
	}
	s := open(t, r.Dir)
	save(t, s, "a", "1")
	check("the repository's user", "Cfg Name <cfg@example.org>|Cfg Name <cfg@example.org>|Save a")

	s = open(t, r.Dir, "author=Ann+Lee+<ann@example.org>", "committer=Bot+<bot@example.org>", "message=prompts:+{action}+{name}+v{version}")
	save(t, s, "a", "2")
	got := r.Git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%s", "main")
	if !strings.EqualFold(got, "Ann Lee <ann@example.org>|Bot <bot@example.org>|prompts: save a v2") {
		t.Errorf("a store's options: the commit says %q", got)
	}
	must(t, s.DeleteVersion(t.Context(), "a", 1))
	if got := r.Git("log", "-1", "--format=%s|%(trailers:key=Prompty-Delete-Version,valueonly)", "main"); !strings.Contains(got, " a ") || !strings.Contains(got, "|a@1") {
		t.Errorf("a message of one's own for DeleteVersion: %q", got)
	}

	ctx := gitstore.WithCommit(t.Context(), gitstore.Commit{
		Author: "Zoë <zoe@example.org>", Message: "Soften the tone {name}\n\nThe old one was too stern.\n", Trailers: []string{"Reviewed-by: Bob <bob@example.org>", "Ticket: 17"},
	})
	saving := func(ctx context.Context, by string) error {
		return s.Save(ctx, &prompty.StoredTemplate{Name: "a", Source: "3", CreatedBy: by})
	}
	must(t, saving(ctx, ""))
	check("a call's context", "Zoë <zoe@example.org>|Bot <bot@example.org>|Soften the tone {name}\n\nThe old one was too stern.\n\nReviewed-by: Bob <bob@example.org>\nTicket: 17")
	must(t, saving(ctx, "ann"))
	got = r.Git("log", "-1", "--format=%an|%(trailers:key=Ticket,valueonly)%(trailers:key=Prompty-Save,valueonly)", "main")
	if strings.TrimRight(got, "\n") != "ann|17\na" {
		t.Errorf("CreatedBy and an unchanged text with a call's context: %q", got)
	}
	wantVersions(t, s, "a", 4, 3, 2)

	// What the context asks for must be possible, and must not lie.
	tip := r.Git("rev-parse", "main")
	for what, c := range map[string]gitstore.Commit{
		"our trailer in the message":     {Message: "x\n\nPrompty-Delete-Version: a@2"},
		"our trailer, small letters":     {Message: "x\n\nprompty-save: a"},
		"our trailer as a trailer":       {Trailers: []string{"Prompty-Save: a"}},
		"a trailer over two lines":       {Trailers: []string{"A: b\nPrompty-Save: a"}},
		"a trailer without a key":        {Trailers: []string{"just words"}},
		"an empty trailer":               {Trailers: []string{""}},
		"a NUL":                          {Message: "a\x00b"},
		"an escape sequence":             {Message: "\x1b[31mred"},
		"no UTF-8":                       {Message: "\xff"},
		"an author that is two lines":    {Author: "a\nb <c@d>"},
		"an author without an end":       {Author: "Ann <a@b"},
		"an author that is not in UTF-8": {Author: "\xff <a@b>"},
	} {
		ctx := gitstore.WithCommit(t.Context(), c)
		for call, err := range map[string]error{
			"Save": saving(ctx, ""), "SaveAll": s.SaveAll(ctx, []*prompty.StoredTemplate{{Name: "b", Source: "x"}}),
			"DeleteVersion": s.DeleteVersion(ctx, "a", 2), "Delete": s.Delete(ctx, "a"),
		} {
			if err == nil {
				t.Errorf("%s with %s gave no error", call, what)
			}
		}
		if now := r.Git("rev-parse", "main"); now != tip {
			t.Fatalf("with %s the branch moved: %s", what, r.Git("log", "--stat", tip+".."+now))
		}
	}
	r.Fsck()
	agree(t, s, r, "main", "", ".prompty")
}

// TestTimes keeps the order of versions where authors' clocks do not.
func TestTimes(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	s := open(t, r.Dir)
	save(t, s, "a", "one")
	for _, text := range []string{"two", "three"} { // at times long before
		r.Commit(text, "a.prompty", text)
	}
	last := save(t, s, "a", "four")
	for _, s := range []*gitstore.Store{s, open(t, r.Dir)} {
		var before *prompty.StoredTemplate
		for n := 1; n <= 4; n++ {
			got, err := s.GetVersion(t.Context(), "a", n)
			must(t, err)
			if before != nil && !got.CreatedAt.After(before.CreatedAt) {
				t.Errorf("version %d is from %v, the one before from %v", n, got.CreatedAt, before.CreatedAt)
			}
			before = got
		}
		if !before.CreatedAt.Equal(last.CreatedAt) || !before.UpdatedAt.Equal(last.UpdatedAt) {
			t.Errorf("Save set %v, %v; GetVersion gives %v, %v", last.CreatedAt, last.UpdatedAt, before.CreatedAt, before.UpdatedAt)
		}
	}
}

// TestSigned signs with a key of SSH, and git and the store agree on it.
func TestSigned(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("there is no ssh-keygen")
	}
	r := gittest.Bare(t)
	dir := t.TempDir()
	key, allowed := filepath.Join(dir, "key"), filepath.Join(dir, "allowed")
	generate := func(key string) (pub string) {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
		data, err := os.ReadFile(key + ".pub")
		must(t, err)
		return string(data)
	}
	pub := generate(key)
	must(t, os.WriteFile(allowed, []byte("prompty@localhost "+pub), 0o600))
	r.Git("config", "gpg.ssh.allowedSignersFile", allowed)

	save(t, open(t, r.Dir), "a", "unsigned")
	s := open(t, r.Dir, "sign=ssh", "signkey="+key)
	save(t, s, "a", "one")
	must(t, s.SaveAll(t.Context(), []*prompty.StoredTemplate{{Name: "b", Source: "x"}, {Name: "a", Source: "two", CreatedBy: " odd"}}))
	must(t, s.DeleteVersion(t.Context(), "b", 1))
	for _, commit := range strings.Fields(r.Git("rev-list", "--first-parent", "-n", "3", "main")) {
		r.Git("verify-commit", commit)
	}
	signed := func(s *gitstore.Store) (all []string) {
		h, err := s.History(t.Context(), "a")
		must(t, err)
		for _, e := range h {
			all = append(all, e.Signature)
		}
		return all
	}
	if diff := cmp.Diff([]string{"good", "good", ""}, signed(s)); diff != "" {
		t.Errorf("signatures (-want +got):\n%s", diff)
	}
	// Of one who may not sign.
	must(t, os.WriteFile(allowed, []byte("prompty@localhost "+generate(key+"2")), 0o600))
	if got := signed(open(t, r.Dir)); got[0] == "good" || got[2] != "" {
		t.Errorf("signatures with a key that is not allowed: %q", got)
	}
	r.Git("config", "commit.gpgSign", "true")
	r.Git("config", "gpg.format", "ssh")
	r.Git("config", "user.signingKey", filepath.Join(dir, "none"))
	before := r.Git("rev-parse", "main")
	err := open(t, r.Dir).Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"})
	wantError(t, "Save with a key that is missing", err, nil, filepath.Join(dir, "none"))
	if now := r.Git("rev-parse", "main"); now != before {
		t.Error("a Save that could not sign moved the branch")
	}
	save(t, open(t, r.Dir, "sign=none"), "a", "x")
	r.Fsck()
}

// TestFields keeps tags and metadata in front matter, and people's bytes.
func TestFields(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r.Dir)
	file := "---\n# Who may see it\ntags: [a,   b] # as ever\ndescription: 'x'\n---\nHello\r\n"
	r.Commit("By hand", "a.prompty", file)
	got, err := s.Get(t.Context(), "a")
	must(t, err)
	if diff := cmp.Diff([]string{"a", "b"}, got.Tags); diff != "" {
		t.Errorf("Tags (-want +got):\n%s", diff)
	}
	must(t, s.Save(t.Context(), got))
	if now := r.Read("a.prompty"); now != file {
		t.Errorf("Save of what Get gave changed the file to %q", now)
	}
	got.Tags, got.Metadata = []string{"a", "b", "c"}, map[string]string{"owner": "ann"}
	must(t, s.Save(t.Context(), got))
	if now := r.Read("a.prompty"); !strings.Contains(now, "# Who may see it\n") || !strings.Contains(now, "description: 'x'\n") {
		t.Errorf("Save of other tags changed the file to %q", now)
	}
	back, err := open(t, r.Dir).Get(t.Context(), "a")
	if err != nil || back.Version != 3 || !cmp.Equal(back.Tags, got.Tags) || !cmp.Equal(back.Metadata, got.Metadata) || back.Source != got.Source {
		t.Errorf("Get = %+v, %v, want %+v", back, err, got)
	}
	settled(t, r)
}
