package prompty_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"a", "greeting", "support/agent", "a/b/c/d", "Summarize Pull-Requests", "v1.2", "a.b/c", "_x", "-x", "日本語/挨拶", "café",
		"emoji 🎉", "a~", "a@b", "x/@y", "console", "com", "com10", "nul_", "lpt", "aux2", "(1)", "a,b", "a'b", "%41",
		strings.Repeat("n", 200), "@acme/x", "@acme/" + strings.Repeat("n", 200), "@" + strings.Repeat("t", 64) + "/x",
	} {
		if err := prompty.CheckName(name); err != nil {
			t.Errorf("CheckName(%q) = %v, want nil", name, err)
		}
	}
	for name, word := range map[string]string{
		"":                                   "empty",
		".":                                  "clean relative path",
		"..":                                 "clean relative path",
		"a/../b":                             "clean relative path",
		"/a":                                 "clean relative path",
		"a/":                                 "clean relative path",
		"a//b":                               "clean relative path",
		"./a":                                "clean relative path",
		".hidden":                            "starts with a dot",
		"a/.git":                             "starts with a dot",
		"a.":                                 "ends in a dot",
		"a./b":                               "ends in a dot",
		"a ":                                 "ends in a dot or a space",
		"a /b":                               "ends in a dot or a space",
		`a\b`:                                "forbid",
		"c:x":                                "forbid",
		"a*":                                 "forbid",
		"a?b":                                "forbid",
		`a"b`:                                "forbid",
		"a<b":                                "forbid",
		"a>b":                                "forbid",
		"a|b":                                "forbid",
		"a\x00b":                             "control character",
		"a\nb":                               "control character",
		"a\x7fb":                             "control character",
		"a\u0085b":                           "control character",
		"a\u2028b":                           "control character",
		"a\xffb":                             "UTF-8",
		"cafe\u0301":                         "normal form C",
		"CON":                                "device name",
		"con":                                "device name",
		"nul.txt":                            "device name",
		"a/Com1":                             "device name",
		"COM¹":                               "device name",
		"lpt9.x.y":                           "device name",
		"aux /x":                             "ends in a dot or a space",
		"CONOUT$":                            "device name",
		strings.Repeat("n", 201):             "201 bytes",
		"@acme":                              "needs a name after it",
		"@acme/":                             "needs a name after it",
		"@/x":                                "tenant is empty",
		"@a@b/x":                             "tenant has a slash or an @",
		"@../x":                              "clean relative path",
		"@acme/../x":                         "clean relative path",
		"@nul.x/../../etc":                   "device name",
		"@" + strings.Repeat("t", 65) + "/x": "65 bytes",
		"@acme/" + strings.Repeat("n", 201):  "201 bytes",
	} {
		err := prompty.CheckName(name)
		if !errors.Is(err, prompty.ErrInvalidName) || !strings.Contains(err.Error(), word) {
			t.Errorf("CheckName(%q) = %v, want ErrInvalidName with %q", name, err, word)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x00\n\x7f\u0085") {
			t.Errorf("CheckName(%q): the message carries the control character: %q", name, err)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"a/b", "nul", "@a/b", "é", "abcde/fghij", "com1/x", "abcde/com1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if prompty.CheckName(name) != nil {
			return
		}
		for seg := range strings.SplitSeq(name, "/") {
			if seg == "" || seg[0] == '.' || strings.HasSuffix(seg, ".") || strings.HasSuffix(seg, " ") || strings.ContainsAny(seg, "\\:*?\"<>|\x00\n") {
				t.Errorf("CheckName(%q) = nil", name)
			}
			base, _, _ := strings.Cut(strings.ToLower(seg), ".")
			if base == "nul" || base == "con" || base == "com1" {
				t.Errorf("CheckName(%q) = nil for a device name", name)
			}
		}
	})
}

func TestCheckTemplate(t *testing.T) {
	t.Parallel()
	good := &prompty.StoredTemplate{
		Name: "a", Source: "---\r\n\ufeff🎉", Tags: []string{"", "ü"}, Metadata: map[string]string{"k": "v\n"}, CreatedBy: "ann", TenantID: "t",
	}
	if err := prompty.CheckTemplate(good); err != nil {
		t.Errorf("CheckTemplate(good) = %v", err)
	}
	for word, spoil := range map[string]func(*prompty.StoredTemplate){
		"source has a NUL at byte 1":             func(t *prompty.StoredTemplate) { t.Source = "a\x00" },
		"source is not valid UTF-8 at byte 4":    func(t *prompty.StoredTemplate) { t.Source = "a\ufffd\xff" },
		"source has 16777217 bytes":              func(t *prompty.StoredTemplate) { t.Source = strings.Repeat("x", 16<<20+1) },
		"tag is not valid UTF-8":                 func(t *prompty.StoredTemplate) { t.Tags = []string{"ok", "\xff"} },
		"metadata key has a NUL":                 func(t *prompty.StoredTemplate) { t.Metadata = map[string]string{"\x00": ""} },
		"metadata value is not valid UTF-8":      func(t *prompty.StoredTemplate) { t.Metadata = map[string]string{"k": "\xc3"} },
		"created_by has a NUL":                   func(t *prompty.StoredTemplate) { t.CreatedBy = "\x00" },
		"tenant_id is not valid UTF-8 at byte 0": func(t *prompty.StoredTemplate) { t.TenantID = "\x80" },
	} {
		bad := good.Clone()
		spoil(bad)
		if err := prompty.CheckTemplate(bad); !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), word) {
			t.Errorf("CheckTemplate = %v, want ErrInvalidTemplate with %q", err, word)
		}
	}
	if err := prompty.CheckTemplate(nil); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("CheckTemplate(nil) = %v, want ErrInvalidTemplate", err)
	}
	if err := prompty.CheckTemplate(&prompty.StoredTemplate{Name: "../x"}); !errors.Is(err, prompty.ErrInvalidName) {
		t.Errorf("CheckTemplate(../x) = %v, want ErrInvalidName", err)
	}
}
