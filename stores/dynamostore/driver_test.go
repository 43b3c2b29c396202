package dynamostore

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

func TestParseConnection(t *testing.T) {
	standard := backend.WatchOptions{Resync: time.Minute}
	for str, want := range map[string]connection{
		"":                                   {table: "prompty", watch: standard},
		"dynamodb:":                          {table: "prompty", watch: standard},
		"dynamodb://":                        {table: "prompty", watch: standard},
		"dynamodb://eu-central-1":            {region: "eu-central-1", table: "prompty", watch: standard},
		"dynamodb:///my.table-1_":            {table: "my.table-1_", watch: standard},
		"eu-central-1/prompts":               {region: "eu-central-1", table: "prompts", watch: standard},
		"dynamodb://key:a%2Fb@us-east-1/abc": {region: "us-east-1", table: "abc", accessKey: "key", secret: "a/b", secrets: []string{"a/b", "a%2Fb"}, watch: standard},
		"dynamodb://k:s@p@us-east-1/abc":     {region: "us-east-1", table: "abc", accessKey: "k", secret: "s@p", secrets: []string{"s@p", "s@p"}, watch: standard},
		"?endpoint=http%3A%2F%2F127.0.0.1%3A8000&profile=dev&max_conns=3&key_prefix=p_&schema=manual&notify=off&poll=5s&resync=1h": {
			table: "prompty", endpoint: "http://127.0.0.1:8000", profile: "dev", keys: "p_", maxConns: 3, manual: true,
			watch: backend.WatchOptions{NoPush: true, Poll: 5 * time.Second, Resync: time.Hour},
		},
	} {
		got, err := parseConnection(str)
		if err != nil {
			t.Errorf("parseConnection(%q): %v", str, err)
			continue
		}
		if diff := cmp.Diff(want, *got, cmp.AllowUnexported(connection{})); diff != "" {
			t.Errorf("parseConnection(%q) (-want +got):\n%s", str, diff)
		}
	}
}

func TestParseConnectionRefuses(t *testing.T) {
	for str, want := range map[string]string{
		"dynamodb://Europe/prompty":               `"Europe" is no region`,
		"dynamodb://u:hunter2?x@eu-central-1/abc": "an @ after the ?",
		"dynamodb://u?hunter2@eu-central-1/abc":   "an @ after the ?",
		"dynamodb://u:hun/ter2/x":                 "there is a : in the region",
		"dynamodb://u:hunter2@x:hunter2/abc":      "there is a : in the region",
		"dynamodb://eu-central-1/a b":             `"a b" is no name of a table`,
		"dynamodb://eu-central-1/ab":              "3 to 255 letters",
		"dynamodb://hunter2@eu-central-1/abc":     "no ACCESS_KEY_ID:SECRET",
		"dynamodb://key:%zhunter2@eu-west-1/ab":   "no ACCESS_KEY_ID:SECRET",
		"?%zz":                                    "not option=value",
		"?table_prefix=x":                         `option "table_prefix" is unknown; prompty's own are endpoint, key_prefix, max_conns, notify, poll, profile, resync, schema`,
		"?poll=1&poll=2":                          "given 2 times",
		"?poll=soon":                              "want a time",
		"?key_prefix=a/b":                         "letters, digits and _",
		"?max_conns=0":                            "want a number from 1",
		"?schema=never":                           "want auto or manual",
		"?endpoint=localhost:8000":                "want a URL",
		"?endpoint=http://me:hunter2%40localhost": "want a URL without a password",
	} {
		_, err := Open(str)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) = %v, want an error with %q", str, err, want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) shows a secret: %v", str, err)
		}
	}
}

func TestRegistered(t *testing.T) {
	s, err := prompty.OpenStorage("dynamodb", place(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
