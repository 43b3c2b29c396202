package langbench

import (
	"testing"

	"github.com/go-prompty/prompty/internal/workload"
)

// TestSameBytes proves that all engines print what code written by hand does,
// and knows which cannot.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	some := map[string]string{ // who does only some of the workloads
		"mustache":             "W1 W2 W3 W4 W5 W6",
		"fasttemplate":         "W1 W5",
		"fasttemplate, []byte": "W1 W5",
		"expr-lang":            "WE",
	}
	for _, e := range Engines() {
		does := ""
		for _, w := range workload.All() {
			_, err := e.ready(w)
			if err == nil {
				does += " " + w.Name[:2]
			} else if _, ok := reason(err); !ok {
				t.Errorf("%s, %s: %v", e.Name, w.Name, err)
			}
		}
		want, ok := some[e.Name]
		if !ok {
			want = "W1 W2 W3 W4 W5 W6 WE"
		}
		if does != " "+want {
			t.Errorf("%s does%s, want %s", e.Name, does, want)
		}
	}
}
