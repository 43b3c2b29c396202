package diff_test

import (
	"fmt"

	"github.com/go-prompty/prompty/diff"
)

func Example() {
	before := "You are kind.\nBe brief.\n"
	after := "You are very kind.\nBe brief.\nAsk one question.\n"

	lines := diff.Compare(before, after)
	fmt.Println(lines.Added, "added,", lines.Removed, "removed")
	fmt.Print(lines.Unified("tone@1", "tone@2"))
	// Output:
	// 2 added, 1 removed
	// --- tone@1
	// +++ tone@2
	// @@ -1,2 +1,3 @@
	// -You are kind.
	// +You are very kind.
	//  Be brief.
	// +Ask one question.
}

func ExampleWords() {
	before, after := "Be brief and kind.", "Be very brief, and kind."
	removed, added := diff.Words(before, after)
	for _, s := range removed {
		fmt.Printf("gone %q\n", before[s.Start:s.End])
	}
	for _, s := range added {
		fmt.Printf("new  %q\n", after[s.Start:s.End])
	}
	// Output:
	// new  "very "
	// new  ","
}
