// Command hot_reload is a small service that renders prompts and shows edits
// live: in its answers and in a page in the browser, without a restart.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore"
	_ "github.com/go-prompty/prompty/gitstore"
)

func main() {
	storage := flag.String("storage", "filesystem:./prompts", "where the prompts are: `DRIVER:CONNECTION`")
	address := flag.String("listen", "127.0.0.1:8080", "`ADDRESS` to serve on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *storage, *address, log.Default()); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, storage, address string, logger *log.Logger) error {
	driver, connection, _ := strings.Cut(storage, ":")
	store, err := prompty.OpenStorage(driver, connection)
	if err != nil {
		return err
	}
	prompts, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{
		Storage: store,
		// A broken edit: the version before it stays in service, and the log
		// says which line to mend.
		OnReloadError: func(err *prompty.ReloadError) { logger.Println(err) },
	})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	defer prompts.Close() // and the store with it
	stop := prompts.OnChange(func(b prompty.ChangeBatch) { logger.Println(describe(b)) })
	defer stop()

	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	logger.Printf("http://%s shows %s", listener.Addr(), storage)
	server := &http.Server{
		Handler:           newService(prompts),
		ReadHeaderTimeout: 5 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // so that streams end with it
	}
	ended := context.AfterFunc(ctx, func() { _ = server.Shutdown(context.Background()) })
	defer ended()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// describe is a batch for the log.
func describe(b prompty.ChangeBatch) string {
	if b.All {
		return "everything may have changed"
	}
	var parts []string
	for _, c := range b.Changes {
		parts = append(parts, fmt.Sprintf("%s %s", c.Name, c.Kind))
	}
	if b.Watch != nil && b.Watch.Degraded != "" {
		parts = append(parts, "changes may come late: "+b.Watch.Degraded)
	}
	return strings.Join(parts, ", ")
}
