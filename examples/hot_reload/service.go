package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

//go:embed page.html
var page []byte

// service answers with rendered prompts. It keeps nothing itself: the engine
// has each prompt compiled, and follows the storage.
type service struct {
	prompts *prompty.StorageEngine
}

func newService(prompts *prompty.StorageEngine) http.Handler {
	s := &service{prompts}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /prompts", s.list)
	mux.HandleFunc("POST /render/{name...}", s.render)
	mux.HandleFunc("GET /events", s.events)
	return mux
}

// list answers with the names there are, and with what is broken.
func (s *service) list(w http.ResponseWriter, r *http.Request) {
	list, err := s.prompts.List(r.Context(), nil)
	if err != nil {
		fail(w, err)
		return
	}
	answer := struct {
		Names  []string `json:"names"`
		Broken []string `json:"broken"`
	}{Names: []string{}, Broken: []string{}}
	for _, t := range list {
		answer.Names = append(answer.Names, t.Name)
	}
	for _, b := range s.prompts.Status().Broken {
		answer.Broken = append(answer.Broken, b.Error())
	}
	send(w, answer)
}

// render renders a prompt with the JSON object in the request, or with the
// prompt's own sample if that is empty.
func (s *service) render(w http.ResponseWriter, r *http.Request) {
	const most = 1 << 20
	name := r.PathValue("name")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	data := make(map[string]any)
	if len(body) == 0 {
		data = s.sample(r, name)
	} else if err := json.Unmarshal(body, &data); err != nil {
		http.Error(w, "the data is no JSON object: "+err.Error(), http.StatusBadRequest)
		return
	}
	text, err := s.prompts.Execute(r.Context(), name, data)
	if err != nil {
		fail(w, err)
		return
	}
	send(w, struct {
		Text string         `json:"text"`
		Data map[string]any `json:"data"`
	}{text, data})
}

// sample is the data that a prompt brings for previews.
func (s *service) sample(r *http.Request, name string) map[string]any {
	t, err := s.prompts.Get(r.Context(), name)
	if err != nil {
		return nil // Execute says why
	}
	if parsed, err := engine.MustNew(engine.Config{}).Parse(name, t.Source); err == nil && parsed.Header() != nil {
		return parsed.Header().Sample
	}
	return nil
}

// events is a stream of server-sent events, one a batch of changes. When the
// browser hears of a batch, render gives the new text. A browser that reads
// slowly gets fewer, merged batches.
func (s *service) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	batches := make(chan prompty.ChangeBatch)
	stop := s.prompts.OnChange(func(b prompty.ChangeBatch) {
		select {
		case batches <- b:
		case <-r.Context().Done():
		}
	})
	defer stop()
	// Browsers connect again by themselves; what they missed, this makes up for.
	fmt.Fprint(w, "retry: 1000\nevent: open\ndata: {}\n\n")
	for {
		if out.Flush() != nil {
			return
		}
		select {
		case b := <-batches:
			line, err := json.Marshal(b)
			if err != nil {
				return
			}
			fmt.Fprintf(w, "event: change\ndata: %s\n\n", line)
		case <-r.Context().Done():
			return
		}
	}
}

func send(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(answer)
}

// fail answers with what the caller can do something about: a name that is not
// there, or data that does not suit the prompt.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(err, prompty.ErrTemplateNotFound), errors.Is(err, prompty.ErrInvalidName):
		status = http.StatusNotFound
	case errors.Is(err, prompty.ErrClosed):
		status = http.StatusServiceUnavailable
	}
	http.Error(w, err.Error(), status)
}
