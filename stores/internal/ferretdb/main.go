// Command ferretdb is FerretDB, a server that speaks MongoDB's protocol and keeps
// its data in PostgreSQL, for the tests of the MongoDB driver. It is a
// module of its own, so that no driver depends on it. FerretDB's own command
// cannot be built from its module: it wants files that only its repository makes.
package main

import (
	"context"
	"flag"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	var config ferretdb.Config
	flag.StringVar(&config.Listener.TCP, "listen", "127.0.0.1:27017", "`address` to listen at")
	flag.StringVar(&config.PostgreSQLURL, "postgres", "", "keep the data in the database at `URL`")
	flag.Parse()
	config.Handler = "postgresql"
	config.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := ferretdb.New(&config)
	if err == nil {
		err = server.Run(ctx)
	}
	if err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
