package postgres

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Our options are taken out; pgx gets the rest, letter for letter.
func TestSplit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"postgres://u:p%40@h:1,g:2/db":                          {"postgres://u:p%40@h:1,g:2/db", ""},
		"postgres://u@h/db?notify=off":                          {"postgres://u@h/db", "notify=off"},
		"postgres://u@h/db?a=b+c&poll=1%73&d=%20":               {"postgres://u@h/db?a=b+c&d=%20", "poll=1s"},
		"postgresql://u:p?q@h/db?max%5Fconns=3&poll=1s&poll=2s": {"postgresql://u:p?q@h/db", "max_conns=3&poll=1s&poll=2s"},
		"//h/db?schema=manual&x":                                {"postgres://h/db?x", "schema=manual"},
		"?resync=1s":                                            {"postgres:///", "resync=1s"},
		"":                                                      {"", ""},
		"host=h notify=off user=u":                              {"host=h user=u ", "notify=off"},
		` host = 'a b' poll = '1\s' password=a\ b\\ x=' `:       {`host = 'a b' password=a\ b\\ x=' ` + " ", "poll=1s"},
		"password= user=u":                                      {"password= user=u ", ""},
		`table_prefix='it\'s'`:                                  {"", "table_prefix=it%27s"},
		`poll=\`:                                                {"", "poll=%5C"},
	} {
		rest, ours, err := split(text)
		if diff := cmp.Diff(want, [2]string{rest, ours.Encode()}); err != nil || diff != "" {
			t.Errorf("split(%q): %v (-want +got):\n%s", text, err, diff)
		}
	}
}
