// Command serve starts a database server as the tests do, prints its connection
// string on one line, and ends it when its standard input ends. It is for those
// who need such a server and are no test of this module, such as bench/cmd/dbbench.
package main

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/go-prompty/prompty/stores/internal/testserver"
)

// starter is the test that a server believes to be for.
type starter struct{ testing.TB }

func (starter) Helper() {}

func (starter) Skip(args ...any) { starter{}.Fatal(args...) }

func (starter) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}

func (starter) Fatalf(format string, args ...any) { starter{}.Fatal(fmt.Sprintf(format, args...)) }

func main() {
	start := map[string]func(testing.TB) *testserver.Server{
		"postgres": testserver.Postgres, "mysql": testserver.MariaDB, "redis": testserver.Redis,
		"mongodb": testserver.MongoDB, "dynamodb": testserver.DynamoDB,
	}[append(os.Args, "")[1]]
	if start == nil {
		starter{}.Fatal("say which: postgres, mysql, redis, mongodb or dynamodb")
	}
	fmt.Println(start(starter{}).URL())
	io.Copy(io.Discard, os.Stdin)
}
