package transfer_test

import (
	"context"
	"fmt"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/transfer"
)

func ExampleCopy() {
	ctx := context.Background()
	from, to := prompty.NewMemoryStorage(), prompty.NewMemoryStorage()
	for _, text := range []string{"Hello", "Hi", "Dear"} {
		if err := from.Save(ctx, &prompty.StoredTemplate{Name: "greeting", Source: text}); err != nil {
			fmt.Println(err)
		}
	}
	if err := from.DeleteVersion(ctx, "greeting", 2); err != nil {
		fmt.Println(err)
	}
	report, err := transfer.Copy(ctx, from, to, transfer.Options{})
	fmt.Println(report.Copied, report.Gaps, report.Problems, err)
	fmt.Println(to.ListVersions(ctx, "greeting"))
	// Output:
	// 2 1 [] <nil>
	// [3 1] <nil>
}
