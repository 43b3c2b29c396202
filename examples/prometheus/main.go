// Command prometheus renders the prompts of a folder over HTTP and tells
// Prometheus how their changes reach service.
//
//	go run . ./prompts localhost:8080
//	echo 'Hello {~prompty.var name="name" /~}' > prompts/greeting.prompty
//	curl 'localhost:8080/render/greeting?name=Ada'
//	curl localhost:8080/metrics
//
// It is a module of its own, so that prompty itself needs no monitoring client:
// metrics.go is all there is to it, and as short for OpenTelemetry or statsd.
package main

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/go-prompty/prompty"
	_ "github.com/go-prompty/prompty/fsstore"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: prometheus FOLDER ADDRESS")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(folder, address string) error {
	storage, err := prompty.OpenStorage("filesystem", folder)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	metrics, err := newWatchMetrics(registry)
	if err != nil {
		return errors.Join(err, storage.Close())
	}
	engine, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: storage, Metrics: metrics})
	if err != nil {
		return errors.Join(err, storage.Close())
	}
	err = http.ListenAndServe(address, handler(engine, registry))
	return errors.Join(err, engine.Close())
}

func handler(engine *prompty.StorageEngine, registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /render/{name...}", func(w http.ResponseWriter, r *http.Request) {
		data := make(map[string]any)
		for key, values := range r.URL.Query() {
			data[key] = values[0]
		}
		text, err := engine.Execute(r.Context(), r.PathValue("name"), data)
		switch {
		case errors.Is(err, prompty.ErrTemplateNotFound), errors.Is(err, prompty.ErrInvalidName):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprint(w, text)
		}
	})
	return mux
}
