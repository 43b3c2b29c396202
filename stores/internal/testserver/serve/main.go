// Command serve starts a database server as the tests do. It prints the connection
// string on one line, and ends the server when its standard input ends; or it runs
// a command for which the environment has the string, and ends with it:
//
//	serve postgres go test ./...
//
// It is for those who need such a server and are no test of this module.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
	url := start(starter{}).URL() // from here on the environment names it
	if len(os.Args) < 3 {
		fmt.Println(url)
		io.Copy(io.Discard, os.Stdin)
		return
	}
	command := exec.Command(os.Args[2], os.Args[3:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := command.Run()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		starter{}.Fatal(err)
	}
	os.Exit(command.ProcessState.ExitCode())
}
